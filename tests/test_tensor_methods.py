"""Methods and functions of Tensor that are in no table: shapes, copies, places, printing."""

import copy
import pickle

import numpy as np
import pytest

import minigrad as mg


def test_a_shape_is_a_tuple_that_can_multiply():
    shape = mg.zeros(2, 3, 4).shape
    assert isinstance(shape, mg.Size)
    assert shape == (2, 3, 4)
    assert shape.numel() == 24
    assert shape[1:].numel() == 12
    assert mg.zeros(()).size().numel() == 1
    assert (shape[-1], str(shape)) == (4, "(2, 3, 4)")
    assert mg.zeros(2, 3, 4).size()[:2] == mg.Size([2, 3])
    assert copy.deepcopy(shape) == pickle.loads(pickle.dumps(shape)) == shape
    assert mg.zeros(shape).view(-1, shape[1:].numel()).shape == (2, 12)


def test_new_tensors_have_the_dtype_of_the_old():
    x = mg.zeros(2, dtype=mg.float64)
    for made, values in [
        (x.new_zeros(2, 1), [[0], [0]]),
        (x.new_zeros((2, 1)), [[0], [0]]),
        (x.new_ones(2), [1, 1]),
        (x.new_full((1, 2), 7), [[7, 7]]),
        (x.new_tensor([[1, 2]]), [[1, 2]]),
    ]:
        assert made.dtype == np.float64
        assert made.tolist() == values
    assert x.new_empty(3, 2).shape == (3, 2)
    assert x.new_ones(2, dtype=mg.int64, requires_grad=False).dtype == np.int64
    assert x.new_tensor(2, requires_grad=True).requires_grad
    data = np.ones(2)
    assert not np.shares_memory(x.new_tensor(data).data, data)


def test_facts_about_a_tensor():
    x = mg.zeros(2, 3)
    assert x.nelement() == mg.numel(x) == 6
    assert (x.is_floating_point(), x.long().is_floating_point()) == (True, False)
    assert (x.element_size(), x.double().element_size()) == (4, 8)
    assert x.T.is_contiguous()
    assert x.pin_memory() is x
    assert x.type_as(mg.tensor([1])).dtype == np.int64
    assert isinstance(x.dtype, mg.dtype)
    assert mg.finfo(mg.float32).eps == 2**-23
    assert mg.iinfo(mg.uint8).max == 255


def test_equal_and_allclose_give_one_bool():
    x = mg.tensor([1.0, 2.0])
    assert x.equal(x.clone()) is True
    assert mg.equal(x, mg.ones(2, 2)) is False
    assert x.allclose(x + 1e-9) is True
    assert mg.allclose(x, x + 1) is False
    nan = mg.tensor([float("nan")])
    assert not nan.equal(nan)
    assert nan.allclose(nan, equal_nan=True)


def test_masked_fill_and_scatter_write_in_place():
    x = mg.zeros(2, 3)
    memory = x.data
    assert x.masked_fill_(mg.tensor([True, False, True]), 5) is x
    assert x.tolist() == [[5, 0, 5]] * 2
    labels = mg.tensor([2, 0])
    assert x.zero_().scatter_(1, labels.unsqueeze(1), 1).tolist() == [[0, 0, 1], [1, 0, 0]]
    source = mg.tensor([[7.0, 8.0, 9.0], [4.0, 5.0, 6.0]])
    x.scatter_(1, mg.tensor([[0, 1], [1, 2]]), source)
    assert x.tolist() == [[7, 8, 1], [1, 4, 5]]
    assert x.data is memory


def test_nonzero_as_an_index():
    x = mg.tensor([[0.0, 2.0], [3.0, 0.0]])
    assert x[x.nonzero(as_tuple=True)].tolist() == [2, 3]
    assert x[mg.where(x > 2)].tolist() == [3]
    assert mg.zeros(2, 2).nonzero().shape == (0, 2)


def test_unique_and_bincount():
    x = mg.tensor([3, 1, 3])
    values, inverse, counts = x.unique(return_inverse=True, return_counts=True)
    assert (values.tolist(), inverse.tolist(), counts.tolist()) == ([1, 3], [1, 0, 1], [1, 2])
    assert mg.tensor([float("nan")] * 2).unique().shape == (2,)  # nan is not nan
    weights = mg.tensor([0.5, 1.0, 2.0])
    assert mg.bincount(x, weights).tolist() == [0, 1, 0, 2.5]
    assert mg.bincount(x, weights).dtype == np.float32
    assert mg.bincount(mg.LongTensor()).shape == (0,)


