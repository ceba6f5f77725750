"""Pooling. The stride defaults to the window's size; a batch axis may be missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...ops import pool as ops
from ...tensor import Tensor, apply
from .shapes import batched, sizes


def _max_pool(n: int) -> Callable[..., Tensor]:
    name = f"max_pool{n}d"

    def max_pool(
        input: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
    ) -> Tensor:
        x, single = batched(name, input, n)
        window = sizes(name, "kernel_size", kernel_size, n, 1)
        y = apply(
            ops.max_pool,
            x,
            kernel_size=window,
            stride=window if stride is None else sizes(name, "stride", stride, n, 1),
            padding=sizes(name, "padding", padding, n, 0),
            dilation=sizes(name, "dilation", dilation, n, 1),
            ceil_mode=ceil_mode,
        )
        return y[0] if single else y

    max_pool.__name__ = name
    max_pool.__doc__ = f"The largest value in each window of a {n + 2}-axis input (N, C, ...)."
    return max_pool


def _avg_pool(n: int) -> Callable[..., Tensor]:
    name = f"avg_pool{n}d"

    def avg_pool(
        input: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Tensor:
        x, single = batched(name, input, n)
        window = sizes(name, "kernel_size", kernel_size, n, 1)
        y = apply(
            ops.avg_pool,
            x,
            kernel_size=window,
            stride=window if stride is None else sizes(name, "stride", stride, n, 1),
            padding=sizes(name, "padding", padding, n, 0),
            ceil_mode=ceil_mode,
            count_include_pad=count_include_pad,
            divisor_override=divisor_override,
        )
        return y[0] if single else y

    avg_pool.__name__ = name
    avg_pool.__doc__ = f"The mean of each window of a {n + 2}-axis input (N, C, ...)."
    return avg_pool


def _adaptive_pool(n: int, op: Callable, kind: str) -> Callable[..., Tensor]:
    name = f"adaptive_{kind}_pool{n}d"

    def adaptive_pool(input: Tensor, output_size: Any) -> Tensor:
        x, single = batched(name, input, n)
        if 0 in x.shape[2:]:
            raise ValueError(f"{name}: there is nothing to pool in shape {input.shape}")
        asked = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * n
        kept = [x.shape[2 + i] if a is None and i < n else a for i, a in enumerate(asked)]
        out = sizes(name, "output_size", kept, n, 1)
        if op is ops.adaptive_avg_pool and set(out) == {1}:
            y = apply(ops.global_avg_pool, x)
        else:
            y = apply(op, x, output_size=out)
        return y[0] if single else y

    adaptive_pool.__name__ = name
    adaptive_pool.__doc__ = f"{kind} pooling to `output_size`; None keeps an axis as it is."
    return adaptive_pool


max_pool1d, max_pool2d, max_pool3d = map(_max_pool, (1, 2, 3))
avg_pool1d, avg_pool2d, avg_pool3d = map(_avg_pool, (1, 2, 3))
adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d = (
    _adaptive_pool(n, ops.adaptive_avg_pool, "avg") for n in (1, 2, 3)
)
adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d = (
    _adaptive_pool(n, ops.adaptive_max_pool, "max") for n in (1, 2, 3)
)
