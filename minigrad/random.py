"""All chance in one place: `manual_seed(n)` fixes it.

Each use of chance has a stream of its own, so that one more layer to initialise does not change
the order in which the training images come.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

STREAMS = ("init", "shuffle", "dropout", "augment", "sample")

_generators: dict[str, np.random.Generator] = {}


def manual_seed(seed: int) -> None:
    """Start every stream anew from `seed`: same seed, same numbers.

    >>> mg.manual_seed(0)
    >>> first = mg.rand(3)
    >>> mg.manual_seed(0)
    >>> mg.allclose(mg.rand(3), first)
    True
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise TypeError(f"manual_seed: seed must be an int, got {seed!r}")
    for stream in STREAMS:
        entropy = [int(seed) % 2**64, zlib.crc32(stream.encode())]
        _generators[stream] = np.random.Generator(np.random.PCG64(entropy))


def _streams() -> dict[str, np.random.Generator]:
    """The generators; without a `manual_seed` before, seeded by the operating system."""
    if not _generators:
        manual_seed(int(np.random.SeedSequence().generate_state(1, np.uint64)[0]))
    return _generators


def generator(stream: str) -> np.random.Generator:
    """The NumPy generator of one stream: "init", "shuffle", "dropout", "augment" or "sample"."""
    try:
        return _streams()[stream]
    except KeyError:
        streams = ", ".join(STREAMS)
        raise ValueError(f"generator: no stream {stream!r}; choose from {streams}") from None


def get_rng_state() -> dict[str, Any]:
    """The state of every stream as plain numbers and strings, fit for JSON."""
    return {stream: _streams()[stream].bit_generator.state for stream in STREAMS}


def set_rng_state(state: dict[str, Any]) -> None:
    """Go on exactly where `get_rng_state` was taken."""
    if set(state) != set(STREAMS):
        raise ValueError(f"set_rng_state: expected the streams {STREAMS}, got {sorted(state)}")
    for stream in STREAMS:
        _streams()[stream].bit_generator.state = state[stream]


class Generator:
    """A source of chance of its own, for `DataLoader(generator=...)` and `random_split`.

    `.numpy` is the NumPy generator behind it.
    """

    def __init__(self) -> None:
        self.numpy = np.random.default_rng()

    def manual_seed(self, seed: int) -> Generator:
        """Start anew from `seed`; returns itself, so that it can be chained."""
        self.numpy = np.random.default_rng(seed)
        return self
