"""minigrad: a small deep-learning framework on NumPy, made to be read and stepped through."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

import numpy as _np

from . import accelerator, amp, backends, cuda, jit, nn
from .amp import autocast
from .creation import (
    FloatTensor,
    LongTensor,
    arange,
    as_tensor,
    empty,
    empty_like,
    eye,
    from_numpy,
    full,
    full_like,
    get_default_dtype,
    linspace,
    normal,
    ones,
    ones_like,
    rand,
    rand_like,
    randint,
    randn,
    randn_like,
    randperm,
    set_default_dtype,
    tensor,
    zeros,
    zeros_like,
)
from .device import device
from .functions import (
    abs,
    add,
    all,
    allclose,
    amax,
    amin,
    any,
    argmax,
    argmin,
    argsort,
    bernoulli,
    bincount,
    bmm,
    cat,
    ceil,
    chunk,
    clamp,
    clip,
    concat,
    concatenate,
    cos,
    cumsum,
    diag,
    diagonal,
    div,
    dot,
    einsum,
    eq,
    equal,
    erf,
    exp,
    flatten,
    flip,
    floor,
    gather,
    ge,
    gt,
    index_select,
    is_tensor,
    isclose,
    isfinite,
    isinf,
    isnan,
    le,
    log,
    log1p,
    log_softmax,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    logsumexp,
    lt,
    masked_fill,
    masked_select,
    matmul,
    max,
    maximum,
    mean,
    meshgrid,
    min,
    minimum,
    mm,
    movedim,
    mul,
    ne,
    neg,
    nonzero,
    norm,
    numel,
    one_hot,
    outer,
    permute,
    pow,
    prod,
    reciprocal,
    relu,
    repeat_interleave,
    reshape,
    roll,
    round,
    rsqrt,
    scatter_add,
    select,
    sigmoid,
    sign,
    sin,
    softmax,
    sort,
    split,
    sqrt,
    square,
    squeeze,
    stack,
    std,
    sub,
    sum,
    swapaxes,
    tanh,
    tile,
    topk,
    trace,
    transpose,
    tril,
    triu,
    unbind,
    unique,
    unsqueeze,
    var,
    where,
)
from .geometry import as_matrix, output_size
from .grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from .jit import compile
from .kernels.memory import keep_freed_memory as _keep_freed_memory
from .kernels.threads import get_num_threads, set_num_threads
from .methods.size import Size
from .methods.text import set_printoptions
from .names import missing as _missing
from .random import Generator, get_rng_state, manual_seed, set_rng_state
from .reach import receptive_field
from .serialization import load, save
from .summary import summary
from .tensor import Tensor, apply

_keep_freed_memory()

__version__ = "0.1.0"

float = float32 = _np.dtype("float32")
double = float64 = _np.dtype("float64")
long = int64 = _np.dtype("int64")
int = int32 = _np.dtype("int32")
uint8 = _np.dtype("uint8")
bool = _np.dtype("bool")
dtype, finfo, iinfo = _np.dtype, _np.finfo, _np.iinfo
inf, nan, pi = _np.inf, _np.nan, _np.pi

if _TYPE_CHECKING:
    from . import datasets, debug, filters, models, optim, plot, train, transforms, utils
    from .comparison import compare

_lacks = _missing(__name__)
_LATER = ("datasets", "debug", "filters", "models", "optim", "plot", "train", "transforms", "utils")


def __getattr__(name: str) -> object:
    """Load these parts when they are first used, so that `import minigrad` stays quick."""
    if name in _LATER:
        return _import_module(f".{name}", __name__)
    if name == "compare":
        return _import_module(".comparison", __name__).compare
    return _lacks(name)


__all__ = [
    "FloatTensor", "Generator", "LongTensor", "Size", "Tensor", "abs", "accelerator", "add", "all",
    "allclose", "amax", "amin", "amp", "any", "apply", "arange", "argmax", "argmin", "argsort",
    "as_matrix", "as_tensor", "autocast", "backends", "bernoulli", "bincount", "bmm", "bool",
    "cat", "ceil", "chunk", "clamp", "clip", "compare", "compile", "concat", "concatenate", "cos",
    "cuda", "cumsum", "datasets", "debug", "device", "diag", "diagonal", "div", "dot", "double",
    "dtype", "einsum", "empty", "empty_like", "enable_grad", "eq", "equal", "erf", "exp", "eye",
    "filters", "finfo", "flatten", "flip", "float", "float32", "float64", "floor", "from_numpy",
    "full", "full_like", "gather", "ge", "get_default_dtype", "get_num_threads", "get_rng_state",
    "gt", "iinfo", "index_select", "inf", "inference_mode", "int", "int32", "int64",
    "is_grad_enabled", "is_tensor", "isclose", "isfinite", "isinf", "isnan", "jit", "le",
    "linspace", "load", "log", "log1p", "log_softmax", "logical_and", "logical_not", "logical_or",
    "logical_xor", "logsumexp", "long", "lt", "manual_seed", "masked_fill", "masked_select",
    "matmul", "max", "maximum", "mean", "meshgrid", "min", "minimum", "mm", "models", "movedim",
    "mul", "nan", "ne", "neg", "nn", "no_grad", "nonzero", "norm", "normal", "numel", "one_hot",
    "ones", "ones_like", "optim", "outer", "output_size", "permute", "pi", "plot", "pow", "prod",
    "rand", "rand_like", "randint", "randn", "randn_like", "randperm", "receptive_field",
    "reciprocal", "relu", "repeat_interleave", "reshape", "roll", "round", "rsqrt", "save",
    "scatter_add", "select", "set_default_dtype", "set_grad_enabled", "set_num_threads",
    "set_printoptions", "set_rng_state", "sigmoid", "sign", "sin", "softmax", "sort", "split",
    "sqrt", "square", "squeeze", "stack", "std", "sub", "sum", "summary", "swapaxes", "tanh",
    "tensor", "tile", "topk", "trace", "train", "transforms", "transpose", "tril", "triu", "uint8",
    "unbind", "unique", "unsqueeze", "utils", "var", "where", "zeros", "zeros_like",
]  # fmt: skip
