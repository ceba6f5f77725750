# %% [markdown]
# # Depthwise separable convolution: what does the saving cost?
#
# A convolution does two things at once: it looks around in each channel, and it mixes the channels.
# A depthwise separable one (Howard et al., MobileNets, 2017; Chollet, Xception, 2017) does one
# after the other: a depthwise 3x3 convolution looks around, a pointwise (1x1) one mixes. That takes
# far fewer weights and multiply-adds. Is the net as good with them? And is it as much faster?
# `--quick` trains for a moment only.

# %%
from time import perf_counter

import numpy as np
from lesson import Lesson
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import minigrad as mg
from minigrad import nn, optim
from minigrad.datasets import WarpedDigits

lesson = Lesson(
    "05_depthwise_separable",
    data="digits, scaled and turned",
    metric="test accuracy",
    percent=True,
)
EPOCHS = 1 if lesson.quick else 6

# %% [markdown]
# ## The arithmetic
#
# From 32 to 64 channels, 3x3. Standard: each of the 64 outputs has 9 weights for each of the 32
# inputs, 64 · 32 · 9 = 18,432. Separable: 9 weights for each input, 32 · 9 = 288, then each output
# weighs the 32 results, 32 · 64 = 2,048; together 2,336, an eighth. Each weight is used once at
# each pixel, so the multiply-adds shrink as much.

# %%
standard = nn.Conv2d(32, 64, 3, padding=1, bias=False)
separable = nn.DepthwiseSeparable(32, 64, 3, bias=False)
for layer in standard, separable:
    print(mg.summary(layer, (1, 32, 8, 8)), "\n")

# %% [markdown]
# A depthwise convolution does not sum over the channels, whatever some formulas say: output channel
# c is made from input channel c alone. See: a change in channel 5 changes nothing else.

# %%
x = mg.randn(1, 32, 8, 8)
changed = mg.tensor(x.numpy())
changed[0, 5] += 1
with mg.no_grad():
    for name, layer in ("depthwise", separable.depthwise), ("standard", standard):
        difference = abs(layer(changed) - layer(x)).amax((0, 2, 3)).numpy()
        print(f"{name}: {(difference > 0).sum()} of {len(difference)} channels changed")

# %% [markdown]
# ## Multiply-adds are not time
#
# A processor multiplies faster than its memory delivers. So it matters how much work there is for
# each number that comes from or goes to memory. At one pixel the standard layer reads 32 numbers,
# writes 64, and has 18,432 multiply-adds for them: 192 for each number. The depthwise part reads
# 32, writes 32, and has 288: 4.5 for each. The processor waits.
#
# How long does a forward and a backward take, on 32 images of 8x8? The fastest of some tries
# counts; the others were disturbed.

# %%
TRIES = 2 if lesson.quick else 12


def milliseconds(layer, channels):
    x = mg.randn(32, channels, 8, 8, requires_grad=True)
    seconds = []
    for _ in range(TRIES):
        start = perf_counter()
        layer(x).sum().backward()
        seconds.append(perf_counter() - start)
    return 1000 * min(seconds)


print("                  multiply-adds   for each number         ms   million a ms")
for name, layer, numbers in [
    ("standard 3x3", standard, 32 + 64),
    ("depthwise 3x3", separable.depthwise, 32 + 32),
    ("pointwise 1x1", separable.pointwise, 32 + 64),
]:
    work = layer.weight.numel()  # at each pixel
    ms = milliseconds(layer, 32)
    rate = 3 * work * 32 * 64 / ms / 1e6  # 3: the result, two gradients; 32 images, 64 pixels
    print(f"{name:16} {work:14,} {work / numbers:17.1f} {ms:10.2f} {rate:14.1f}")

CHANNELS = [8, 16, 32, 64, 128]
layer_ms = {
    "standard": [milliseconds(nn.Conv2d(c, 2 * c, 3, padding=1), c) for c in CHANNELS],
    "separable": [milliseconds(nn.DepthwiseSeparable(c, 2 * c), c) for c in CHANNELS],
}

# %% [markdown]
# ## Four nets
#
# Digits at random scales, turns and places, 16x16 pixels. The nets have the same layers and differ
# in the kind of convolution and in the width, the channels of the first layer:
#
# - standard convolutions, width 16: the baseline;
# - separable ones at the same width: what does the replacement cost?
# - separable ones, wider: as good as the baseline, is it still smaller and faster?
# - standard ones, narrow: with the few weights of the separable net, is it worse?
#
# As in MobileNet, batch norm and relu follow the depthwise part, too. The first layer sees one
# channel only; there is nothing to separate.


