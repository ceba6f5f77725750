"""Large arrays are worked on in pieces and on threads; here the pieces are tiny."""

import numpy as np
import pytest
from cases import CASES
from numerical import as_tensors, backward_gradients

import minigrad as mg
from minigrad.kernels import blocks, conv, cutting, pieces, rows, threads
from minigrad.nn import functional as F

IN_PIECES = [
    c
    for c in CASES
    if any(word in c.name for word in ("conv", "pool", "_norm", "linear", "matmul"))
]


@pytest.fixture(
    params=[(1, "columns"), (2, "columns"), (1, "shifts"), (2, "shifts"), (1, "im2col")],
    ids=lambda param: f"{param[1]}, threads: {param[0]}",
)
def make_pieces_tiny(request, monkeypatch):
    before = mg.get_num_threads()
    number, way = request.param

    def tiny():
        monkeypatch.setattr(pieces, "way", way)
        monkeypatch.setattr(pieces, "FEWEST_LINES", 2)
        monkeypatch.setattr(cutting, "PIECE", 30)
        cutting.cut.cache_clear()
        monkeypatch.setattr(threads, "WORTH_WAKING", 0)
        monkeypatch.setattr(blocks, "BLOCK", 10)
        mg.set_num_threads(number)

    yield tiny
    mg.set_num_threads(before)
    cutting.cut.cache_clear()


@pytest.mark.parametrize("case", IN_PIECES, ids=str)
def test_pieces_fit_together(case, make_pieces_tiny):
    expected = backward_gradients(case.run, case.inputs)
    make_pieces_tiny()
    y = case.run(*as_tensors(case.inputs))
    np.testing.assert_allclose(y.data, case.expected(*case.inputs)[0], rtol=1e-10, atol=1e-12)
    for dx, e in zip(backward_gradients(case.run, case.inputs), expected, strict=True):
        np.testing.assert_allclose(dx, e, rtol=1e-10, atol=1e-12)


def test_infinity_on_a_thread_does_not_warn(make_pieces_tiny):
    make_pieces_tiny()
    x = np.full((4, 3, 8, 8), np.inf, np.float32)
    w = np.full((2, 3, 3, 3), 3e38, np.float32)
    backward_gradients(F.conv2d, [x, w])
    backward_gradients(lambda x: F.batch_norm(x, None, None, training=True), [x])
    backward_gradients(lambda x: F.avg_pool2d(x, 2), [x])


def test_other_byte_orders_are_converted():
    x, w = np.arange(32, dtype=">f4").reshape(1, 1, 4, 8), np.ones((1, 1, 3, 3), ">f4")
    y = F.conv2d(mg.Tensor(x), mg.Tensor(w))
    expected = F.conv2d(mg.Tensor(x.astype("f4")), mg.Tensor(w.astype("f4")))
    np.testing.assert_array_equal(y.data, expected.data)


@pytest.mark.parametrize(
    ("shape", "groups", "padding"), [((16, 16, 3, 3), 1, 1), ((16, 1, 5, 5), 16, 2)]
)
def test_where_the_lines_lie_already_nothing_is_copied(shape, groups, padding, monkeypatch):
    def copied(*_):
        raise AssertionError("copied")

    rng = np.random.default_rng(0)
    x = rows.from_rows(rng.standard_normal((1, 40, 16, 40, 64), np.float32), 2)
    w = rng.standard_normal(shape, np.float32)
    monkeypatch.setattr(pieces, "copy_runs", copied)
    with conv.algorithm("shifts"):
        backward_gradients(lambda x, w: F.conv2d(x, w, padding=padding, groups=groups), [x, w])


def test_an_algorithm_is_taken_within_the_block_only():
    before = pieces.way
    x, w = mg.ones(2, 20, 5, 300), mg.ones(20, 20, 1, 3)
    for way in pieces.WAYS:
        with conv.algorithm(way):
            assert pieces.way == way
            np.testing.assert_array_equal(F.conv2d(x, w).data, np.full((2, 20, 5, 298), 60))
        assert pieces.way == before


def test_an_unknown_algorithm_is_refused():
    with pytest.raises(
        ValueError, match=r"one of \('faster', 'shifts', 'columns', 'im2col'\), got 'fft'"
    ):
        conv.algorithm("fft").__enter__()
