"""Filling parameters with their first values.

Every function writes into the tensor in place, outside of any graph, and returns it; an array,
such as `m.weight.data`, does as well. Chance comes from the stream "init" of
`minigrad.manual_seed`, drawn in float32.

fan_in is the number of inputs that one output value sums over, fan_out the number of outputs that
one input value feeds: for a weight (O, I, *K) they are I * prod(K) and O * prod(K).
"""

from __future__ import annotations

import math

import numpy as np

from ..names import tell_missing as _tell_missing
from ..random import generator
from ..tensor import Tensor
from ..writes import written
from .arguments import choice
from .parameter import Parameter

GAINS = {
    "linear": 1.0,
    "conv1d": 1.0,
    "conv2d": 1.0,
    "conv3d": 1.0,
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 3 / 4,
}


def _write(tensor: Tensor, values: np.ndarray | float, how: str) -> Tensor:
    if not isinstance(tensor, (Tensor, np.ndarray)):
        edit = "; with bias=False a layer's bias is None: ask `if m.bias is not None`"
        raise TypeError(
            f"nn.init: expected a Tensor, got {type(tensor).__name__}{edit * (tensor is None)}"
        )
    array = tensor.data if isinstance(tensor, Tensor) else tensor  # scripts give m.weight.data
    array[...] = values
    written(array, "nn.init")
    if isinstance(tensor, Parameter):
        tensor.init = how
    return tensor


def _uniform(tensor: Tensor, low: float, high: float, how: str) -> Tensor:
    draws = generator("init").random(tensor.shape, dtype=np.float32)
    return _write(tensor, low + (high - low) * draws, how)


def _normal(tensor: Tensor, mean: float, std: float, how: str) -> Tensor:
    draws = generator("init").standard_normal(tensor.shape, dtype=np.float32)
    return _write(tensor, mean + std * draws, how)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one value."""
    return _write(tensor, val, f"constant_({val:g})")


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with 0."""
    return _write(tensor, 0.0, "zeros_()")


def ones_(tensor: Tensor) -> Tensor:
    """Fill with 1."""
    return _write(tensor, 1.0, "ones_()")


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0) -> Tensor:
    """Draw evenly from a to b."""
    if a > b:
        raise ValueError(f"uniform_: a={a} is greater than b={b}")
    return _uniform(tensor, a, b, f"uniform_({a:g}, {b:g})")


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """Draw from the normal distribution."""
    if std < 0:
        raise ValueError(f"normal_: std must not be negative, got {std}")
    return _normal(tensor, mean, std, f"normal_({mean:g}, {std:g})")


def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0
) -> Tensor:
    """Draw from the normal distribution, and draw anew what falls outside of a..b.

    `a` and `b` are values, not multiples of `std`.
    """
    if not a < b or std <= 0 or not (mean - 4 * std < b and a < mean + 4 * std):
        raise ValueError(
            f"trunc_normal_: a={a} .. b={b} must be an interval that mean={mean}, std={std} "
            "reaches within 4 std"
        )
    draws = mean + std * generator("init").standard_normal(tensor.shape, dtype=np.float32)
    while (outside := (draws < a) | (draws > b)).any():
        again = generator("init").standard_normal(int(outside.sum()), dtype=np.float32)
        draws[outside] = mean + std * again
    return _write(tensor, draws, f"trunc_normal_({mean:g}, {std:g}, {a:g}, {b:g})")


