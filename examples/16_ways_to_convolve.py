# %% [markdown]
# # One convolution, seven ways to compute it
#
# A convolution layer is seven loops: over images, output channels, rows, columns, input channels
# and the kernel's rows and columns. Nobody runs it so. All ways below give the same numbers, up to
# the rounding of float32, and do the same multiplications (but the last one); they differ in how
# often a number is fetched from memory, and in how much work one call of NumPy is given.
# `--quick` times them on fewer images.

# %%
from time import perf_counter

import numpy as np
from lesson import Lesson
from matplotlib.figure import Figure
from numpy.lib.stride_tricks import sliding_window_view

import minigrad as mg
from minigrad.kernels.conv import algorithm
from minigrad.nn import functional as F

lesson = Lesson(
    "16_ways_to_convolve", data="random images", metric="milliseconds an image", better="lower"
)
IMAGES = 4 if lesson.quick else 32
mg.set_num_threads(1)  # the same for all
rng = np.random.default_rng(0)

# %% [markdown]
# ## The definition
#
# y[n, o, p, q] = sum over c, i, j of w[o, c, i, j] · x[n, c, p + i, q + j]. Here for one image; the
# innermost loops over c, i and j are left to NumPy, or we would wait for a minute. It is the right
# program to step through, and the one to test all others against.


# %%
def loops(x, w):
    (N, _, H, W), (O, _, k, _) = x.shape, w.shape
    y = np.zeros((N, O, H - k + 1, W - k + 1), x.dtype)
    for n in range(N):
        for o in range(O):
            for p in range(H - k + 1):
                for q in range(W - k + 1):
                    y[n, o, p, q] = np.sum(w[o] * x[n, :, p : p + k, q : q + k])
    return y


# %% [markdown]
# ## A sum over windows
#
# `sliding_window_view` shows every window without copying it: the same memory, seen k · k times.
# The sum over c, i and j is then one call. But einsum without `optimize` is a loop as well, only
# in C: no reuse of what is in the processor's registers.


# %%
def windows(x, w):
    k = w.shape[2]
    seen = sliding_window_view(x, (k, k), (2, 3))  # (N, C, H, W) -> (N, C, P, Q, k, k)
    return np.einsum("ncpqij,ocij->nopq", seen, w)


# %% [markdown]
# ## im2col
#
# Copy the windows out, each as a row of a matrix: C · k · k columns, a row for every pixel of every
# image. Then the whole layer is one matrix product, the one thing that libraries have made fast for
# fifty years (Chellapilla, Puri & Simard 2006). The price: k · k times the memory.


# %%
def im2col(x, w):
    (O, _, k, _) = w.shape
    seen = sliding_window_view(x, (k, k), (2, 3))
    N, C, P, Q = seen.shape[:4]
    rows = seen.transpose(0, 2, 3, 1, 4, 5).reshape(N * P * Q, C * k * k)  # copies
    return (rows @ w.reshape(O, -1).T).reshape(N, P, Q, O).transpose(0, 3, 1, 2)


# %% [markdown]
# ## Shift and add
#
# Or turn the sum around: a kernel of k · k taps is k · k kernels of 1x1. Each is a matrix product
# over the channels, on the image shifted by (i, j); their results are added up. Little is copied,
# but the products are thin: C multiplications for each number that is fetched and added.


# %%
def shift_and_add(x, w):
    (N, C, H, W), (O, _, k, _) = x.shape, w.shape
    P, Q = H - k + 1, W - k + 1
    y = np.zeros((N, O, P * Q), x.dtype)
    for i in range(k):
        for j in range(k):
            y += w[:, :, i, j] @ x[:, :, i : i + P, j : j + Q].reshape(N, C, P * Q)
    return y.reshape(N, O, P, Q)


# %% [markdown]
# ## Fourier
#
# A convolution is a product of spectra. What it costs does not depend on the kernel's size; so it
# wins once kernels are large, and the layers of today have 3x3.


# %%
def fourier(x, w):
    (_, _, H, W), k = x.shape, w.shape[2]
    X, V = np.fft.rfft2(x), np.fft.rfft2(w, (H, W))
    y = np.fft.irfft2(np.einsum("nchw,ochw->nohw", X, V.conj(), optimize=True), (H, W))
    return y[:, :, : H - k + 1, : W - k + 1]


# %% [markdown]
# ## What minigrad does
#
# Images lie in memory row by row, all channels and images of a row side by side. The k rows under a
# window are then one matrix as they lie: the vertical taps are free. For the horizontal ones
# minigrad either copies k shifted columns ("columns", im2col with k instead of k · k copies), or
# makes k products at once and adds them up shifted ("shifts", nothing is copied). It takes what is
# faster for the layer; `algorithm` forces one. Read `minigrad/kernels/pieces.py`. Up to four small
# images, too few for long rows, go by im2col here as well: `minigrad/kernels/im2col.py`.


