"""Products of matrices."""

import numpy as np

from ..kernels.product import matmul as matrix_product
from ..kernels.threads import one_blas_thread
from .broadcast import broadcast_shapes, unbroadcast


def matmul(x, y, *, needs=(True, True)):
    """Matrix product over the last two axes; leading axes broadcast, vectors as in NumPy."""
    # <solution: z, the product>
    _check_matmul(x, y)
    z = matrix_product(x, y)
    saved_x, saved_y = x if needs[1] else None, y if needs[0] else None
    x_shape, y_shape = x.shape, y.shape
    # </solution>

    def matmul_backward(dz):
        # <solution: dx and dy, the gradients of x and y; dz is that of z>
        if len(x_shape) == 1:
            dz = np.expand_dims(dz, -2 if len(y_shape) > 1 else -1)
        if len(y_shape) == 1:
            dz = np.expand_dims(dz, -1)
        dx = dy = None
        if needs[0]:
            columns = saved_y[:, None] if len(y_shape) == 1 else saved_y
            dx = unbroadcast(
                matrix_product(dz, np.swapaxes(columns, -1, -2)), _as_row(x_shape)
            ).reshape(x_shape)
        if needs[1]:
            rows = saved_x[None, :] if len(x_shape) == 1 else saved_x
            dy = unbroadcast(
                matrix_product(np.swapaxes(rows, -1, -2), dz), _as_column(y_shape)
            ).reshape(y_shape)
        # </solution>
        return dx, dy

    return z, matmul_backward


def _as_row(shape):
    return (1, *shape) if len(shape) == 1 else shape


def _as_column(shape):
    return (*shape, 1) if len(shape) == 1 else shape


def _check_matmul(x, y):
    if x.ndim == 0 or y.ndim == 0:
        raise ValueError(
            f"matmul: both operands need at least one axis, got {x.shape} and {y.shape}; "
            "write x * y for a number"
        )
    inner = y.shape[-2] if y.ndim > 1 else y.shape[0]
    if x.shape[-1] != inner:
        raise ValueError(
            f"matmul: {x.shape} @ {y.shape}: the last axis of the left operand ({x.shape[-1]}) "
            f"must equal the second-to-last of the right one ({inner})"
        )
    if x.ndim > 2 and y.ndim > 2 and x.shape[:-2] != y.shape[:-2]:
        broadcast_shapes("matmul, axes before the last two", x=x.shape[:-2], y=y.shape[:-2])
    _same_dtype("matmul", x, y)


def _same_dtype(op, x, y):
    if x.dtype != y.dtype:
        raise TypeError(
            f"{op}: operands of dtype {x.dtype} and {y.dtype}; convert one, "
            f"for example y.to(minigrad.{x.dtype})"
        )


def linear(x, w, b=None, *, needs=(True, True, True)):
    """Return x @ w.T + b. x is (..., in), w is (out, in) as PyTorch stores it, b is (out,)."""
    if w.ndim != 2:
        raise ValueError(f"linear: weight must be (out_features, in_features), got shape {w.shape}")
    out_features, in_features = w.shape
    if x.ndim == 0 or x.shape[-1] != in_features:
        raise ValueError(
            f"linear: input has {x.shape[-1] if x.ndim else 0} features (shape {x.shape}), "
            f"the weight expects {in_features} (shape {w.shape})"
        )
    if x.dtype != w.dtype:
        raise TypeError(
            f"linear: input is {x.dtype}, the weight {w.dtype}; write x.to(minigrad.{w.dtype})"
        )
    if b is not None and b.shape != (out_features,):
        raise ValueError(
            f"linear: bias must have one value for each of the {out_features} output features, "
            f"got shape {b.shape}"
        )
    rows = x.reshape(-1, in_features)  # (..., in) -> (rows, in)
    # With the weights in front a product takes an eighth less, and the batch lies innermost.
    y = matrix_product(w, rows.T).T if x.ndim == 2 else matrix_product(rows, w.T)
    if b is not None:
        y += b
    x_shape = x.shape
    saved_x, saved_w = rows if needs[1] else None, w if needs[0] else None
    columns_first = rows.flags.f_contiguous and not rows.flags.c_contiguous

    def linear_backward(dy):
        dy = dy.reshape(-1, out_features)  # (..., out) -> (rows, out)
        dx = None
        if needs[0]:  # it lies in memory as x does
            dx = matrix_product(saved_w.T, dy.T).T if columns_first else matrix_product(dy, saved_w)
            dx = dx.reshape(x_shape)
        dw = matrix_product(dy.T, saved_x) if needs[1] else None
        db = np.sum(dy, axis=0) if needs[2] else None
        return dx, dw, db

    return y.reshape(*x_shape[:-1], out_features), linear_backward


