"""How a Tensor shows itself, in a print and in a debugger: what it is, then its values."""

import numpy as np

SAMPLE = 1_000_000  # statistics of a larger tensor are taken from about so many of its elements


def describe(x: np.ndarray, requires_grad: bool, made: str) -> str:
    """One line of facts, then the values as NumPy shortens them; a scalar's value comes first."""
    facts = [str(x.dtype)]
    if made:
        facts.append(f"by {made}")
    elif requires_grad:
        facts.append("requires_grad")
    if x.ndim == 0:
        value = f"{x.item():.6g}" if x.dtype.kind == "f" else x.item()
        return f"Tensor({value}, {', '.join(facts)})"
    lead = f"Tensor {x.shape} {facts[0]}{statistics(x)}"
    rest = "".join(f", {fact}" for fact in facts[1:])
    with np.printoptions(threshold=200, edgeitems=2, precision=4, linewidth=100):
        return f"{lead}{rest}\n{x}"


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
