"""How a Tensor shows itself, in a print and in a debugger: what it is, then its values."""

import sys
from typing import Any

import numpy as np

PLAIN = {"precision": 4, "threshold": 200, "edgeitems": 2, "linewidth": 100}
PROFILES = {
    "default": PLAIN,
    "short": {**PLAIN, "precision": 2},
    "full": {**PLAIN, "threshold": sys.maxsize},
}
OPTIONS: dict[str, Any] = dict(PLAIN)  # of np.printoptions

SAMPLE = 1_000_000  # statistics of a larger tensor are taken from about so many of its elements


def describe(x: np.ndarray, requires_grad: bool, made: str) -> str:
    """One line of facts, then the values as NumPy shortens them; a scalar's value comes first."""
    facts = [str(x.dtype)]
    if made:
        facts.append(f"by {made}")
    elif requires_grad:
        facts.append("requires_grad")
    if x.ndim == 0:
        value = f"{x.item():.{OPTIONS['precision'] + 2}g}" if x.dtype.kind == "f" else x.item()
        return f"Tensor({value}, {', '.join(facts)})"
    lead = f"Tensor {x.shape} {facts[0]}{statistics(x)}"
    rest = "".join(f", {fact}" for fact in facts[1:])
    with np.printoptions(**OPTIONS):
        return f"{lead}{rest}\n{x}"


def set_printoptions(
    precision: int | None = None,
    threshold: int | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """How tensors are printed from now on.

    `precision`: digits after the point. `threshold`: above so many elements only the `edgeitems`
    first and last of each axis are shown. `linewidth`: characters in a line. `profile`: "default",
    "short" or "full" sets them all first. `sci_mode`: powers of ten always (True), never (False),
    or where they are shorter (None).
    """
    if profile is not None:
        if profile not in PROFILES:
            raise ValueError(
                f"set_printoptions: profile must be one of {', '.join(PROFILES)}, got {profile!r}"
            )
        OPTIONS.update(PROFILES[profile], formatter=None, suppress=False)
    numbers = {"precision": precision, "threshold": threshold}
    numbers |= {"edgeitems": edgeitems, "linewidth": linewidth}
    given = {name: value for name, value in numbers.items() if value is not None}
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ValueError(
                f"set_printoptions: {name} must be a whole number of at least 0, got {value!r}"
            )
    OPTIONS.update(given)
    if sci_mode is not None:
        OPTIONS["suppress"] = not sci_mode
    powers = OPTIONS.get("formatter") if sci_mode is None else sci_mode
    number = f"{{:.{OPTIONS['precision']}e}}".format
    OPTIONS["formatter"] = {"float_kind": number} if powers else None


def statistics(x: np.ndarray) -> str:
    """Min, mean, max and the count of nan, in bounded time."""
    if x.size == 0 or x.dtype == bool:
        return ""
    about = ""
    if x.size > SAMPLE:
        x = x[tuple(slice(None, None, max(1, step)) for step in _steps(x.shape))]
        about = f" of {x.size} sampled"
    nans = int(np.count_nonzero(np.isnan(x)))
    numbers = x[~np.isnan(x)] if nans else x
    if numbers.size == 0:
        return f", all nan{about}"
    with np.errstate(all="ignore"):
        low, middle, high = numbers.min(), numbers.mean(dtype=np.float64), numbers.max()
    return f", min {low:.4g}, mean {middle:.4g}, max {high:.4g}, nan {nans}{about}"


def _steps(shape: tuple[int, ...]) -> list[int]:
    """Strides over the axes, first axis first, that leave about SAMPLE elements."""
    excess = -(-int(np.prod(shape)) // SAMPLE)
    steps = []
    for size in shape:
        step = min(size, excess)
        steps.append(step)
        excess = -(-excess // step)
    return steps