# %%
def block(kind, in_channels, out_channels):
    if kind == "standard":
        conv = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)
    else:
        conv = nn.DepthwiseSeparable(
            in_channels, out_channels, 3, bias=False, norm=nn.BatchNorm2d, activation=nn.ReLU
        )
    return nn.Sequential(conv, nn.BatchNorm2d(out_channels), nn.ReLU())


def net(kind, width):
    return nn.Sequential(
        block("standard", 1, width),  # (N, 1, 16, 16) -> (N, width, 16, 16)
        nn.MaxPool2d(2),  # -> (N, width, 8, 8)
        block(kind, width, 2 * width),
        block(kind, 2 * width, 2 * width),  # -> (N, 2 width, 8, 8)
        nn.MaxPool2d(2),  # -> (N, 2 width, 4, 4)
        block(kind, 2 * width, 2 * width),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),  # -> (N, 2 width)
        nn.Linear(2 * width, 10),
    )


VARIANTS = {
    "standard": ("standard", 16),
    "separable": ("separable", 16),
    "separable, wide": ("separable", 32),
    "standard, narrow": ("standard", 6),
}

# %% [markdown]
# ## Training


# %%
def digits(train, n):
    dataset = WarpedDigits(train, n=n, size=16, scale=(1, 1.6), degrees=45)
    return mg.tensor(dataset.data).float().unsqueeze(1) / 255, mg.tensor(dataset.targets)


x_train, y_train = digits(True, 96 if lesson.quick else 2000)
x_test, y_test = digits(False, 100 if lesson.quick else 1000)
BATCH = 32
PER_EPOCH = len(x_train) // BATCH


