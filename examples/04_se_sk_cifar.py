# %% [markdown]
# # Squeeze and excitation, selective kernels: does it help to weigh the channels?
#
# A convolution treats every image alike: the same weights, whatever is on it. A channel attention
# block looks at the whole map first and then decides how much each channel counts:
#
# - SE (Hu, Shen & Sun, 2018) gives each channel a number between 0 and 1;
# - SK (Li, Wang, Hu & Yang, 2019) sees with a narrow and a wide kernel, and decides for each
#   channel how much of which to take.
#
# The data is CIFAR-10 where it is on this machine (the test file and the first training file are
# enough), else drawn shapes. `--quick` trains for a moment only.

# %%
import numpy as np
from lesson import Lesson
from matplotlib.figure import Figure

import minigrad as mg
from minigrad import nn, optim
from minigrad.datasets import CIFAR10, SyntheticShapes

try:
    train, test, name = CIFAR10(batches=[1]), CIFAR10(train=False), "CIFAR-10"
except RuntimeError:  # no CIFAR-10 here
    shapes = {"image_size": 32, "channels": 3}
    train, test, name = SyntheticShapes(**shapes), SyntheticShapes(False, **shapes), "shapes"

lesson = Lesson("04_se_sk_cifar", data=name, metric="test accuracy", percent=True)
BATCH, EPOCHS = 50, 1 if lesson.quick else 3


def arrays(dataset, n):
    images = (dataset.data[:n] / 255 - dataset.mean) / dataset.std
    return mg.tensor(images).float().permute(0, 3, 1, 2), mg.tensor(dataset.targets[:n])


x_train, y_train = arrays(train, 100 if lesson.quick else 4000)
x_test, y_test = arrays(test, 100 if lesson.quick else 2000)
print(f"{len(x_train):,} training and {len(x_test):,} test images of {name}")

# %% [markdown]
# ## SE: squeeze, excite, scale
#
# Squeeze: the mean of each channel over all positions. Excite: two linear layers, through a waist
# of C/r numbers, then sigmoid. Scale: each channel times its number. By hand:

# %%
with mg.no_grad():
    x = mg.randn(2, 48, 4, 4)  # (N, C, H, W)
    block = nn.SEBlock(48, reduction=4)
    z = x.mean((2, 3))  # squeeze: (N, C, H, W) -> (N, C)
    s = block.fc2(block.fc1(z).relu()).sigmoid()  # excite: (N, C) -> (N, C/r) -> (N, C)
    y = s.reshape(2, 48, 1, 1) * x  # scale
    print("SE:", x.shape, "->", z.shape, "->", s.shape, "->", y.shape)
    print("as the block does it:", np.allclose(y.numpy(), block(x).numpy(), atol=1e-6))

# %% [markdown]
# The two layers have C · C/r and C/r · C weights, together 2 C² / r. With C = 48, r = 4 that is
# 1,152, where one 3x3 convolution has 9 C² = 20,736.
#
# ## SK: split, fuse, select
#
# Split: a 3x3 kernel and one of dilation 2, which sees 5x5 with as many weights. Fuse: the mean of
# the sum of both becomes d numbers. Select: for each channel two numbers, and softmax makes shares
# of them. With two groups, both kernels together have the weights of one standard 3x3 convolution.

# %%
with mg.no_grad():
    block = nn.SKBlock(48, groups=2, minimum_width=8)
    narrow, wide = (branch(x) for branch in block.branches)  # split: each (N, C, H, W)
    fused = block.fuse((narrow + wide).mean((2, 3)))  # fuse: (N, C) -> (N, d)
    shares = block.select(fused).reshape(2, 2, 48).softmax(1)  # select: (N, d) -> (N, 2, C)
    a, b = (shares[:, m].reshape(2, 48, 1, 1) for m in (0, 1))
    y = a * narrow + b * wide  # a + b = 1
    print("SK:", x.shape, "->", fused.shape, "->", shares.shape, "->", y.shape)

# %% [markdown]
# ## Four nets
#
# A small residual net: a stem and two blocks, 24 and 48 channels. SE weighs what the block adds to
# its shortcut; SK takes the place of the second convolution. Both cost weights, so a plain net with
# two channels more, and more weights than either, must show whether it is the weights that help.


