# %% [markdown]
# # Auto-encoder: down with convolutions, back up with transposed ones
#
# An image of 64 pixels is squeezed into a code of 8 numbers, and a second net draws the image again
# from the code (Hinton & Salakhutdinov, Reducing the Dimensionality of Data with Neural Networks,
# 2006). Nobody tells the net what the digits are: the image itself is the target.
#
# Strided convolutions make the map smaller. What makes it larger again? The usual answer is the
# transposed convolution; the other one is to repeat each pixel and to convolve. We compare both.
# The data is the digits of minigrad. `--quick` trains for a moment only.

# %%
import numpy as np
from lesson import Lesson
from matplotlib.figure import Figure

import minigrad as mg
from minigrad import nn, optim
from minigrad.datasets import Digits
from minigrad.nn import functional as F

CODE = 8
lesson = Lesson("08_autoencoder", data="digits", metric="mean squared error", better="lower")
STEPS = 10 if lesson.quick else 500

# %% [markdown]
# ## A transposed convolution, by hand
#
# A convolution with stride 2 gathers: it lays the kernel on every second place and adds up what is
# under it. Its transpose spreads: each input number, times the kernel, is put down at every second
# place, and where two of them overlap they are added.
#
#     1 · [1 1 1]      1 1 1
#     2 · [1 1 1]          2 2 2
#     3 · [1 1 1]              3 3 3
#     together         1 1 3 2 5 3 3

# %%
numbers = mg.tensor([[[1.0, 2, 3]]])  # (1, 1, 3): one sample, one channel
kernel = mg.ones(1, 1, 3)
print("spread:", F.conv_transpose1d(numbers, kernel, stride=2).numpy()[0, 0])

# %% [markdown]
# ## The way back, and why there is an `output_padding`
#
# The convolution is a matrix, and this is its transpose: for any x and y, conv(x) · y equals
# x · conv_transpose(y). It is not the inverse: the pixels come back to their places, not their
# values.
#
# With kernel 3, stride 2, padding 1, rows of 7 and of 8 both become 4. On the way back 4 becomes
# 7, and `output_padding=1` asks for the 8. With kernel 4 there is nothing to ask: 4 becomes 8.

# %%
x, y = mg.randn(1, 1, 8), mg.randn(1, 1, 4)
there = F.conv1d(x, kernel, stride=2, padding=1)  # (1, 1, 4)
back = F.conv_transpose1d(y, kernel, stride=2, padding=1, output_padding=1)  # (1, 1, 8)
print(f"conv(x) · y = {(there * y).sum().item():.4f}")
print(f"x · conv_transpose(y) = {(x * back).sum().item():.4f}")

# %% [markdown]
# ## Checkerboards
#
# How many numbers meet in each output pixel? With kernel 3 and stride 2 it alternates: 1, 2, 1, 2
# along a row, so 1, 2 or 4 in an image. Kernel 4, a multiple of the stride, is even: 4 everywhere
# except at the border. Uneven overlap shows as a checkerboard in the image when the net does not
# learn to even it out (Odena, Dumoulin & Olah, Deconvolution and Checkerboard Artifacts, 2016).

# %%
ones = mg.ones(1, 1, 4, 4)
meet = {
    "kernel 3, stride 2": F.conv_transpose2d(ones, mg.ones(1, 1, 3, 3), None, 2, 1, 1),
    "kernel 4, stride 2": F.conv_transpose2d(ones, mg.ones(1, 1, 4, 4), None, 2, 1),
}
for name, counts in meet.items():
    print(f"{name}:\n{counts.numpy()[0, 0].astype(int)}")

# %% [markdown]
# ## The nets
#
# One encoder, three decoders of the same number of weights: 16 channels of 3x3 kernels, or 9 of
# 4x4. Their work differs. An upsampled map is four times as large before it is convolved, so the
# first decoder takes four times as many multiply-adds as the other two.


# %%
def enlarge(name, channels, out_channels):
    """(N, channels, H, W) -> (N, out_channels, 2H, 2W)."""
    if name == "ConvTranspose 3x3":
        return nn.ConvTranspose2d(channels, out_channels, 3, 2, padding=1, output_padding=1)
    if name == "ConvTranspose 4x4":
        return nn.ConvTranspose2d(channels, out_channels, 4, 2, padding=1)
    return nn.Sequential(
        nn.Upsample(scale_factor=2), nn.Conv2d(channels, out_channels, 3, padding=1)
    )


def autoencoder(name, width):
    encoder = nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=2, padding=1),  # (N, 1, 8, 8) -> (N, 16, 4, 4)
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1),  # -> (N, 32, 2, 2)
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.Flatten(),  # -> (N, 128)
        nn.Linear(128, CODE),
    )
    decoder = nn.Sequential(
        nn.Linear(CODE, 128),
        nn.Unflatten(1, (32, 2, 2)),  # -> (N, 32, 2, 2)
        nn.BatchNorm2d(32),
        nn.ReLU(),
        enlarge(name, 32, width),  # -> (N, width, 4, 4)
        nn.BatchNorm2d(width),
        nn.ReLU(),
        enlarge(name, width, 1),  # -> (N, 1, 8, 8)
        nn.Sigmoid(),  # gray from 0 to 1
    )
    return nn.Sequential(encoder, decoder)


