# %% [markdown]
# # Squeeze and excitation, selective kernels: does it help to weigh the channels?
#
# A convolution treats every image alike: the same weights, whatever is on it. A channel attention
# block looks at the whole map first and then decides how much each channel counts:
#
# - SE (Hu, Shen & Sun, 2018) gives each channel a number between 0 and 1;
# - SK (Li, Wang, Hu & Yang, 2019) sees with a narrow and a wide kernel, and mixes them.
#
# The data is CIFAR-10 where it is on this machine, else drawn shapes. `--quick`: a moment only.

# %%
import numpy as np
from lesson import Lesson
from matplotlib.figure import Figure

import minigrad as mg
from minigrad import nn, optim
from minigrad.datasets import CIFAR10, SyntheticShapes

try:
    train, test, name, epochs = CIFAR10(batches=[1]), CIFAR10(train=False), "CIFAR-10", 3
except RuntimeError:  # no CIFAR-10 here
    shapes = {"size": 32, "channels": 3, "n": 600}
    train, test, name = SyntheticShapes(**shapes), SyntheticShapes(False, **shapes), "shapes"
    epochs = 10

lesson = Lesson("04_se_sk_cifar", data=name, metric="test accuracy", percent=True)
BATCH, EPOCHS = 50, 1 if lesson.quick else epochs


def arrays(dataset, n):
    images = (dataset.data[:n] / 255 - dataset.mean) / dataset.std
    return mg.tensor(images).float().permute(0, 3, 1, 2), mg.tensor(dataset.targets[:n])


x_train, y_train = arrays(train, 100 if lesson.quick else 3000)
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

# %% [markdown]
# The two layers have C · C/r weights each, 2 C² / r. With C = 48, r = 4: 1,152, where one 3x3
# convolution has 9 C² = 20,736.
#
# ## SK: split, fuse, select
#
# Split: a 3x3 kernel and one of dilation 2, which sees 5x5 with as many weights. Fuse: the mean of
# the sum of both becomes d numbers. Select: for each channel two numbers, and softmax makes shares
# of them. With two groups, both kernels together have the weights of one standard 3x3 convolution.

# %%
with mg.no_grad():
    block = nn.SKBlock(48, groups=2, minimum_width=8)
    narrow, wide = (branch(x) for branch in block.branches)  # split
    fused = block.fuse((narrow + wide).mean((2, 3)))  # fuse: (N, C) -> (N, d)
    shares = block.select(fused).reshape(2, 2, 48).softmax(1)  # select: (N, d) -> (N, 2, C)
    y = (shares.reshape(2, 2, 48, 1, 1) * mg.stack([narrow, wide], 1)).sum(1)
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
        down = nn.Conv2d(in_channels, channels, 3, stride=2, padding=1, bias=False)
        self.first = nn.Sequential(down, nn.BatchNorm2d(channels), nn.ReLU())
        if kind == "SK":
            self.second = nn.SKBlock(channels, groups=2, minimum_width=8)
        else:
            conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
            self.second = nn.Sequential(conv, nn.BatchNorm2d(channels))
        self.weigh = nn.SEBlock(channels, reduction=4) if kind == "SE" else nn.Identity()
        match = nn.Conv2d(in_channels, channels, 1, stride=2, bias=False)
        self.shortcut = nn.Sequential(match, nn.BatchNorm2d(channels))

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


