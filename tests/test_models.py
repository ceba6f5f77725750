import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.models import MODELS, ResidualBlock, build, lenet5, mnist_cnn
from minigrad.nn import functional as F


@pytest.mark.parametrize(
    ("name", "channels", "size", "parameters"),
    [
        ("mlp", 1, 28, 784 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10),
        ("lenet5", 1, 28, 61_706),  # the number found in every course
        ("lenet5", 1, 32, 61_706),
        ("mnist_cnn", 1, 28, 1_199_882),  # as PyTorch's example
        ("resnet20", 3, 32, 269_722),  # "0.27M", table 6 of the paper
        (
            "mobilenet_tiny",
            3,
            32,
            (27 * 32 + 2 * 32)
            + sum(
                9 * c + 2 * c + c * d + 2 * d
                for c, d in [(32, 64), (64, 128), (128, 128), (128, 256), (256, 256)]
            )
            + 2570,
        ),
    ],
)
def test_the_number_of_parameters(name, channels, size, parameters):
    model = build(name, channels, 10, size)
    assert sum(p.numel() for p in model.parameters()) == parameters


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("channels", "size", "classes"), [(1, 8, 10), (3, 32, 4), (1, 28, 2)])
def test_logits_and_gradients_at_every_size(name, channels, size, classes):
    model = build(name, channels, classes, size)
    logits = model(mg.randn(2, channels, size, size))
    assert logits.shape == (2, classes)
    F.cross_entropy(logits, mg.tensor([0, 1])).backward()
    assert all(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize("size", range(4, 41))
def test_lenet_fits_every_image_size(size):
    assert lenet5(1, 10, size)(mg.zeros(1, 1, size, size)).shape == (1, 10)


@pytest.mark.parametrize("size", range(6, 20))
def test_mnist_cnn_fits_every_image_size(size):
    assert mnist_cnn(1, 10, size)(mg.zeros(1, 1, size, size)).shape == (1, 10)


def test_lenet_for_the_digits_halves_8_to_4_to_2():
    model = lenet5(1, 10, 8)
    sides = []
    for layer in model:
        layer.register_forward_hook(lambda layer, inputs, output: sides.append(output.shape[2:]))
    model(mg.zeros(1, 1, 8, 8))
    assert sides[:6] == [(8, 8), (8, 8), (4, 4), (4, 4), (4, 4), (2, 2)]


def test_a_residual_block_of_zero_kernels_passes_its_input():
    """Option A: every second pixel, and zeros in the new channels."""
    block = ResidualBlock(2, 4, stride=2).eval()
    for conv in (block.conv1, block.conv2):
        nn.init.zeros_(conv.weight)
    x = np.arange(32, dtype=np.float32).reshape(1, 2, 4, 4)
    expected = np.zeros((1, 4, 2, 2), np.float32)
    expected[0, :2] = x[0, :, [0, 2]][:, :, [0, 2]].transpose(1, 0, 2)
    assert np.array_equal(block(mg.tensor(x)).detach(), expected)


def test_resnet_starts_with_he_initialisation():
    mg.manual_seed(0)
    conv = build("resnet20", 3, 10, 32).get_submodule("11.conv2")
    assert conv.weight.data.std() == pytest.approx(np.sqrt(2 / (9 * 64)), rel=0.02)


def test_wrong_names_and_sizes_are_refused():
    with pytest.raises(ValueError, match=r"name must be one of 'mlp'.*did you mean 'lenet5'"):
        build("lenet", 1, 10, 28)
    with pytest.raises(ValueError, match="lenet5: image_size must be at least 4, got 3"):
        lenet5(1, 10, 3)
    with pytest.raises(ValueError, match="mnist_cnn: image_size must be at least 6, got 5"):
        mnist_cnn(1, 10, 5)
