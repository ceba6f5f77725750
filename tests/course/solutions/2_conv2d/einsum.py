"""Assignment 2 by einsum over a view of all windows."""

import numpy as np


def windows(padded, kh, kw, sh, sw):
    return np.lib.stride_tricks.sliding_window_view(padded, (kh, kw), (2, 3))[:, :, ::sh, ::sw]


def conv(x, w, b=None, *, stride, padding, dilation, groups, needs=(True, True, True)):
    padded = np.pad(x, ((0, 0), (0, 0), *padding))
    seen = windows(padded, *w.shape[2:], *stride)
    y = np.einsum("ncijpq,ocpq->noij", seen, w)
    if b is not None:
        y += b[None, :, None, None]

    def conv_backward(dy):
        dw = np.einsum("ncijpq,noij->ocpq", seen, dy)
        spread = np.einsum("noij,ocpq->ncijpq", dy, w)
        dpadded = np.zeros_like(padded)
        into = np.lib.stride_tricks.sliding_window_view(
            dpadded, w.shape[2:], (2, 3), writeable=True
        )[:, :, :: stride[0], :: stride[1]]
        for p in range(w.shape[2]):
            for q in range(w.shape[3]):
                into[..., p, q] += spread[..., p, q]
        (top, _), (left, _) = padding
        dx = dpadded[:, :, top : top + x.shape[2], left : left + x.shape[3]]
        return [dx, dw, None if b is None else np.einsum("noij->o", dy)]

    return y, conv_backward
