"""Images keep the batch innermost in memory through a net, and so do their gradients.

One op that lets go of that order makes all that follow slower, and changes no value.
"""

import numpy as np
import pytest

import minigrad as mg

F = mg.nn.functional

OPS = {
    "conv2d": lambda x: F.conv2d(x, mg.ones(4, 4, 3, 3), padding=1),
    "conv2d strided": lambda x: F.conv2d(x, mg.ones(4, 4, 3, 3), stride=2),
    "conv2d depthwise": lambda x: F.conv2d(x, mg.ones(4, 1, 3, 3), groups=4),
    "conv_transpose2d": lambda x: F.conv_transpose2d(x, mg.ones(4, 4, 2, 2), stride=2),
    "batch_norm": lambda x: F.batch_norm(x, None, None, training=True),
    "max_pool2d": lambda x: F.max_pool2d(x, 2),
    "avg_pool2d": lambda x: F.avg_pool2d(x, 2),
    "interpolate": lambda x: F.interpolate(x, scale_factor=2),
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "sigmoid": mg.sigmoid,
    "tanh": mg.tanh,
    "gelu": F.gelu,
    "dropout": lambda x: F.dropout(x, 0.5),
    "add": lambda x: x + x,
    "gate": lambda x: x * x.mean((2, 3), keepdim=True),
    "scale": lambda x: 2 * x + 1,
    "pad": lambda x: F.pad(x, (1, 1, 0, 2)),
    "crop": lambda x: F.pad(x, (-1, 0, 0, -2)),
    "slice": lambda x: x[:, :2, ::2, 1:],
    "flip": lambda x: x.flip(3),
    "concatenate": lambda x: mg.concatenate([x, x], dim=1),
    "chunk": lambda x: x.chunk(2, dim=1)[1],
    "flatten": lambda x: x.flatten(1),
    "unfold channels": lambda x: x.reshape(len(x), 2, 2, *x.shape[2:]),
}


@pytest.mark.parametrize("name", OPS)
def test_an_op_keeps_the_order_in_memory(name):
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((40, 4, 40, 20), np.float32)  # (H, C, W, N)
    x = mg.from_numpy(rows.transpose(3, 1, 0, 2)).requires_grad_() * 1
    gradients = []
    x.register_hook(gradients.append)
    y = OPS[name](x)
    assert _images_are_innermost(y.data)
    y.backward(mg.ones_like(y))
    assert _images_are_innermost(gradients[0].data)


def _images_are_innermost(x):
    return x.strides[0] == x.itemsize
