"""Convolution, pooling, normalisation and resizing with any options, against the loops."""

import loops
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numerical import as_tensors, backward_gradients, cotangents

from minigrad.kernels import conv
from minigrad.nn import functional as F

many_examples = settings(deadline=None, derandomize=True, max_examples=100, database=None)

each_way = pytest.mark.parametrize("way", ["shifts", "columns", "im2col"])
fewer_examples = settings(many_examples, max_examples=50)

small = st.integers(1, 3)


def numbers(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


def close(found, expected):
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-11)


def directional_check(f, arrays, step=1e-6):
    """The gradient along one random direction of all inputs together: cheap for many examples."""
    grads = backward_gradients(f, arrays)
    y = f(*as_tensors(arrays))
    c = cotangents(y)[0]
    directions = [numbers(i, *x.shape) for i, x in enumerate(arrays)]
    up, down = (
        (
            f(*as_tensors([x + s * step * d for x, d in zip(arrays, directions, strict=True)])).data
            * c
        ).sum()
        for s in (1, -1)
    )
    slope = sum((g * d).sum() for g, d in zip(grads, directions, strict=True))
    assert (up - down) / (2 * step) == pytest.approx(slope, rel=1e-5, abs=1e-6)


@st.composite
def convolutions(draw):
    n = draw(small)
    several = st.tuples(*[small] * n)
    groups, per_group = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    kernel, dilation = draw(several), draw(several)
    padding = draw(
        st.one_of(st.just("valid"), st.integers(0, 3), st.tuples(*[st.integers(0, 3)] * n))
    )
    pads = (0,) * n if padding == "valid" else loops.each(padding, n)
    least = [
        max(1, d * (k - 1) + 1 - 2 * p) for k, d, p in zip(kernel, dilation, pads, strict=True)
    ]
    size = [draw(st.integers(low, low + 4)) for low in least]
    x = numbers(1, draw(small), groups * per_group, *size)
    w = numbers(2, groups * draw(st.integers(1, 2)), per_group, *kernel)
    options = {"stride": draw(several), "padding": padding, "dilation": dilation, "groups": groups}
    if draw(st.integers(0, 4)) == 0:
        options |= {"stride": 1, "padding": "same"}
    b = [numbers(3, len(w))] if draw(st.booleans()) else []
    return n, [x, w, *b], options


@each_way
@fewer_examples
@given(example=convolutions())
def test_convolution(example, way):
    n, arrays, options = example
    f = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}[n]
    with conv.algorithm(way):
        close(f(*as_tensors(arrays), **options).data, loops.conv(*arrays, **options))
        directional_check(lambda *t: f(*t, **options), arrays)


@st.composite
def transposed_convolutions(draw):
    n = draw(small)
    several = st.tuples(*[small] * n)
    groups, per_group = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    kernel, dilation, stride = draw(several), draw(several), draw(several)
    size = draw(st.tuples(*[st.integers(1, 4)] * n))
    full = [
        (s - 1) * st + d * (k - 1) + 1
        for s, st, d, k in zip(size, stride, dilation, kernel, strict=True)
    ]
    padding = tuple(draw(st.integers(0, (f - 1) // 2)) for f in full)
    added = tuple(
        draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True)
    )
    x = numbers(1, draw(small), groups * per_group, *size)
    w = numbers(2, groups * per_group, draw(st.integers(1, 2)), *kernel)
    options = {"stride": stride, "dilation": dilation, "groups": groups, "output_padding": added}
    options["padding"] = draw(st.sampled_from([padding, padding, "same", "valid"]))
    if options["padding"] == "same":
        options["output_padding"] = tuple(-draw(st.integers(0, s - 1)) for s in stride)
    b = [numbers(3, w.shape[1] * groups)] if draw(st.booleans()) else []
    return n, [x, w, *b], options


@each_way
@fewer_examples
@given(example=transposed_convolutions())
def test_transposed_convolution(example, way):
    n, arrays, options = example
    f = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}[n]
    with conv.algorithm(way):
        close(f(*as_tensors(arrays), **options).data, loops.conv_transpose(*arrays, **options))
        directional_check(lambda *t: f(*t, **options), arrays)


@st.composite
def pools(draw):
    n = draw(small)
    several = st.tuples(*[small] * n)
    kernel = draw(several)
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    options = {"kernel_size": kernel, "padding": padding, "ceil_mode": draw(st.booleans())}
    if draw(st.booleans()):
        options["stride"] = draw(several)
    dilation = draw(several)
    size = [
        draw(st.integers(max(1, d * (k - 1) + 1 - 2 * p), d * (k - 1) + 5))
        for k, p, d in zip(kernel, padding, dilation, strict=True)
    ]
    x = numbers(4, draw(small), draw(small), *size)
    return n, x, options, dilation


@many_examples
@given(pools())
def test_max_pooling(example):
    n, x, options, dilation = example
    f = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}[n]
    options = {**options, "dilation": dilation}
    expected = loops.max_pool(x, **options)
    close(f(*as_tensors([x]), **options).data, expected)
    assume(np.isfinite(expected).all())  # a dilated window may step over a small input
    directional_check(lambda t: f(t, **options), [x])


@many_examples
@given(pools(), st.booleans(), st.sampled_from([None, None, 2, 5]))
def test_average_pooling(example, count_include_pad, divisor):
    n, x, options, _ = example
    f = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}[n]
    options = {**options, "count_include_pad": count_include_pad, "divisor_override": divisor}
    close(f(*as_tensors([x]), **options).data, loops.avg_pool(x, **options))
    directional_check(lambda t: f(t, **options), [x])