# %%
class Residual(nn.Layer):
    def __init__(self, in_channels, channels, kind):
        super().__init__()
        self.first = nn.Sequential(  # halves the map
            nn.Conv2d(in_channels, channels, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        )
        if kind == "SK":
            self.second = nn.SKBlock(channels, groups=2, minimum_width=8)
        else:
            self.second = nn.Sequential(
                nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
            )
        self.weigh = nn.SEBlock(channels, reduction=4) if kind == "SE" else nn.Identity()
        self.shortcut = nn.Sequential(
            nn.Conv2d(in_channels, channels, 1, stride=2, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x):
        return (self.weigh(self.second(self.first(x))) + self.shortcut(x)).relu()


def net(kind, width):
    return nn.Sequential(
        nn.Conv2d(3, 12, 3, stride=2, padding=1, bias=False),  # (N, 3, 32, 32) -> (N, 12, 16, 16)
        nn.BatchNorm2d(12),
        nn.ReLU(),
        Residual(12, 24, kind),  # -> (N, 24, 8, 8)
        Residual(24, width, kind),  # -> (N, width, 4, 4)
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(width, len(test.classes)),
    )


VARIANTS = {"plain": ("plain", 48), "plain, wider": ("plain", 50), "SE": ("SE", 48),
            "SK": ("SK", 48)}  # fmt: skip

# %% [markdown]
# ## Training
#
# A block keeps its weights of the last batch in `last_attention`. In the test we collect them.


# %%
def fit(model):
    optimizer = optim.Adam(model.parameters())
    steps = EPOCHS * (len(x_train) // BATCH)
    scheduler = optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.01, total_steps=steps)
    for _ in range(EPOCHS):
        for batch in mg.randperm(len(x_train)).reshape(-1, BATCH):
            loss = nn.functional.cross_entropy(model(x_train[batch]), y_train[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()


def look(model, images):
    """The guesses, and for each attention block its weights: (N, C), of SK the wide kernel's."""
    blocks = [layer for layer in model.modules() if isinstance(layer, (nn.SEBlock, nn.SKBlock))]
    model.eval()
    guesses, weights = [], [[] for _ in blocks]
    with mg.no_grad():
        for i in range(0, len(images), 100):
            guesses.append(model(images[i : i + 100]).argmax(1).numpy())
            for block, kept in zip(blocks, weights, strict=True):
                seen = block.last_attention.numpy()
                kept.append(seen[:, 1] if seen.ndim == 3 else seen)
    return np.concatenate(guesses), [np.concatenate(kept) for kept in weights]


labels = y_test.numpy()
models, results = {}, {variant: [] for variant in VARIANTS}
for variant, _ in lesson.runs(list(VARIANTS)):
    models[variant] = model = net(*VARIANTS[variant])
    fit(model)
    results[variant].append((look(model, x_test)[0] == labels).mean())
    lesson.add(variant, model, results[variant][-1])

# %% [markdown]
# ## What the blocks decide
#
# Of the last seed. First the SE weights, the mean over each class: if a column has one shade, that
# channel counts alike for all classes. Then, of the channel that differs most between classes, the
# images that open and close it furthest. Last, how much SK takes of the wide kernel. The paper
# found: more, if the object is larger. So we enlarge the middle of the test images, 1.5 times.

# %%
enlarged = nn.functional.interpolate(x_test[:, :, 5:27, 5:27], size=(32, 32), mode="bilinear")
_, se_weights = look(models["SE"], x_test)
_, sk_shares = look(models["SK"], x_test)
_, sk_enlarged = look(models["SK"], enlarged)


def by_class(weights):
    return np.stack([weights[labels == c].mean(0) for c in range(len(test.classes))])


figure = Figure(figsize=(12, 11), layout="constrained")
top, middle, pictures, bottom = figure.subfigures(4, 1, height_ratios=[0.9, 1.3, 0.8, 1.2])
axes = top.subplots()
for i, values in enumerate(results.values()):
    axes.plot(100 * np.array(values), [i] * len(values), "o", color="#3b6ea8", alpha=0.5)
    axes.plot(100 * np.mean(values), i, "|", color="black", markersize=22)
axes.set_yticks(range(len(VARIANTS)), VARIANTS)
axes.set(xlabel="test accuracy, %", ylim=(len(VARIANTS) - 0.5, -0.5))
axes.grid(axis="x", color="#e4e4e4", linewidth=0.6)
axes.set_title("The four nets (dots: seeds, line: mean)")

for axes, weights, place in zip(
    middle.subplots(1, 2, width_ratios=[1, 1.6]), se_weights, ["first", "last"], strict=True
):
    means = by_class(weights)
    order = means.mean(0).argsort()
    shades = axes.imshow(means[:, order], aspect="auto", vmin=0, vmax=1, interpolation="nearest")
    axes.set_yticks(range(len(means)), test.classes, fontsize=9)
    axes.set(xlabel="channel, sorted by its mean weight", title=f"SE weights, {place} block")
middle.colorbar(shades, label="0: closed, 1: open")

channel = by_class(se_weights[1]).std(0).argmax()
order = se_weights[1][:, channel].argsort()
for axes, chosen, word in zip(
    pictures.subplots(2, 1), [order[:-15:-1], order[:14]], ["open", "close"], strict=True
):
    axes.imshow(np.concatenate(test.data[chosen], axis=1))
    s = se_weights[1][chosen, channel]
    axes.set_title(f"They {word} it furthest: s = {s.min():.2f} to {s.max():.2f}", fontsize=9)
    axes.set_axis_off()
pictures.suptitle(f"The last block's SE channel {channel}, which differs most between classes")

for axes, before, after, place in zip(
    bottom.subplots(1, 2, sharey=True), sk_shares, sk_enlarged, ["first", "last"], strict=True
):
    for shares, color, label in (before, "#3b6ea8", "as it is"), (after, "#d9772b", "enlarged"):
        axes.plot(by_class(shares).mean(1), "o-", color=color, label=label)
        print(f"SK, {place} block, {label}: {shares.mean():.3f} wide")
    axes.axhline(0.5, color="black", linestyle=":", linewidth=1)
    axes.set_xticks(range(len(test.classes)), test.classes, rotation=30)
    axes.set_title(f"SK: share of the wide kernel, {place} block")
axes.legend(frameon=False)
lesson.finish(figure)
