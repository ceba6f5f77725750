# %% [markdown]
# # A detector: where are the digits, and which?
#
# A classifier gives one answer to an image. A detector gives a list: for each digit a box, a class
# and a score. A single-shot detector lays a grid over the image, and each cell says at once: is the
# middle of a digit in me, what is its box, which digit?
# Redmon et al., You Only Look Once, 2016; Liu et al., SSD: Single Shot MultiBox Detector, 2016.
#
# The head can be fully connected, as in the first YOLO: every cell has weights of its own. Or it is
# convolutional, as in SSD and in every YOLO since: all cells share theirs. Which is better, and is
# it a matter of size? `--quick` trains for a moment only.

# %%
import numpy as np
from lesson import Lesson
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import minigrad as mg
from minigrad import nn, optim
from minigrad.datasets import DigitCanvas
from minigrad.nn import functional as F
from minigrad.transforms import ToTensor
from minigrad.utils.data import DataLoader

lesson = Lesson("10_detector", data="digits on a canvas", metric="mAP at IoU 0.5", percent=True)
SIDE, CELL, USUAL, CELLS = 32, 4, 12, 8  # canvas, cell, usual digit in pixels; cells in a row
canvas = {"target": "boxes", "size": SIDE, "digits": (1, 3), "transform": ToTensor()}
train = DigitCanvas(**canvas, n=64 if lesson.quick else 2000)
test = DigitCanvas(**canvas, train=False, n=20 if lesson.quick else 500)
epochs = 1 if lesson.quick else 6
print(f"{(train.labels >= 0).sum():,} digits to learn from, {(test.labels >= 0).sum():,} to test")

# %% [markdown]
# ## Two heads
#
# The body shrinks the image to a map with one pixel for each cell. Either head makes 15 numbers of
# it for each cell: 1 says how surely a digit has its middle here, 4 are its box, 10 its class.
# To have as few parameters, the fully connected head is squeezed to 4 channels; so that this is not
# what decides, there is a wide one, too.


# %%
def conv(c_in, c_out):
    convolution = nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(c_out), nn.ReLU())


def body():
    shrink = nn.MaxPool2d(2)
    return nn.Sequential(conv(1, 8), shrink, conv(8, 32), shrink, conv(32, 40))  # -> (N, 40, 8, 8)


def fully_connected(channels, hidden):
    squeeze = [nn.Conv2d(40, channels, 1), nn.ReLU(), nn.Flatten()]
    mix = [nn.Linear(channels * CELLS**2, hidden), nn.BatchNorm1d(hidden), nn.ReLU()]
    answer = [nn.Linear(hidden, 15 * CELLS**2), nn.Unflatten(1, (15, CELLS, CELLS))]
    return nn.Sequential(body(), *squeeze, *mix, *answer)


def convolutional():
    return nn.Sequential(body(), conv(40, 40), conv(40, 40), nn.Conv2d(40, 15, 1))


VARIANTS = {
    "fully connected": lambda: fully_connected(channels=4, hidden=24),
    "fully connected, wide": lambda: fully_connected(channels=16, hidden=256),
    "convolutional": convolutional,
}

# %% [markdown]
# ## What the cells are to say
#
# The cell with the middle of a digit is responsible for it. Its box: how far the middle lies from
# the cell's, in cells, and the logarithm of width and height in usual digits. All are around 0.


# %%
def encode(boxes, labels):
    """Boxes (N, K, 4), labels (N, K) -> there (N, 8, 8), box (N, 4, 8, 8), class (N, 8, 8)."""
    there, label = np.zeros((len(boxes), CELLS, CELLS)), np.full((len(boxes), CELLS, CELLS), -1)
    box = np.zeros((len(boxes), 4, CELLS, CELLS))
    image, k = np.nonzero(labels >= 0)
    upper, lower = boxes[image, k, :2], boxes[image, k, 2:]
    middle = (upper + lower) / 2 / CELL
    cell = middle.astype(int)
    at = image, cell[:, 1], cell[:, 0]
    there[at] = 1
    box[at[0], :, at[1], at[2]] = np.c_[middle - cell - 0.5, np.log((lower - upper) / USUAL)]
    label[at] = labels[image, k]
    return mg.tensor(there).float(), mg.tensor(box).float(), mg.tensor(label)


def fit(model):
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    batches = DataLoader(train, batch_size=32, shuffle=True)
    scheduler = optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=epochs * len(batches))
    for _ in range(epochs):
        for images, truth in batches:
            there, box, label = encode(truth["boxes"].numpy(), truth["labels"].numpy())
            out = model(images)
            sure = F.binary_cross_entropy_with_logits(out[:, 0], there, reduction="sum")
            off = F.smooth_l1_loss(out[:, 1:5], box, reduction="none") * there.unsqueeze(1)
            wrong = F.cross_entropy(out[:, 5:], label, ignore_index=-1, reduction="sum")
            loss = (sure + 4 * off.sum() + wrong) / there.sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()