@many_examples
@given(st.data(), small, st.sampled_from(["avg", "max"]))
def test_adaptive_pooling(data, n, kind):
    size = data.draw(st.tuples(*[st.integers(1, 8)] * n))
    out = data.draw(st.tuples(*[st.one_of(st.none(), st.integers(1, 9))] * n))
    x = numbers(5, data.draw(small), 2, *size)
    f = getattr(F, f"adaptive_{kind}_pool{n}d")
    close(f(*as_tensors([x]), out).data, getattr(loops, f"adaptive_{kind}_pool")(x, out))
    directional_check(lambda t: f(t, out), [x])


@many_examples
@given(st.data(), small, st.booleans(), st.booleans(), st.booleans())
def test_resizing(data, n, linear, by_factor, align_corners):
    size = data.draw(st.tuples(*[st.integers(1, 6)] * n))
    mode = {1: "linear", 2: "bilinear", 3: "trilinear"}[n] if linear else "nearest"
    options = {"mode": mode, "align_corners": align_corners if linear else None}
    if by_factor:
        options["scale_factor"] = data.draw(
            st.tuples(*[st.sampled_from([0.5, 1.0, 1.5, 2.0, 3.0])] * n)
        )
        assume(all(int(s * f) >= 1 for s, f in zip(size, options["scale_factor"], strict=True)))
    else:
        options["size"] = data.draw(st.tuples(*[st.integers(1, 8)] * n))
    x = numbers(6, 2, data.draw(small), *size)
    close(F.interpolate(*as_tensors([x]), **options).data, loops.interpolate(x, **options))
    directional_check(lambda t: F.interpolate(t, **options), [x])


@many_examples
@given(
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(1, 2),
    st.lists(small, max_size=3),
    st.booleans(),
)
def test_normalisation(batch, groups, per_group, spatial, affine):
    channels = groups * per_group
    x = numbers(7, batch, channels, *spatial)
    wb = [numbers(8, channels), numbers(9, channels)] if affine else []
    one_value = x.size // channels <= 1

    def group(x, w=None, b=None):
        return F.group_norm(x, groups, w, b, eps=0.1)

    close(
        group(*as_tensors([x, *wb])).data,
        loops.group_norm(x, groups, *(wb or [None, None]), eps=0.1),
    )
    directional_check(group, [x, *wb])
    if not one_value:

        def batch_norm(x, w=None, b=None):
            return F.batch_norm(x, None, None, w, b, training=True, eps=0.1)

        close(batch_norm(*as_tensors([x, *wb])).data, loops.batch_norm(x, *wb, eps=0.1))
        directional_check(batch_norm, [x, *wb])
    if np.prod(spatial) > 1:

        def instance_norm(x, w=None, b=None):
            return F.instance_norm(x, None, None, w, b, eps=0.1)

        close(instance_norm(*as_tensors([x, *wb])).data, loops.instance_norm(x, *wb, eps=0.1))
        directional_check(instance_norm, [x, *wb])
    shape = x.shape[1:]
    wb = [numbers(8, *shape), numbers(9, *shape)] if affine else []

    def layer_norm(x, w=None, b=None):
        return F.layer_norm(x, shape, w, b, eps=0.1)

    close(layer_norm(*as_tensors([x, *wb])).data, loops.layer_norm(x, shape, *wb, eps=0.1))
    directional_check(layer_norm, [x, *wb])


@pytest.mark.parametrize(
    "f",
    [
        F.conv2d,
        F.conv_transpose2d,
        F.max_pool2d,
        F.avg_pool2d,
        F.adaptive_avg_pool2d,
        F.adaptive_max_pool2d,
    ],
)
def test_a_single_image_needs_no_batch_axis(f):
    x = numbers(10, 3, 5, 6)
    other = numbers(11, 3, 3, 3, 3) if f in (F.conv2d, F.conv_transpose2d) else 2
    single, many = as_tensors([x, other]), as_tensors([x[None], other])
    assert f(*single).shape == f(*many).shape[1:]
    close(f(*single).data, f(*many).data[0])
    directional_check(lambda t: f(t, single[1]), [x])


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_convolution_with_a_padding_mode_is_padding_first(mode):
    x, w = numbers(12, 2, 2, 5, 6), numbers(13, 3, 2, 3, 3)
    t, k = as_tensors([x, w])
    padded = F.pad(t, (2, 2, 1, 1), mode=mode)
    close(F.conv2d(t, k, padding=(1, 2), padding_mode=mode).data, loops.conv(padded.data, w))
    directional_check(lambda t, k: F.conv2d(t, k, padding=(1, 2), padding_mode=mode), [x, w])


def test_running_statistics_move_by_the_momentum_towards_the_unbiased_variance():
    x = numbers(14, 6, 2, 3)
    mean, var = as_tensors([np.zeros(2), np.ones(2)], grad_for=-1)
    F.batch_norm(*as_tensors([x]), mean, var, training=True, momentum=0.3)
    np.testing.assert_allclose(mean.data, 0.3 * x.mean((0, 2)))
    np.testing.assert_allclose(
        var.data, 0.7 + 0.3 * x.transpose(1, 0, 2).reshape(2, -1).var(1, ddof=1)
    )
    before = mean.data.copy()
    F.batch_norm(*as_tensors([x]), mean, var, training=False)
    assert (mean.data == before).all()


def test_dropout_keeps_the_expectation_and_drops_whole_channels_if_asked():
    from minigrad import manual_seed, ones

    manual_seed(0)
    y = F.dropout(ones(100, 100), 0.25)
    assert set(np.unique(y.data)) == {0, np.float32(1 / 0.75)}
    assert abs(y.data.mean() - 1) < 0.02
    z = F.dropout2d(ones(50, 20, 4, 4), 0.5)
    assert set(np.unique(z.data.sum((2, 3)))) == {0, 32}
    assert 0.4 < (z.data[..., 0, 0] == 0).mean() < 0.6