@pytest.fixture
def printing():
    yield
    mg.set_printoptions(profile="default")


def test_print_options(printing):
    x = mg.tensor([[1 / 3, 12345.678]])
    assert str(x).endswith("[[3.3333e-01 1.2346e+04]]")
    mg.set_printoptions(sci_mode=False)
    assert str(x).endswith("[[    0.3333 12345.678 ]]")
    mg.set_printoptions(precision=2)
    assert str(x).endswith("[[    0.33 12345.68]]")
    assert "0.3333," in str(x[0, 0])
    mg.set_printoptions(sci_mode=True)
    assert str(x).endswith("[[3.33e-01 1.23e+04]]")
    mg.set_printoptions(precision=1)
    assert str(x).endswith("[[3.3e-01 1.2e+04]]")
    mg.set_printoptions(profile="short", threshold=4, edgeitems=1)
    assert str(mg.arange(5)).endswith("[0 ... 4]")
    mg.set_printoptions(profile="full")
    assert "..." not in str(mg.zeros(1000))
    mg.set_printoptions(profile="default", linewidth=20)
    assert max(map(len, str(mg.arange(99)).splitlines()[1:])) <= 20


I = mg.arange(6).view(2, 3)
X = I.float()

ERRORS = [
    (lambda: X.equal([1]), TypeError, r"equal: expected a tensor, got list; x.eq\(other\)"),
    (lambda: X.isclose("a"), TypeError, "isclose: expected a tensor or a number, got str"),
    (lambda: X.isclose(mg.ones(2)), ValueError, r"isclose.*\(2, 3\).*\(2,\)"),
    (lambda: X.masked_select(I), TypeError, r"mask must hold booleans, got int64; write mask.bool"),
    (lambda: X.clone().masked_fill_(I, 0), TypeError, "masked_fill_: the mask must hold booleans"),
    (lambda: X.clone().masked_fill_(mg.ones(2).bool(), 0), ValueError,
     r"a mask of shape \(2,\) does not fit onto a tensor of shape \(2, 3\)"),
    (lambda: X.clone().scatter_(1, mg.tensor([[5]]), 1), IndexError,
     r"scatter_: index 5 is out of range, it must be 0..2"),
    (lambda: X.repeat_interleave(mg.tensor([1, 2]), 1), ValueError,
     "one for each of the 3 slices of axis 1"),
    (lambda: X.repeat_interleave(-1), ValueError, "repeats must be a whole number"),
    (lambda: X.unfold(1, 4, 1), ValueError, r"unfold: size must be from 1 to 3, .* got size=4"),
    (lambda: X.bincount(), ValueError, r"bincount: expected a vector .* x.flatten\(\).long\(\)"),
    (lambda: I[0].bincount(mg.ones(2)), ValueError, r"weights has shape \(2,\), the numbers \(3,"),
    (lambda: mg.ones(2, 2, 2).diag(), ValueError, r"diag: expected a vector or a matrix"),
    (lambda: mg.ones(2).trace(), ValueError, r"trace: expected a matrix, got shape \(2,\)"),
    (lambda: mg.ones(2).tril(), ValueError, r"tril: expected matrices .* got shape \(2,\)"),
    (lambda: mg.ones(2).triu(), ValueError, r"triu: expected matrices"),
    (lambda: X.outer(X), ValueError, r"outer: expected two vectors, got shapes \(2, 3\)"),
    (lambda: X.movedim((0, 1), 0), ValueError, "movedim: as many destinations as sources"),
    (lambda: mg.where(X > 1, X), TypeError, r"where: give both x and y, or neither"),
    (lambda: mg.meshgrid(X), ValueError, r"meshgrid: expected vectors, got Tensor of shape"),
    (lambda: mg.meshgrid(X[0], indexing="ji"), ValueError, '"ij" or "xy", got \'ji\''),
    (lambda: mg.set_printoptions(precision=-1), ValueError, "precision must be a whole number"),
    (lambda: mg.set_printoptions(profile="long"), ValueError, "one of default, short, full"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "text"), ERRORS)
def test_what_is_refused(call, error, text):
    with pytest.raises(error, match=text):
        call()
