# %% [markdown]
# # Conv3d: a kernel that sees motion
#
# A digit moves, in one of eight directions. In which? No single frame can tell: the start is
# anywhere, and what leaves at one side comes in again at the other. Only the order of the frames
# tells. Three nets look at the same clips:
#
# - late fusion: a Conv2d net looks at each frame by itself, and its answers are averaged;
# - early fusion: a Conv2d net takes the frames as its input channels;
# - 3-D: the kernels of a Conv3d net have a depth in time and slide along the clip, too (Ji et al.,
#   2013; Tran et al., C3D, 2015).
#
# `--quick` trains for a moment only.

# %%
import numpy as np
from lesson import Lesson
from matplotlib.figure import Figure

import minigrad as mg
from minigrad import nn, optim
from minigrad.datasets import MovingDigits

lesson = Lesson(
    "13_conv3d_moving_digits", data="moving digits", metric="test accuracy", percent=True
)
EPOCHS = 1 if lesson.quick else 5
FRAMES = 6

# %% [markdown]
# ## The clips
#
# Six frames of 16x16 pixels; the digit moves 1 or 2 pixels a frame along each axis that moves.


# %%
def clips(train, n, frames=FRAMES):
    dataset = MovingDigits(train, n=n, frames=frames, directions=8, speed=(1, 2))
    return mg.tensor(dataset.data).float() / 255, mg.tensor(dataset.targets)


x_train, y_train = clips(True, 96 if lesson.quick else 1600)
x_test, y_test = clips(False, 80 if lesson.quick else 800)
DIRECTIONS = MovingDigits.names
print(f"{len(x_train)} clips to learn from, each {tuple(x_train.shape[1:])}")

# %% [markdown]
# ## A kernel with a depth
#
# A 3x3 kernel of a Conv2d reaches over all of its input channels. So with the frames as channels,
# it is 6x3x3: it sees the whole clip at once, and gives a single map. Time is gone after the first
# layer. A 3x3x3 kernel of a Conv3d sees three frames; it slides along time and gives a map for each
# frame, so that the next layer can look at motion again. For that it has to work at every frame:


# %%
frame = nn.Conv2d(1, 8, 3, padding=1)  # one frame
early = nn.Conv2d(FRAMES, 8, 3, padding=1)  # six frames as channels
deep = nn.Conv3d(1, 8, 3, padding=1)
for name, layer, shape in [
    ("each frame by itself", frame, (1, 1, 16, 16)),
    ("frames as channels", early, (1, FRAMES, 16, 16)),
    ("3-D", deep, (1, 1, FRAMES, 16, 16)),
]:
    row = mg.summary(layer, shape).rows[0]
    times = FRAMES if layer is frame else 1
    print(
        f"{name:21} weight {tuple(layer.weight.shape)!s:17} output {row.shape!s:21}"
        f"{row.parameters:4} parameters {times * row.multiply_adds:9,} multiply-adds a clip"
    )

# %% [markdown]
# ## The nets
#
# The same layers, in widths that give each net about 3,900 parameters.


# %%
def conv2d_net(in_channels, width):
    return nn.Sequential(
        nn.Conv2d(in_channels, width, 3, padding=1),  # -> (N, width, 16, 16)
        nn.ReLU(),
        nn.MaxPool2d(2),  # -> (N, width, 8, 8)
        nn.Conv2d(width, 2 * width, 3, padding=1),
        nn.ReLU(),
        nn.GlobalAvgPool2d(),
        nn.Flatten(),  # -> (N, 2 width)
        nn.Linear(2 * width, 8),
    )


class LateFusion(nn.Layer):
    def __init__(self):
        super().__init__()
        self.net = conv2d_net(1, width=14)

    def forward(self, x):
        n, frames = x.shape[:2]
        logits = self.net(x.reshape(n * frames, 1, 16, 16))
        return logits.reshape(n, frames, 8).mean(1)


def conv3d_net(width=8):
    return nn.Sequential(
        nn.Unflatten(1, (1, -1)),  # (N, 6, 16, 16) -> (N, 1, 6, 16, 16)
        nn.Conv3d(1, width, 3, padding=1),  # -> (N, 8, 6, 16, 16)
        nn.ReLU(),
        nn.MaxPool3d((1, 2, 2)),  # -> (N, 8, 6, 8, 8): not along time
        nn.Conv3d(width, 2 * width, 3, padding=1),
        nn.ReLU(),
        nn.GlobalAvgPool3d(),
        nn.Flatten(),  # -> (N, 16)
        nn.Linear(2 * width, 8),
    )