def einsum(*arrays, equation, needs=()):
    """Einstein's summation, such as "ij,jk->ik". Explicit output, no repeated letter in a term.

    The gradient of an operand is an einsum too: the result's gradient with all other operands,
    summed to the operand's letters.
    """
    terms, output = _parse_einsum(equation, arrays)
    sizes = _letter_sizes(equation, terms, arrays)
    for x in arrays[1:]:
        _same_dtype("einsum", arrays[0], x)

    y = _einsum(f"{','.join(terms)}->{output}", *arrays)
    if sum(needs) == 1:  # keep what is needed: not the operand itself
        arrays = [None if needed else x for x, needed in zip(arrays, needs, strict=True)]

    def einsum_backward(dy):
        return tuple(
            _einsum_gradient(i, dy, arrays, terms, output, sizes) if needed else None
            for i, needed in enumerate(needs)
        )

    return y, einsum_backward


def _einsum_gradient(i, dy, arrays, terms, output, sizes):
    others = [(terms[j], arrays[j]) for j in range(len(arrays)) if j != i]
    known = set(output).union(*(term for term, _ in others))
    for letter in terms[i]:
        if letter not in known:  # summed from this operand alone: its gradient is repeated
            others.append((letter, np.ones(sizes[letter], dy.dtype)))
    left = ",".join([output, *(term for term, _ in others)])
    return _einsum(f"{left}->{terms[i]}", dy, *(a for _, a in others))


def _einsum(equation, *arrays):
    with one_blas_thread():
        return np.einsum(equation, *arrays, optimize=True)


def _letter_sizes(equation, terms, arrays):
    sizes = {}
    for term, array in zip(terms, arrays, strict=True):
        for letter, size in zip(term, array.shape, strict=True):
            if sizes.setdefault(letter, size) != size:
                raise ValueError(
                    f"einsum: {equation!r}: {letter!r} is {sizes[letter]} in one operand "
                    f"and {size} in another"
                )
    return sizes


def _parse_einsum(equation, arrays):
    left, arrow, output = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if not "".join([*terms, output]).isalpha():
        raise ValueError(f"einsum: {equation!r}: name every axis by a letter, '...' is not taken")
    if not arrow:
        output = "".join(sorted(c for c in set(left) - {","} if left.count(c) == 1))
    if len(terms) != len(arrays):
        raise ValueError(f"einsum: {equation!r} names {len(terms)} operands, got {len(arrays)}")
    for term, array in zip(terms, arrays, strict=True):
        if len(set(term)) < len(term):
            raise ValueError(f"einsum: {equation!r}: a letter stands twice in {term!r}")
        if len(term) != array.ndim:
            raise ValueError(
                f"einsum: {equation!r}: {term!r} has {len(term)} letters, "
                f"the operand has shape {array.shape}"
            )
    unknown = set(output) - set(left)
    if unknown or len(set(output)) < len(output):
        raise ValueError(
            f"einsum: {equation!r}: each letter of the output must stand once and in an operand"
        )
    return terms, output
