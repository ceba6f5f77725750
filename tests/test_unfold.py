"""F.unfold and F.fold, the im2col of lectures, and their layers."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn
from minigrad.nn import functional as F


@given(st.data())
def test_a_convolution_is_a_product_with_columns(data):
    def draw(low, high):
        return data.draw(st.integers(low, high))

    kernel, stride, dilation = ((draw(1, 3), draw(1, 3)) for _ in range(3))
    padding = draw(0, 2), draw(0, 2)
    size = [d * (k - 1) + 1 + draw(0, 4) for k, d in zip(kernel, dilation, strict=True)]
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    rng = np.random.default_rng(0)
    x = mg.tensor(rng.standard_normal((2, 3, *size)))
    weight = mg.tensor(rng.standard_normal((4, 3, *kernel)))
    expected = F.conv2d(x, weight, **options)
    columns = F.unfold(x, kernel, **options)
    assert columns.shape == (2, 3 * kernel[0] * kernel[1], expected.shape[2:].numel())
    product = weight.view(4, -1) @ columns
    np.testing.assert_allclose(product.view(*expected.shape).data, expected.data, atol=1e-12)
    # fold is unfold's transpose: <unfold(x), y> = <x, fold(y)>
    y = mg.tensor(rng.standard_normal(columns.shape))
    left, right = (columns * y).sum(), (x * F.fold(y, size, kernel, **options)).sum()
    assert left.item() == pytest.approx(right.item(), abs=1e-9)


def test_fold_of_unfold_counts_how_often_a_pixel_is_seen():
    ones = mg.ones(1, 1, 4, 4)
    seen = F.fold(F.unfold(ones, 3), (4, 4), 3)
    rows = [1, 2, 2, 1]
    assert seen[0, 0].tolist() == [[a * b for b in rows] for a in rows]


def test_the_layers():
    x = mg.randn(2, 3, 5, 6)
    unfold, fold = nn.Unfold((2, 3), padding=1, stride=2), nn.Fold((5, 6), (2, 3), 1, 1, 2)
    assert str(unfold) == "Unfold(kernel_size=(2, 3), dilation=1, padding=1, stride=2)"
    assert str(fold) == (
        "Fold(output_size=(5, 6), kernel_size=(2, 3), dilation=1, padding=1, stride=2)"
    )
    columns = unfold(x)
    assert columns.equal(F.unfold(x, (2, 3), padding=1, stride=2))
    assert fold(columns).equal(F.fold(columns, (5, 6), (2, 3), padding=1, stride=2))


def test_cosine_similarity_as_a_layer():
    x, y = mg.tensor([[3.0, 4.0], [1.0, 0.0]]), mg.tensor([[6.0, 8.0], [0.0, -2.0]])
    assert nn.CosineSimilarity()(x, y).tolist() == pytest.approx([1, 0])
    assert nn.CosineSimilarity(dim=0)(x, -x).tolist() == pytest.approx([-1, -1])
    assert F.cosine_similarity(x * 0, y).tolist() == [0, 0]


ERRORS = [
    (lambda: F.unfold(mg.ones(4, 4), 2), r"unfold: expected an input of 4 axes .* \(4, 4\)"),
    (lambda: F.unfold(mg.ones(1, 1, 2, 4), 3), r"unfold: the kernel covers 3 positions"),
    (lambda: F.unfold(mg.ones(1, 1, 4, 4), (2, 2, 2)), r"unfold: kernel_size must be .* 2 of them"),
    (lambda: F.fold(mg.ones(1, 9, 5), (4, 4), 3),
     r"expected an input \(N, C \* 9, 2 \* 2\).*image of \(4, 4\), got shape \(1, 9, 5\)"),
    (lambda: F.fold(mg.ones(1, 8, 4), (4, 4), 3), r"got shape \(1, 8, 4\); are stride, padding"),
    (lambda: F.fold(mg.ones(9), (4, 4), 3), r"fold: expected an input \(N, C \* kh \* kw, L\)"),
    (lambda: nn.Fold(0, 3), "Fold: output_size must be a whole number of at least 1"),
    (lambda: nn.Unfold(3, stride=0), "Unfold: stride must be a whole number of at least 1"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "text"), ERRORS)
def test_what_is_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call()


def test_columns_are_in_the_order_of_the_weights():
    x = mg.arange(18.0).view(1, 2, 3, 3)
    first = F.unfold(x, 2)[0, :, 0].tolist()
    window = itertools.product(range(2), range(2), range(2))
    assert first == [x[0, c, i, j].item() for c, i, j in window]