WIDTHS = {"Upsample + Conv 3x3": 16, "ConvTranspose 3x3": 16, "ConvTranspose 4x4": 9}

# %% [markdown]
# ## Training
#
# The loss is the mean squared difference of the pixels, and so is the metric, on test images. The
# error is looked at by row and column too: even or odd, as in the patterns above.


# %%
def load(train):
    """Images as (N, 1, 8, 8) from 0 to 1."""
    return mg.tensor(Digits(train=train).data).float().unsqueeze(1) / 255


train, test = load(train=True), load(train=False)
drawn, by_place = {}, {name: [] for name in WIDTHS}
for name, _ in lesson.runs(list(WIDTHS)):
    model = autoencoder(name, WIDTHS[name])
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for _ in range(STEPS):
        images = train[mg.randint(0, len(train), (64,))]
        loss = F.mse_loss(model(images), images)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
    model.eval()
    with mg.no_grad():
        drawn[name] = model(test).numpy()
    errors = ((drawn[name] - test.numpy()) ** 2).mean((0, 1))  # (8, 8)
    by_place[name].append(errors.reshape(4, 2, 4, 2).mean((0, 2)))  # (2, 2): rows, columns
    lesson.add(name, model, errors.mean())

# %% [markdown]
# ## What 8 numbers can do without a net
#
# The best linear code are the first principal components. A net that does not beat them is not
# worth its training.

# %%
flat, unseen = train.numpy().reshape(-1, 64), test.numpy().reshape(-1, 64)
mean = flat.mean(0)
directions = np.linalg.svd(flat - mean, full_matrices=False)[2][:CODE]  # (8, 64)
linear = f"{CODE} principal components"
drawn[linear] = (mean + (unseen - mean) @ directions.T @ directions).reshape(-1, 1, 8, 8)
lesson.add(linear, mean.size + directions.size, ((drawn[linear] - test.numpy()) ** 2).mean(), 0)

# %% [markdown]
# ## All of it in one picture

# %%
figure = Figure(figsize=(9.5, 8), layout="constrained")
top, bottom = figure.subfigures(2, 1, height_ratios=[1, 1.9])
axes = top.subplots(1, 3, width_ratios=[1, 1, 1.5])
for panel, (name, counts) in zip(axes, meet.items(), strict=False):
    counts = counts.numpy()[0, 0]
    panel.imshow(counts, cmap="Blues", vmin=0, vmax=6)
    for (i, j), count in np.ndenumerate(counts):
        panel.text(j, i, f"{count:.0f}", ha="center", va="center", fontsize=8, in_layout=False)
    panel.set_title(f"How many meet: {name}", fontsize=10)
    panel.set(xticks=[], yticks=[])
places = ["even, even", "even, odd", "odd, even", "odd, odd"]
for i, (name, errors) in enumerate(by_place.items()):
    heights = np.mean(errors, 0).ravel()
    axes[2].bar(np.arange(4) + (i - 1) * 0.27, heights, 0.25, label=name,
                color=["#999999", "#d9772b", "#3b6ea8"][i])  # fmt: skip
axes[2].set_xticks(range(4), places, fontsize=8)
axes[2].set_title("Error by row and column of the pixel", fontsize=10)
axes[2].set_ylim(0, 1.45 * axes[2].dataLim.y1)
axes[2].legend(frameon=False, fontsize=8, loc="upper left")
axes[2].spines[["top", "right"]].set_visible(False)

_, shown = np.unique(Digits(train=False).targets, return_index=True)  # the first of each class
rows = {"original": test.numpy(), **drawn}
bottom.suptitle("Ten test digits, and what comes back out of 8 numbers", fontsize=11)
for axes, (name, images) in zip(bottom.subplots(len(rows)), rows.items(), strict=True):
    tiles = np.pad(images[shown, 0], ((0, 0), (0, 0), (0, 1)), constant_values=0.5)  # (10, 8, 9)
    axes.imshow(np.hstack(tiles)[:, :-1], cmap="gray", vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[])
    label = name.replace(" ", "\n", 1)
    axes.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=9)
lesson.finish(figure)

# %% [markdown]
# ## What the numbers show
#
# Learning pays: out of 8 numbers, each net draws the digits with little more than half of the
# squared error of the principal components (0.014 against 0.024).
#
# Which way up hardly matters here. Transposed convolutions come out a little ahead (0.0135 and
# 0.0138 against 0.0146), but the seeds differ by as much: with one of three, upsampling was ahead.
# What they surely save is work, three quarters of the decoder's multiply-adds, and with it time.
#
# No checkerboard is left to be seen: the 3x3 kernel has learned to even it out. The bars (rows and
# columns count from 0) may hold a trace of it. At even rows and columns, where only one number
# arrives, the 3x3 is no better than upsampling; at odd ones, where mostly four meet, it is. For
# nets that draw finer images, Odena et al. advise to upsample and then to convolve, or at least to
# take a kernel that is a multiple of the stride.