# %%
def fit(model):
    optimizer = optim.Adam(model.parameters())
    steps = EPOCHS * len(x_train) // BATCH
    scheduler = optim.lr_scheduler.OneCycleLR(optimizer, 0.01, steps)
    for _ in range(EPOCHS):
        for batch in mg.randperm(len(x_train)).reshape(-1, BATCH):
            loss = nn.functional.cross_entropy(model(x_train[batch]), y_train[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()


def look(model, images):
    """The guesses, and each attention block's weights, (N, C); of SK the wide kernel's."""
    blocks = [layer for layer in model.modules() if isinstance(layer, (nn.SEBlock, nn.SKBlock))]
    model.eval()
    guesses, weights = [], [[] for _ in blocks]
    with mg.no_grad():
        for i in range(0, len(images), 100):
            guesses.append(model(images[i : i + 100]).argmax(1).numpy())
            for block, kept in zip(blocks, weights, strict=True):
                seen = block.last_attention.numpy()  # of this batch
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
# Of the last seed. SE: the mean weights of each class. A column of one shade counts alike for all.
# SK: the share of the wide kernel. In the paper it grows with the object; so we also enlarge.

# %%
enlarged = nn.functional.interpolate(x_test[:, :, 5:27, 5:27], size=(32, 32), mode="bilinear")
_, se_weights = look(models["SE"], x_test)
_, sk_shares = look(models["SK"], x_test)
_, sk_enlarged = look(models["SK"], enlarged)


def by_class(weights):
    return np.stack([weights[labels == c].mean(0) for c in range(len(test.classes))])


figure = Figure(figsize=(11, 8.5), layout="constrained")
top, middle, bottom = figure.subfigures(3, 1, height_ratios=[1, 1.2, 0.8])
left, right = top.subplots(1, 2)
for i, values in enumerate(results.values()):
    left.plot(100 * np.array(values), [i] * len(values), "o", color="#3b6ea8", alpha=0.5)
    left.plot(100 * np.mean(values), i, "|", color="black", markersize=22)
left.set_yticks(range(len(VARIANTS)), VARIANTS)
left.set(xlabel="test accuracy, %", ylim=(3.5, -0.5), title="Four nets (dot: seed, line: mean)")

for color, size, both in ("#3b6ea8", "as it is", sk_shares), ("#d9772b", "enlarged", sk_enlarged):
    for line, place, shares in zip(["o:", "o-"], ["first", "last"], both, strict=True):
        label = f"{place} block, {size}"
        right.plot(by_class(shares).mean(1), line, color=color, label=label)
        print(f"SK, {label}: {shares.mean():.3f} wide")
right.set_xticks(range(len(test.classes)), test.classes, rotation=30, ha="right")
right.set_title("SK: share of the wide kernel")
right.margins(y=0.4)
right.legend(frameon=False, fontsize=8, loc="upper center", ncols=2)

panels = middle.subplots(1, 2, width_ratios=[1, 1.6])
for axes, weights, place in zip(panels, se_weights, ["first", "last"], strict=True):
    means = by_class(weights)
    order = means.mean(0).argsort()
    shades = axes.imshow(means[:, order], aspect="auto", vmin=0, vmax=1, interpolation="nearest")
    axes.set_yticks(range(len(means)), test.classes)
    axes.set(xlabel="channel, sorted by its mean weight", title=f"SE weights, {place} block")
middle.colorbar(shades, label="0: closed, 1: open")

channel = by_class(se_weights[1]).std(0).argmax()
order = se_weights[1][:, channel].argsort()
rows = test.data[[order[:-15:-1], order[:14]]]  # (2, 14, 32, 32, 3)
axes = bottom.subplots()
axes.imshow(rows.transpose(0, 2, 1, 3, 4).reshape(64, 14 * 32, 3))
axes.set_axis_off()
axes.set_title("SE, the last block's channel that differs most between classes: images that open it"
               "\nfurthest (above) and that close it furthest (below)")  # fmt: skip
lesson.finish(figure)

# %% [markdown]
# ## What the numbers show
#
# On CIFAR-10, three seeds: 42.6 % for both plain nets, 42.3 % for SK, 41.2 % for SE, each ± 1.
# These differences are hardly more than the spread: here the blocks do not help. The papers' nets
# are deep and wide and learn from a million images; this one sees 3,000, three times.
#
# Yet SE has learned something. Its first block treats all classes almost alike, its last one does
# not, as in the paper: machines and animals open different channels. SK's last block leans to the
# wide kernel, 58 to 42; its first is undecided, or not, by the seed. That the share grows with the
# object we do not see (an enlarged image is also blurred). Readable weights prove no benefit.