# %% [markdown]
# ## From cells back to boxes
#
# `decode` undoes `encode`. A box scores how surely there is a digit, times its class probability.
# Neighboring cells often find the same digit, so non-maximum suppression goes through the boxes,
# the best first, and keeps those that overlap none of the kept ones. Digits never overlap here, so
# it need not look at the classes.


# %%
def decode(outputs):
    """(N, 15, rows, columns) -> boxes (N, cells, 4), scores (N, cells), classes (N, cells)."""
    likely, label = outputs[:, 5:].softmax(1).max(1)
    score = outputs[:, 0].sigmoid() * likely
    off = outputs[:, 1:5].numpy()
    row, column = np.indices(off.shape[2:])
    middle = (off[:, :2] + np.stack([column, row]) + 0.5) * CELL
    half = np.exp(off[:, 2:].clip(-2, 2)) * USUAL / 2
    boxes = np.concatenate([middle - half, middle + half], 1)  # (N, 4, rows, columns)
    boxes = boxes.reshape(len(boxes), 4, -1).swapaxes(1, 2)
    return boxes, score.flatten(1).numpy(), label.flatten(1).numpy()


def pairwise_iou(a, b):
    """Intersection over union of boxes (n, 4) and (m, 4): (n, m)."""
    upper, lower = np.maximum(a[:, None, :2], b[:, :2]), np.minimum(a[:, None, 2:], b[:, 2:])
    both = (lower - upper).clip(0).prod(-1)
    area_a, area_b = ((box[:, 2:] - box[:, :2]).prod(-1) for box in (a, b))
    return both / (area_a[:, None] + area_b - both)


def suppress(boxes, scores, overlap=0.3):
    """Non-maximum suppression: the indices of the boxes that stay, the best first."""
    ious, kept = pairwise_iou(boxes, boxes), []
    for i in np.argsort(-scores):
        if not kept or ious[i, kept].max() < overlap:
            kept.append(i)
    return kept


def detect(model, images, suppressing=True):
    """For each image: boxes (n, 4), scores (n,) and classes (n,)."""
    model.eval()
    with mg.no_grad():
        everything = decode(model(images))
    found = []
    for boxes, scores, labels in zip(*everything, strict=True):
        some = np.flatnonzero(scores > 0.05)  # the others would hardly change the measure
        if suppressing:
            some = some[suppress(boxes[some], scores[some])]
        found.append((boxes[some], scores[some], labels[some]))
    return found


# %% [markdown]
# ## The measure
#
# Average precision (AP) of one class: go through all its boxes in the test set, the surest first. A
# box is a hit if it overlaps a digit of its class, not taken yet, with an IoU of 0.5 or more.
# Behind each box, precision is the share of hits so far and recall the share of digits found. AP is
# the area under precision over recall, where precision is the best that is reached from there on.
# mAP is the mean over the ten classes. With all classes made one, the same function tells how well
# digits are found, whichever they are.