# %%
def in_rows(x):
    """The same images, in memory as minigrad's layers leave them: (H, C, W, N)."""
    rows = np.ascontiguousarray(x.transpose(2, 1, 3, 0))
    return mg.from_numpy(rows.transpose(3, 1, 0, 2))


def columns(x, w):
    with algorithm("columns"):
        return F.conv2d(x, w).data


def shifts(x, w):
    with algorithm("shifts"):
        return F.conv2d(x, w).data


WAYS = {
    "loops": loops,
    "windows, einsum": windows,
    "im2col": im2col,
    "shift and add": shift_and_add,
    "Fourier": fourier,
    "minigrad, columns": columns,
    "minigrad, shifts": shifts,
}


def prepared(name, x, w):
    """The arguments as this way takes them; loops get a single image."""
    if name.startswith("minigrad"):
        return in_rows(x), mg.from_numpy(w)
    return (x[:1] if name == "loops" else x), w


# %% [markdown]
# ## The same numbers?
#
# A way that is fast and wrong is easily found. In float32 sums differ in the last digits with their
# order.

# %%
x = rng.standard_normal((2, 3, 9, 10), np.float32)
w = rng.standard_normal((4, 3, 3, 3), np.float32)
truth = loops(x.astype(np.float64), w.astype(np.float64))
for name, way in WAYS.items():
    y = way(*prepared(name, x, w))
    print(f"{name:18} largest error {abs(y - truth[: len(y)]).max():.1e}")
    np.testing.assert_allclose(y, truth[: len(y)], atol=1e-5)

# %% [markdown]
# ## And how long?
#
# A layer of 32 channels, 3x3, on images of 28x28 pixels: 6 million multiplications an image.


# %%
def milliseconds(name, channels, k, side=28):
    """The shortest of some runs, for one image."""
    x = rng.standard_normal((IMAGES, channels, side, side), np.float32)
    w = rng.standard_normal((channels, channels, k, k), np.float32)
    arguments = prepared(name, x, w)
    times = []
    for _ in range(1 if name == "loops" else 5):
        start = perf_counter()
        WAYS[name](*arguments)
        times.append(perf_counter() - start)
    return 1000 * min(times) / len(arguments[0])


taken = {name: [] for name in WAYS}
for name, _ in lesson.runs(list(WAYS)):
    taken[name].append(milliseconds(name, channels=32, k=3))
    lesson.add(name, 32 * 32 * 3 * 3, taken[name][-1])

# %% [markdown]
# ## Larger kernels, more channels

# %%
FAST = [name for name in WAYS if name not in ("loops", "windows, einsum")]
KERNELS, CHANNELS = (1, 3, 5, 7, 11, 15), (1, 4, 16, 64)
by_kernel = {name: [milliseconds(name, 8, k) for k in KERNELS] for name in FAST}
by_channels = {name: [milliseconds(name, channels, 3) for channels in CHANNELS] for name in FAST}

# %%
figure = Figure(figsize=(13, 4), layout="constrained")
bars, kernels, channels = figure.subplots(1, 3, width_ratios=[1.2, 1, 1])
middle = {name: float(np.median(times)) for name, times in taken.items()}
bars.barh(list(middle), list(middle.values()), color="#3b6ea8")
for row, value in enumerate(middle.values()):
    bars.text(value * 1.1, row, f"{value:.3g}", va="center", fontsize=8)
bars.set(xscale="log", xlim=(None, 5 * max(middle.values())), xlabel="milliseconds an image")
bars.invert_yaxis()
bars.set_title("32 channels, 3x3")
COLORS = dict(zip(FAST, ("#b3362c", "#d98e04", "#777777", "#3b6ea8", "#2f8f5b"), strict=True))
for panel, sizes, times, title in (
    (kernels, KERNELS, by_kernel, "8 channels, the kernel grows"),
    (channels, CHANNELS, by_channels, "3x3, the channels grow"),
):
    for name, values in times.items():
        panel.plot(sizes, values, marker="o", markersize=3, label=name, color=COLORS[name])
    panel.set(xscale="log", yscale="log", title=title)
    panel.set_xticks(sizes, sizes)
    panel.minorticks_off()
    panel.grid(color="#d8d8d8", linewidth=0.6)
kernels.set(xlabel="side of the kernel", ylabel="milliseconds an image")
channels.set_xlabel("channels in and out")
channels.legend(frameon=False, fontsize=8)

# %% [markdown]
# ## What the numbers show
#
# All do the same multiplications, and the slowest takes a thousand times as long as the fastest:
# what counts is where the numbers come from. Loops ask Python for every pixel. einsum reads each
# number from memory for every multiplication. A matrix product keeps blocks of both matrices close
# to the processor and uses each number many times: fifty times as fast, even with all the copying
# of im2col. What is left is that copying, and doing less of it halves the time again. Fourier costs
# the same for every kernel, which pays from some 7x7 on against im2col, and here never against
# minigrad.

# %%
lesson.finish(figure)