def fit(model):
    """Trains, and returns the milliseconds of the fastest step."""
    optimizer = optim.Adam(model.parameters())
    scheduler = optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.02, total_steps=EPOCHS * PER_EPOCH
    )
    seconds = []
    for _ in range(EPOCHS):
        order = mg.randperm(len(x_train))
        for i in range(PER_EPOCH):
            batch = order[i * BATCH : (i + 1) * BATCH]
            start = perf_counter()
            loss = nn.functional.cross_entropy(model(x_train[batch]), y_train[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            seconds.append(perf_counter() - start)
            scheduler.step()
    return 1000 * min(seconds)


def accuracy(model):
    model.eval()
    with mg.no_grad():
        return (model(x_test).argmax(1) == y_test).float().mean().item()


results = {variant: [] for variant in VARIANTS}
costs = {}  # parameters, multiply-adds of one image, milliseconds of a step
for variant, _ in lesson.runs(list(VARIANTS)):
    model = net(*VARIANTS[variant])
    ms = fit(model)
    results[variant].append(accuracy(model))
    summary = mg.summary(model, (1, 1, 16, 16))
    fastest = min(ms, costs[variant][2]) if variant in costs else ms
    costs[variant] = summary.parameters, summary.multiply_adds, fastest
    lesson.add(variant, model, results[variant][-1])

for variant, (parameters, multiply_adds, ms) in costs.items():
    work = f"{parameters:7,} weights {multiply_adds:10,} multiply-adds"
    print(f"{variant:17} {work} {ms:6.1f} ms a step")

# %% [markdown]
# ## The picture
#
# At the top all weights of the layer from 32 to 64 channels, to scale: a row for each output
# channel, nine columns for each input channel. The separable layer is a product of two matrices,
# one of them nearly empty.

# %%
COLORS = {"standard": "#3b6ea8", "separable": "#d9772b"}
figure = Figure(figsize=(12, 10.5), layout="constrained")
top, middle, bottom = figure.subfigures(3, 1, height_ratios=[0.55, 1.2, 1.1])

depthwise = np.full((32, 32, 9), np.nan)  # to channel, from channel, tap; nan: no weight
depthwise[range(32), range(32)] = separable.depthwise.weight.detach().numpy().reshape(32, 9)
pointwise = separable.pointwise.weight.detach().numpy().reshape(64, 32)
axes = top.subplots()
for matrix, left, title in [
    (standard.weight.detach().numpy().reshape(64, 288), 0, "standard: 64 x 288 = 18,432 weights"),
    (pointwise, 350, "pointwise: 2,048"),
    (depthwise.reshape(32, 288), 420, "depthwise: 288, on the diagonal only"),
]:
    height, width = matrix.shape
    shades = (matrix - np.nanmean(matrix)) / np.nanstd(matrix)
    axes.imshow(shades, extent=(left, left + width, 0, height), vmin=-2.5, vmax=2.5)
    axes.add_patch(Rectangle((left, 0), width, height, fill=False))
    axes.text(left + width / 2, height + 5, title, ha="center")
for x, sign in (319, "or"), (401, "·"):
    axes.text(x, 32, sign, ha="center", va="center", fontsize=14)
axes.set(xlim=(-4, 712), ylim=(-4, 80))
axes.set_axis_off()
axes.set_title("All weights of a 3x3 layer from 32 to 64 channels, to scale (white: none)")

SCALES = [
    ("parameters", [4_000, 8_000, 16_000]),
    ("multiply-adds of one image", [200_000, 400_000, 800_000]),
    ("milliseconds of a training step", [10, 20, 40]),
]
panels = middle.subplots(1, 3, sharey=True)
for cost, (axes, (label, ticks)) in enumerate(zip(panels, SCALES, strict=True)):
    for variant, (kind, width) in VARIANTS.items():
        values = 100 * np.array(results[variant])
        place = costs[variant][cost]
        axes.plot([place] * len(values), values, ".", color=COLORS[kind], alpha=0.5)
        axes.plot(place, values.mean(), "o", color=COLORS[kind], markersize=9)
        offset, side = {"standard": (-9, "right"), "separable": (9, "left")}[kind]
        axes.annotate(
            f"width {width}", (place, values.mean()), (offset, -3), textcoords="offset points",
            ha=side, fontsize=9, color=COLORS[kind],
        )  # fmt: skip
    axes.set(xlabel=label, xscale="log")
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.minorticks_off()
    axes.margins(0.35, 0.1)
    axes.grid(color="#e4e4e4", linewidth=0.6)
panels[0].set_ylabel("test accuracy, %")
for kind, color in COLORS.items():
    panels[0].plot([], [], "o", color=color, label=kind)
panels[0].legend(frameon=False, loc="lower right")
middle.suptitle("The four nets (small dots: seeds). Farther left is cheaper")

saved_work = [9 * 2 * c / (9 + 2 * c) for c in CHANNELS]
saved_time = np.divide(layer_ms["standard"], layer_ms["separable"])
left, right = bottom.subplots(1, 2)
for kind, values in layer_ms.items():
    left.loglog(CHANNELS, values, "o-", color=COLORS[kind], label=kind)
left.set_yticks([1, 3, 10, 30, 100], [1, 3, 10, 30, 100])
left.set_ylabel("milliseconds, forward and backward")
left.set_title("One layer: where does separating begin to pay?")
right.semilogx(CHANNELS, saved_work, "o-", color="#888888", label="multiply-adds")
right.semilogx(CHANNELS, saved_time, "o-", color="black", label="time")
right.axhline(1, color="black", linestyle=":", linewidth=1)
right.set_ylim(0, None)
right.set_title("How many times less the separable layer takes")
for axes in left, right:
    axes.set_xticks(CHANNELS, CHANNELS)
    axes.minorticks_off()
    axes.set_xlabel("input channels (twice as many outputs)")
    axes.legend(frameon=False)
lesson.finish(figure)

# %% [markdown]
# ## What the numbers show
#
# With three seeds: 93.8 % for the standard net of width 16, 89.0 % for the separable net of the
# same width. It has a sixth of the weights and of the multiply-adds, and they are missed. But
# weights are spent well there: the standard net that is as small reaches 84.7 % only.
#
# Twice as wide, the separable net comes to 93.2 %, half a point behind the standard one, with 56 %
# of its weights and of its multiply-adds. That is the honest saving at about equal accuracy: not
# eight times, less than two.
#
# And no time is saved here. At the same width a step takes about as long as the standard net's, at
# twice the width nearly twice as long: the depthwise parts wait for memory, and there are more maps
# to normalize, and norms do not get cheaper. Separating pays in time where there are many channels:
# at 128 to 256 the layer takes 9 times fewer multiply-adds and 2 to 3 times less time. It was made
# for large nets on phones, where weights and energy count, too. Your times will differ; look at
# where the curves cross.