# %%
def average_precision(found, boxes, labels, digit):
    """`found`: by `detect`; `boxes`, `labels`: what is there."""
    hits, scores, digits = [], [], 0
    for (box, score, label), truth, truths in zip(found, boxes, labels, strict=True):
        mine = np.flatnonzero(label == digit)
        mine = mine[np.argsort(-score[mine])]
        ious = pairwise_iou(box[mine], truth[truths == digit])
        digits += ious.shape[1]
        for i, row in zip(mine, ious, strict=True):
            hits.append((row >= 0.5).any())
            scores.append(score[i])
            if hits[-1]:
                ious[:, row.argmax()] = 0  # taken
    hits = np.array(hits, float)[np.argsort(-np.array(scores), kind="stable")]
    precision, recall = hits.cumsum() / np.arange(1, len(hits) + 1), hits.cumsum() / max(digits, 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return (best * np.diff(recall, prepend=0)).sum()


def measure(found, dataset):
    """AP of all digits as one class (are they found?), and mAP (are they read right, too?)."""
    mean = np.mean([average_precision(found, dataset.boxes, dataset.labels, k) for k in range(10)])
    as_one = [(boxes, scores, 0 * labels) for boxes, scores, labels in found]
    return average_precision(as_one, dataset.boxes, dataset.labels.clip(-1, 0), 0), mean


images = mg.tensor(test.data).unsqueeze(1).float() / 255  # (N, 1, 32, 32)
found, shares = {}, {}
for variant, _ in lesson.runs(list(VARIANTS)):
    model = VARIANTS[variant]()
    fit(model)
    found[variant] = detect(model, images)
    shares.setdefault(variant, []).append(measure(found[variant], test))
    lesson.add(variant, model, shares[variant][-1][1])

shares = {variant: np.mean(pairs, axis=0) for variant, pairs in shares.items()}
for variant, share in shares.items():
    print("{}: AP of any digit {:.1%}, mAP {:.1%}".format(variant, *share))
double, single = detect(model, images, suppressing=False), found["convolutional"]
for name, boxes in {"without": double, "with": single}.items():
    count = sum(len(scores) for _, scores, _ in boxes)
    print(f"the last net {name} suppression: {count} boxes, mAP {measure(boxes, test)[1]:.1%}")

# %% [markdown]
# The convolutional net has no weight that knows the image's size: trained on 32x32, it works on
# 64x64 with up to twelve digits as it is. The fully connected ones only take 32x32.

# %%
larger = canvas | {"size": 64, "digits": (8, 12)}
large = DigitCanvas(**larger, train=False, n=10 if lesson.quick else 100)
found_large = detect(model, mg.tensor(large.data).unsqueeze(1).float() / 255)
print("on 64x64: AP of any digit {:.1%}, mAP {:.1%}".format(*measure(found_large, large)))

# %% [markdown]
# ## All of it in one picture

# %%
GREEN, RED, YELLOW = "#4fd06b", "#ff5a4d", "#ffd23f"
TINTS = dict(zip(VARIANTS, ("#999999", "#3b6ea8", "#b3362c"), strict=True))


def outline(axes, box, **style):
    axes.add_patch(Rectangle(box[:2] - 0.5, *(box[2:] - box[:2]), fill=False, **style))


def draw(axes, dataset, index, found, least=0.1):
    """A canvas with its digits (dotted) and the boxes that score over `least`."""
    axes.imshow(dataset.data[index], cmap="gray", vmin=0, vmax=400)
    axes.set(xticks=[], yticks=[])
    truth, truths = dataset.boxes[index], dataset.labels[index]
    for box in truth[truths >= 0]:
        outline(axes, box, edgecolor="white", linestyle=":", linewidth=1)
    for box, score, label in zip(*found, strict=True):
        if score > least:
            hit = pairwise_iou(box[None], truth)[0] >= 0.5
            color = GREEN if label in truths[hit] else YELLOW if hit.any() else RED
            outline(axes, box, edgecolor=color, linewidth=1.5)
            axes.text(max(box[0], 0), max(box[1], 2.5), label, color=color, fontweight="bold")


figure = Figure(figsize=(11, 12.8), layout="constrained")
top, middle, bottom = figure.subfigures(3, 1, height_ratios=[3.1, 1.2, 1.8])
top.suptitle("Dotted: truth. Green: found and read. Yellow: found, read wrong. Red: no hit")
shown = np.flatnonzero((test.labels >= 0).sum(1) >= 2)[:6]
for variant, line in zip(VARIANTS, top.subplots(3, 6), strict=True):
    line[0].set_ylabel(variant, fontsize=10, color=TINTS[variant])
    for panel, index in zip(line, shown, strict=True):
        draw(panel, test, index, found[variant][index])

middle.suptitle("From cells to boxes, by the convolutional net", fontsize=11)
one = np.argmax([len(a[0]) - len(b[0]) for a, b in zip(double, single, strict=True)])
grid, before, after, bars = middle.subplots(1, 4, width_ratios=[1, 1, 1, 2])
sure = model(images[one : one + 1])[0, 0].sigmoid().detach().numpy()
grid.imshow(sure, cmap="viridis", vmin=0, vmax=1, extent=(0, SIDE, SIDE, 0))
grid.set(xticks=[], yticks=[], title="sure of a middle")
for panel, boxes, title in (before, double, "all boxes"), (after, single, "after suppression"):
    draw(panel, test, one, boxes[one], least=0.05)
    panel.set_title(title)
places, (any_digit, right_digit) = np.arange(3), np.array(list(shares.values())).T
for offset, share, word, alpha in ((-0.2, any_digit, "", 0.45), (0.2, right_digit, ", read", 1)):
    drawn = bars.barh(places + offset, share, 0.38, color=TINTS.values(), alpha=alpha)
    bars.bar_label(drawn, [f"{x:.0%} found{word}" for x in share], fontsize=9, padding=3)
bars.set(xlim=(0, 1.4), ylim=(2.5, -0.5), xticks=[], title="AP of any digit (pale), and mAP")
bars.set_yticks(places, VARIANTS)

bottom.suptitle("The same convolutional net on canvases of 64x64, never seen before", fontsize=11)
for panel, index in zip(bottom.subplots(1, 3), range(3), strict=True):
    draw(panel, large, index, found_large[index])
lesson.finish(figure)

# %% [markdown]
# ## What the numbers show
#
# At the same size the convolutional head reaches an mAP of 89%, the fully connected one 1 to 2%,
# and with twelve times the parameters 5%. The fully connected heads do find digits (pale bars). But
# they cannot read: each cell learns each digit by itself, and of 4,013 digits in 64 cells it has
# seen about six of each class. The convolutional head shares its weights: a digit seen in one cell
# is known in all. So it is a matter of data: the first YOLO was fully connected and worked, with 49
# cells and far more images. On the large canvas, which is new to it, it loses up to three points.
#
# Non-maximum suppression lowers the mAP by up to a point: second boxes score low and come late, and
# sometimes one of them is the one that reads right. Without it there are a third more boxes: who
# counts digits needs it.