NETS = {
    "late fusion": LateFusion,
    "early fusion": lambda: conv2d_net(FRAMES, width=13),
    "3-D": conv3d_net,
}
work = {
    "late fusion": FRAMES * mg.summary(conv2d_net(1, width=14), (1, 1, 16, 16)).multiply_adds,
    "early fusion": mg.summary(conv2d_net(FRAMES, width=13), (1, FRAMES, 16, 16)).multiply_adds,
    "3-D": mg.summary(conv3d_net()[1:], (1, 1, FRAMES, 16, 16)).multiply_adds,
}
for variant, multiply_adds in work.items():
    print(f"{variant:13} {multiply_adds:9,} multiply-adds a clip")

# %% [markdown]
# ## Training

# %%
BATCH = 32
PER_EPOCH = len(x_train) // BATCH


def fit(model):
    optimizer = optim.Adam(model.parameters())
    scheduler = optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.01, total_steps=EPOCHS * PER_EPOCH
    )
    for _ in range(EPOCHS):
        order = mg.randperm(len(x_train))
        for i in range(PER_EPOCH):
            batch = order[i * BATCH : (i + 1) * BATCH]
            loss = nn.functional.cross_entropy(model(x_train[batch]), y_train[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()


def guess(model, x):
    with mg.no_grad():
        return np.concatenate([model(part).argmax(1).numpy() for part in x.split(100)])


LENGTHS = [2, 6, 12] if lesson.quick else [2, 3, 4, 6, 8, 12]
other_lengths = {n: clips(False, 80 if lesson.quick else 400, n) for n in LENGTHS}
OPPOSITE = np.array([2, 3, 0, 1, 6, 7, 4, 5])  # of each direction's number
results = {variant: [] for variant in NETS}
models = {}  # of seed 0
by_length = []  # of the 3-D net: a row for each seed
for variant, seed in lesson.runs(list(NETS)):
    model = NETS[variant]()
    fit(model)
    results[variant].append((guess(model, x_test) == y_test.numpy()).mean())
    lesson.add(variant, model, results[variant][-1])
    if seed == 0:
        models[variant] = model
    if variant == "3-D":
        by_length.append([(guess(model, x) == y.numpy()).mean() for x, y in other_lengths.values()])

# %% [markdown]
# ## Played backwards
#
# A clip that is played backwards shows the opposite direction. What do the nets say then? An
# average over frames does not know their order: late fusion gives the same answer as before.

# %%
for variant, model in models.items():
    forwards, backwards = guess(model, x_test), guess(model, x_test.flip(1))
    print(
        f"{variant:13} the same answer for {(backwards == forwards).mean():6.1%} of the clips, "
        f"the opposite one for {(backwards == OPPOSITE[forwards]).mean():6.1%}"
    )

# %% [markdown]
# ## Clips of other lengths
#
# A 3-D kernel slides, and the average at the end takes any number of frames. The kernels of early
# fusion are as deep as the clip; another length is an error.

# %%
for n, accuracy in zip(LENGTHS, np.mean(by_length, 0), strict=True):
    print(f"3-D, learned from {FRAMES} frames, on {n:2} frames: {accuracy:.1%}")
try:
    models["early fusion"](other_lengths[12][0])
except ValueError as error:
    print("early fusion on 12 frames:", error)

# %% [markdown]
# ## The picture
#
# A clip is a block of pixels: two axes of space, one of time. Look at it from above, so that the
# rows lie on each other: what moves to the right is a stripe that slants. Its slope is the speed. A
# 2-D kernel has no such slant in it; a 3-D one is a little film.

# %%
COLORS = {"late fusion": "#888888", "early fusion": "#d9772b", "3-D": "#3b6ea8"}
figure = Figure(figsize=(12, 12), layout="constrained")
strip, slopes, kernels, charts = figure.subfigures(4, 1, height_ratios=[0.8, 0.95, 1, 1.15])


def show(axes, image, title="", **options):
    axes.imshow(image, **{"cmap": "gray", "vmin": 0, "vmax": 1} | options)
    axes.set_title(title, fontsize=9)
    axes.set(xticks=[], yticks=[])


RIGHT = 8  # a clip of the test set that moves to the right
for i, axes in enumerate(strip.subplots(1, FRAMES)):
    show(axes, x_test[RIGHT, i], f"frame {i + 1}")
strip.suptitle(f"A clip: {DIRECTIONS[y_test[RIGHT].item()]}. Any single frame could be of any clip")

long, label = clips(False, 16, 16)
panels = slopes.subplots(1, 8)
for axes, i in zip(panels, (8, 9, 10, 11, 12, 13, 14, 15), strict=True):
    show(axes, long[i].amax(1), DIRECTIONS[label[i].item()])
panels[0].set_ylabel("time, downwards")
panels[0].set_xlabel("x")
slopes.suptitle(
    "Clips of 16 frames seen from above, all rows on each other: motion along x is a slant"
)

conv = models["3-D"][1]
with mg.no_grad():
    maps = models["3-D"][:3](x_test)  # (N, 8, 6, 16, 16)
by_clip = maps.mean((2, 3, 4)).numpy()
by_direction = np.array([by_clip[y_test.numpy() == d].mean(0) for d in range(8)])
for k, film in enumerate(kernels.subfigures(2, 4, wspace=0.06).flat):
    weight = conv.weight.detach().numpy()[k, 0]
    most = abs(weight).max()
    for axes, frame in zip(film.subplots(1, 3), weight, strict=True):
        show(axes, frame, cmap="RdBu_r", vmin=-most, vmax=most)
    best = by_direction[:, k].argmax()
    gain = by_direction[best, k] / by_direction[:, k].mean() - 1
    film.suptitle(f"{DIRECTIONS[best]} (+{gain:.0%})", fontsize=10)
kernels.suptitle(
    "The kernels of the first 3-D layer, films of three frames (red: +). Above each: for which "
    "direction it\nanswers most, and by how much more than on the average"
)

left, right = charts.subplots(1, 2)
for place, (variant, values) in enumerate(results.items()):
    values = 100 * np.array(values)
    left.bar(place, values.mean(), color=COLORS[variant], alpha=0.6, width=0.6)
    left.plot([place] * len(values), values, "o", color=COLORS[variant], markersize=4)
    left.text(place, values.mean() + 3, f"{values.mean():.1f}", ha="center")
left.axhline(12.5, color="black", linestyle=":", linewidth=1)
left.text(0.5, 14, "chance", ha="center")
left.set_xticks(range(3), list(results))
left.set(ylim=(0, 112), ylabel="test accuracy, %", title="Eight directions (dots: seeds)")

for values in by_length:
    right.plot(LENGTHS, 100 * np.array(values), ".", color=COLORS["3-D"], alpha=0.5)
right.plot(LENGTHS, 100 * np.mean(by_length, 0), "o-", color=COLORS["3-D"], label="3-D")
accuracy = 100 * np.mean(results["early fusion"])
right.plot(FRAMES, accuracy, "s", color=COLORS["early fusion"], label="early fusion: 6 only")
right.axhline(12.5, color="black", linestyle=":", linewidth=1)
right.set(ylim=(0, 112), xlabel="frames of the test clips (training: 6)", xticks=LENGTHS)
right.set_title("Clips of other lengths: early fusion cannot take them")
right.legend(frameon=False, loc="lower right")
lesson.finish(figure)

# %% [markdown]
# ## What the numbers show
#
# With three seeds: 12.5% for late fusion, exactly chance; 99.2% for early fusion, 99.0% for 3-D;
# the seeds differ by more than these two. Late fusion cannot do better, however long it trains:
# played backwards, its frames are the same frames. What it lacks is not weights but order.
#
# So here the 3-D net is not better than early fusion, and it has to work 4.4 times as much. What it
# has for that: it takes clips of any length, and knows their order. Trained on 6 frames, it does as
# well on 12. On shorter ones it falls off, most at 2 frames: there every kernel hangs over an end
# of the clip, where it meets zeros. In the training most did not.
#
# The kernels show what they look for: an edge in one frame, and in the next the same edge somewhere
# else. No direction has a kernel of its own. Each kernel answers to several directions, to some
# more than to others; the layers behind weigh them against each other.