def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with ones on the diagonal and zeros elsewhere."""
    if tensor.ndim != 2:
        raise ValueError(f"eye_: expected 2 dimensions, got shape {tensor.shape}")
    return _write(tensor, np.eye(tensor.shape[0], tensor.shape[1]), "eye_()")


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill a conv weight (O, I, *K) so that the conv passes its channels on unchanged.

    Within each group, output channel i copies input channel i while there is one.
    """
    if tensor.ndim not in (3, 4, 5):
        raise ValueError(f"dirac_: expected a conv weight (O, I, *K), got shape {tensor.shape}")
    out_channels, in_channels, *kernel = tensor.shape
    if groups < 1 or out_channels % groups:
        raise ValueError(f"dirac_: {out_channels} outputs do not divide into {groups} groups")
    per_group = out_channels // groups
    values = np.zeros(tensor.shape)
    middle = tuple(k // 2 for k in kernel)
    for o in range(out_channels):
        if o % per_group < in_channels:
            values[(o, o % per_group, *middle)] = 1
    return _write(tensor, values, "dirac_()")


def fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """How many inputs one output sums over, and how many outputs one input feeds."""
    # <solution: the pair (fan_in, fan_out)>
    if tensor.ndim < 2:
        raise ValueError(
            f"nn.init: fan_in and fan_out need 2 dimensions or more, got shape {tensor.shape}; "
            "initialise biases with zeros_ or constant_"
        )
    out_features, in_features, *kernel = tensor.shape
    return in_features * math.prod(kernel), out_features * math.prod(kernel)
    # </solution>


_calculate_fan_in_and_fan_out = fan_in_and_fan_out  # PyTorch's name, which scripts import


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor that makes up for what a nonlinearity takes from the standard deviation.

    `param` is the negative slope of "leaky_relu", 0.01 if not given.

    >>> round(nn.init.calculate_gain("relu"), 4)  # sqrt(2)
    1.4142
    """
    # <solution: the gain, a number>
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        return math.sqrt(2 / (1 + slope**2))
    return GAINS[choice("calculate_gain", "nonlinearity", nonlinearity, [*GAINS, "leaky_relu"])]
    # </solution>


def xavier_uniform_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Uniform with variance gain^2 * 2 / (fan_in + fan_out).

    Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks,
    2010, section 4.2.1.
    """
    # <solution: tensor.data, filled anew; return the tensor>
    std, how = _xavier(tensor, gain)
    bound = math.sqrt(3) * std  # a uniform of -b..b has the variance b^2 / 3
    return _uniform(tensor, -bound, bound, f"xavier_uniform_({how})")
    # </solution>


def xavier_normal_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Normal with variance gain^2 * 2 / (fan_in + fan_out), as `xavier_uniform_`."""
    # <solution: tensor.data, filled anew; return the tensor>
    std, how = _xavier(tensor, gain)
    return _normal(tensor, 0.0, std, f"xavier_normal_({how})")
    # </solution>


def _xavier(tensor: Tensor, gain: float) -> tuple[float, str]:
    fan_in, fan_out = fan_in_and_fan_out(tensor)
    return gain * math.sqrt(2 / (fan_in + fan_out)), f"fan_in={fan_in}, fan_out={fan_out}"


def kaiming_uniform_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu"
) -> Tensor:
    """Uniform with variance gain^2 / fan, for nets of relu; also called He initialisation.

    `a` is the negative slope of a leaky relu (0: plain relu), `mode` says whether the forward pass
    ("fan_in") or the backward pass ("fan_out") keeps its variance.
    He et al., Delving deep into rectifiers, 2015, section 2.2.
    """
    # <solution: tensor.data, filled anew; return the tensor>
    std, how = _kaiming(tensor, a, mode, nonlinearity)
    bound = math.sqrt(3) * std
    return _uniform(tensor, -bound, bound, f"kaiming_uniform_({how})")
    # </solution>


def kaiming_normal_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu"
) -> Tensor:
    """Normal with variance gain^2 / fan, as `kaiming_uniform_`.

    >>> weight = mg.empty(1000, 50)
    >>> round(nn.init.kaiming_normal_(weight).std().item(), 2)  # sqrt(2 / 50)
    0.2
    """
    # <solution: tensor.data, filled anew; return the tensor>
    std, how = _kaiming(tensor, a, mode, nonlinearity)
    return _normal(tensor, 0.0, std, f"kaiming_normal_({how})")
    # </solution>


def _kaiming(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> tuple[float, str]:
    fans = dict(zip(("fan_in", "fan_out"), fan_in_and_fan_out(tensor), strict=True))
    fan = fans[choice("kaiming init", "mode", mode, fans)]
    gain = calculate_gain(nonlinearity, a)
    return gain / math.sqrt(fan), f"{mode}={fan}, gain={gain:.3g}"


he_uniform_, he_normal_ = kaiming_uniform_, kaiming_normal_


def default_(weight: Tensor, bias: Tensor | None) -> None:
    """Fill the weight and bias of a Linear or Conv as PyTorch does: uniform ±1 / sqrt(fan_in).

    For the weight that is kaiming_uniform_ with a = sqrt(5), whose gain is 1 / sqrt(3).
    """
    kaiming_uniform_(weight, a=math.sqrt(5))
    if bias is not None:
        bound = 1 / math.sqrt(fan_in_and_fan_out(weight)[0])
        uniform_(bias, -bound, bound)


def orthogonal_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Orthonormal rows (columns, if there are more rows) times `gain`, of the weight as a matrix.

    A weight (O, I, *K) counts as a matrix (O, I * prod(K)). Saxe et al., Exact solutions to the
    nonlinear dynamics of learning in deep linear neural networks, 2013.
    """
    if tensor.ndim < 2:
        raise ValueError(f"orthogonal_: expected 2 dimensions or more, got shape {tensor.shape}")
    rows, columns = tensor.shape[0], math.prod(tensor.shape[1:])
    draws = generator("init").standard_normal((rows, columns), dtype=np.float32)
    q, r = np.linalg.qr(draws if rows >= columns else draws.T)
    q = q * np.sign(np.diag(r))  # makes every orthogonal matrix equally likely
    q = q if rows >= columns else q.T
    return _write(tensor, gain * q.reshape(tensor.shape), f"orthogonal_(gain={gain:g})")


_tell_missing(__name__)
