"""Every case of the table: the value against its formula, the gradient against differences."""

import numpy as np
import pytest
from cases import CASES, CASES_WITHOUT_GRADIENT
from numerical import (
    as_tensors,
    backward_gradients,
    check_gradients,
    cotangents,
    is_float,
    numerical_gradient,
    outputs,
)

import minigrad as mg

every_case = pytest.mark.parametrize("case", CASES, ids=str)


def values(result):
    return [y.data for y in outputs(result)]


def assert_close(found, expected, rtol=1e-10, atol=1e-12):
    assert len(found) == len(expected)
    for y, e in zip(found, expected, strict=True):
        if e is None:
            assert y is None
        else:
            assert y.shape == e.shape
            np.testing.assert_allclose(y, e, rtol, atol)


@every_case
def test_value_is_that_of_the_formula(case):
    assert_close(values(case.run(*as_tensors(case.inputs))), case.expected(*case.inputs))


@pytest.mark.parametrize("case", CASES_WITHOUT_GRADIENT, ids=str)
def test_results_that_are_whole_numbers_or_booleans(case):
    y = case.run(*as_tensors(case.inputs))
    assert y.dtype.kind in "bi"
    assert not y.requires_grad
    assert y.data.shape == case.expected(*case.inputs)[0].shape
    assert (y.data == case.expected(*case.inputs)[0]).all()


@every_case
def test_gradient_is_that_of_central_differences(case):
    check_gradients(case.run, *case.inputs)


@every_case
def test_float32_stays_float32_in_value_and_gradient(case):
    arrays = [x.astype(np.float32) if is_float(x) else x for x in case.inputs]
    y = values(case.run(*as_tensors(arrays)))
    dx = backward_gradients(case.run, arrays)
    assert {a.dtype for a in y} == {np.dtype(np.float32)}
    assert {d.dtype for d in dx if d is not None} == {np.dtype(np.float32)}
    assert_close(y, case.expected(*case.inputs), rtol=1e-3, atol=1e-4)
    assert_close(dx, backward_gradients(case.run, case.inputs), rtol=2e-3, atol=2e-4)


@every_case
def test_gradient_of_one_input_alone_is_the_same(case):
    together = backward_gradients(case.run, case.inputs)
    for i in filter(lambda i: is_float(case.inputs[i]), range(len(case.inputs))):
        alone = backward_gradients(case.run, case.inputs, grad_for=i)
        expected = [dx if j == i else None for j, dx in enumerate(together)]
        assert_close(alone, expected)


@every_case
def test_nothing_is_recorded_under_no_grad(case):
    with mg.no_grad():
        assert all(y.grad_fn is None for y in outputs(case.run(*as_tensors(case.inputs))))


def transposed(x):
    return x.T.copy().T


def strided(x):
    """Every second element of a larger array along the last axis."""
    return np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x


def reversed_in_memory(x):
    backwards = (slice(None, None, -1),) * x.ndim
    return x[backwards].copy()[backwards] if x.ndim else x


@pytest.mark.parametrize("rearranged", [transposed, strided, reversed_in_memory])
@every_case
def test_how_the_inputs_lie_in_memory_makes_no_difference(case, rearranged):
    arrays = [rearranged(x) if isinstance(x, np.ndarray) else x for x in case.inputs]
    assert_close(values(case.run(*as_tensors(arrays))), case.expected(*arrays))
    assert_close(
        backward_gradients(case.run, arrays), backward_gradients(case.run, case.inputs), atol=1e-11
    )


@pytest.mark.parametrize("rearranged", [transposed, strided, reversed_in_memory])
@every_case
def test_how_the_gradient_that_arrives_lies_in_memory_makes_no_difference(case, rearranged):
    for y in outputs(case.run(*as_tensors(case.inputs))):
        if y.grad_fn:
            dy = cotangents([y])[0]
            as_it_came = y.grad_fn.backward(dy)
            assert_close(y.grad_fn.backward(rearranged(dy)), as_it_came, atol=1e-11)


@every_case
def test_nothing_that_comes_in_is_written_to(case):
    arrays = [np.array(x) if isinstance(x, np.ndarray) else x for x in case.inputs]
    for x in arrays:
        if isinstance(x, np.ndarray):
            x.flags.writeable = False  # whoever writes raises
    for y in outputs(case.run(*as_tensors(arrays))):
        if y.grad_fn:
            y.data.flags.writeable = False
            dy = cotangents([y])[0]
            dy.flags.writeable = False
            y.grad_fn.backward(dy)


@every_case
def test_a_batch_of_one(case):
    arrays = [x[:1] if i in case.batch else x for i, x in enumerate(case.inputs)]
    if case.batch and case.name != "F.dropout":
        assert_close(values(case.run(*as_tensors(arrays))), case.expected(*arrays))
        check_gradients(case.run, *arrays)


@pytest.mark.parametrize("case", [c for c in CASES if c.batch and c.empty], ids=str)
def test_an_empty_batch(case):
    arrays = [x[:0] if i in case.batch else x for i, x in enumerate(case.inputs)]
    for dx, x in zip(backward_gradients(case.run, arrays), arrays, strict=True):
        if dx is not None:
            assert dx.shape == x.shape
            assert not dx.any()


def test_numerical_gradient_reads_a_transposed_input_right():
    x = np.arange(6.0).reshape(2, 3)
    weights = [np.arange(6.0).reshape(3, 2)]
    found = numerical_gradient(lambda t: t * t, [x.T], 0, weights)
    np.testing.assert_allclose(found, 2 * x.T * weights[0], rtol=1e-6)
