# %% [markdown]
# # Attention on digits: look everywhere, not next door
#
# A convolution looks next door: a 3x3 kernel knows nine pixels, always with the same weights. In
# attention each pixel asks all the others. A query meets their keys, and the better they go
# together, the more of that pixel's value it takes:
#
#     y_i = sum over j of softmax_j(q_i · k_j / sqrt(d)) v_j
#
# Two ways to bring both together: in attention-augmented convolution (Bello et al., 2019) some of a
# layer's output channels come from attention; in the compact convolutional transformer, CCT
# (Hassani et al., 2021), convolutions make the tokens and a transformer encoder does the rest.
# `--quick` trains for a moment only.

# %%
import numpy as np
from lesson import Lesson
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import minigrad as mg
from minigrad import nn, optim
from minigrad.datasets import WarpedDigits

lesson = Lesson(
    "15_attention_on_digits", data="digits, scaled and turned", metric="test accuracy", percent=True
)
EPOCHS, BATCH, SIDE = 1 if lesson.quick else 8, 32, 6


def digits(train, n):
    dataset = WarpedDigits(train, n=n, size=12, scale=(1, 1.3), degrees=45, shift=1)
    return mg.tensor(dataset.data).float().unsqueeze(1) / 255, mg.tensor(dataset.targets)


x_train, y_train = digits(True, 96 if lesson.quick else 1600)
x_test, y_test = digits(False, 100 if lesson.quick else 1000)

# %% [markdown]
# ## Attention does not know where anything is
#
# The formula has no positions in it. Shuffle the pixels, and the results are shuffled alike: to
# attention a map is a bag of pixels. So positions must be put in.
#
# Relative ones (Bello et al.) add to each score what the query thinks of the distance: q_i ·
# (rel_h[dy] + rel_w[dx]). It can learn "the pixel above me", and as in a convolution that means the
# same anywhere on the map.

# %%
order = mg.randperm(SIDE * SIDE)


def shuffled(maps):
    return maps.flatten(2)[:, :, order].unflatten(2, (SIDE, SIDE))


bag = mg.randn(1, 8, SIDE, SIDE)
for relative in False, True:
    attention = nn.AttentionAugmentedConv2d(8, 8, 3, 8, 8, 2, size=SIDE, relative=relative)
    same = mg.allclose(attention(shuffled(bag)), shuffled(attention(bag)), atol=1e-5)
    print(f"relative={relative}: shuffled pixels give the shuffled result: {same}")

# %% [markdown]
# ## The nets
#
# All begin with the same convolution and pooling, 12x12 -> 6x6: attention compares every pixel with
# every other one, 36² = 1,296 scores for each head, on 12x12 it would be 20,736.
#
# In the augmented net 8 of the 24 channels of the last layer come from attention: 2 heads, with
# queries and keys of 16 numbers together.


# %%
def block(conv, channels):
    return nn.Sequential(conv, nn.BatchNorm2d(channels), nn.ReLU())


def tokenizer():  # (N, 1, 12, 12) -> (N, 24, 6, 6)
    return nn.Sequential(
        block(nn.Conv2d(1, 16, 3, padding=1, bias=False), 16),
        nn.MaxPool2d(2),
        block(nn.Conv2d(16, 24, 3, padding=1, bias=False), 24),
    )


def conv_net(last):
    return nn.Sequential(
        tokenizer(), block(last, 24), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 10)
    )


def augmented(relative):
    return nn.AttentionAugmentedConv2d(24, 24, 3, 16, 8, 2, SIDE, relative, bias=False)


# %% [markdown]
# In the CCT every pixel of the 6x6 map is a token of 24 numbers. To each, a learned vector for its
# place is added: an absolute position. At the end there are 36 tokens, and one answer is wanted.
# Sequence pooling lets a linear layer say how much each token counts: a softmax over the tokens,
# then the weighted mean. It needs no extra class token, and unlike the plain mean it can leave the
# empty paper out.


# %%
class CCT(nn.Layer):
    def __init__(self, positions):
        super().__init__()
        self.tokenizer = tokenizer()
        self.position = nn.Parameter(mg.zeros(SIDE * SIDE, 24)) if positions else None
        if positions:
            nn.init.normal_(self.position, std=0.1)
        self.encoder = nn.TransformerEncoderLayer(
            24, 2, 48, dropout=0, activation="gelu", batch_first=True, norm_first=True
        )
        self.norm = nn.LayerNorm(24)
        self.score = nn.Linear(24, 1)
        self.head = nn.Linear(24, 10)

    def tokens(self, x):
        x = self.tokenizer(x).flatten(2).mT  # (N, 24, 6, 6) -> (N, 36, 24)
        return x if self.position is None else x + self.position

    def forward(self, x):
        x = self.norm(self.encoder(self.tokens(x)))
        self.weights = self.score(x).softmax(1)  # (N, 36, 1): sequence pooling
        return self.head((x * self.weights).sum(1))


VARIANTS = {
    "conv": lambda: conv_net(nn.Conv2d(24, 24, 3, padding=1, bias=False)),
    "augmented, no positions": lambda: conv_net(augmented(relative=False)),
    "augmented": lambda: conv_net(augmented(relative=True)),
    "CCT, no positions": lambda: CCT(positions=False),
    "CCT": lambda: CCT(positions=True),
}


def fit(model):
    optimizer = optim.Adam(model.parameters())
    steps = len(x_train) // BATCH
    scheduler = optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=EPOCHS * steps)
    for _ in range(EPOCHS):
        for batch in mg.randperm(len(x_train)).split(BATCH)[:steps]:
            loss = nn.functional.cross_entropy(model(x_train[batch]), y_train[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()


def accuracy(model):
    model.eval()
    with mg.no_grad():
        return (model(x_test).argmax(1) == y_test).float().mean().item()


models, results = {}, {variant: [] for variant in VARIANTS}
for variant, _ in lesson.runs(list(VARIANTS)):
    model = models[variant] = VARIANTS[variant]()
    fit(model)
    results[variant].append(accuracy(model))
    lesson.add(variant, model, results[variant][-1])

# %% [markdown]
# ## Where does a pixel look?
#
# For one query we take the attention of the augmented layer apart: what the contents alone would
# make of it, what the distances alone would, and both. The CCT hands out its weights itself.

# %%
SHOWN = [int(np.flatnonzero(y_test.numpy() == digit)[0]) for digit in (0, 2, 4, 7, 8, 9)]
ROW, COLUMN = 3, 2  # the query
images, query = x_test[SHOWN], ROW * SIDE + COLUMN
cct, net = models["CCT"], models["augmented"]
with mg.no_grad():
    q, k, _ = net[1][0].qkv(net[0](images)).flatten(2).split([16, 16, 8], dim=1)
    q = q.unflatten(1, (2, 8))[..., query].unsqueeze(2) * 8**-0.5  # (n, heads, 1, 8)
    content = (q @ k.unflatten(1, (2, 8))).unflatten(3, (SIDE, SIDE))  # (n, heads, 1, 6, 6)
    above = net[1][0].rel_h[SIDE - 1 - ROW : 2 * SIDE - 1 - ROW].unsqueeze(1)  # (6, 1, 8)
    beside = net[1][0].rel_w[SIDE - 1 - COLUMN : 2 * SIDE - 1 - COLUMN]  # (6, 8)
    distance = (q @ (above + beside).flatten(0, 1).mT).unflatten(3, (SIDE, SIDE))
    tokens = cct.encoder.norm1(cct.tokens(images))
    _, looks = cct.encoder.self_attn(tokens, tokens, tokens)  # (n, 36, 36), mean over the heads
    cct(images)


def weights(scores):  # softmax, then the mean over the heads: (n, 6, 6)
    return scores.flatten(2).softmax(2).mean(1).unflatten(1, (SIDE, SIDE)).numpy()


ROWS = {
    "image, query": None,
    "augmented:\ncontents alone": weights(content),
    "augmented:\ndistances alone": weights(distance),
    "augmented:\nboth": weights(content + distance),
    "CCT: the same\nquery": looks[:, query].numpy().reshape(-1, SIDE, SIDE),
    "CCT: sequence\npooling": cct.weights.numpy().reshape(-1, SIDE, SIDE),
}
figure = Figure(figsize=(12, 7.2), layout="constrained")
grid, bars = figure.subplots(1, 2, width_ratios=[1.1, 1])
for n, image in enumerate(images.numpy()):
    for line, maps in enumerate(ROWS.values()):
        x, y = 7 * n, 7 * line
        extent = x, x + SIDE, y + SIDE, y
        grid.imshow(image[0], cmap="gray", extent=extent)
        if maps is not None:
            above_least = maps[n] - maps[n].min()
            opacity = 0.85 * above_least / above_least.max()
            grid.imshow(
                np.ones((SIDE, SIDE)), "Reds", alpha=opacity, extent=extent, vmin=0, vmax=1.2
            )
        if line < len(ROWS) - 1:
            grid.add_patch(Rectangle((x + COLUMN, y + ROW), 1, 1, fill=False, color="#4da3ff"))
grid.set(xlim=(0, 7 * len(images) - 1), ylim=(7 * len(ROWS) - 1, 0), xticks=[])
grid.set_yticks(7 * np.arange(len(ROWS)) + SIDE / 2, ROWS)
grid.set_title("Where the query (blue) looks: red. Last row: which tokens count")
COLORS = "#888888", "#b9cfe8", "#3b6ea8", "#eeb9a0", "#c8562b"
for spot, (values, color) in enumerate(zip(results.values(), COLORS, strict=True)):
    bars.bar(spot, 100 * np.mean(values), color=color)
    bars.plot([spot] * len(values), 100 * np.array(values), ".", color="black")
    bars.text(spot, 100 * max(values) + 0.5, f"{100 * np.mean(values):.1f}", ha="center")
lowest = 100 * min(min(values) for values in results.values())
bars.set(ylim=(max(0, lowest - 10), 100), ylabel="test accuracy, %", title="Accuracy (dots: seeds)")
bars.set_xticks(range(len(results)), [name.replace(", ", ",\n") for name in results], fontsize=8)
lesson.finish(figure)

# %% [markdown]
# ## What the numbers show
#
# With three seeds: 91.6% for convolutions alone, 91.1% with attention beside them, 90.4% for the
# CCT, each about ± 1. Attention brings nothing here, and its training takes nearly twice as long. A
# digit on 6x6 pixels is seen whole by two 3x3 kernels, and 1,600 images are few for a transformer,
# which is not told that neighbours belong together. Bello et al. and Hassani et al. report gains on
# CIFAR and ImageNet, with nets a thousand times as large.
#
# Positions are worth having: without them the CCT loses 1.7 points, more than the seeds differ. The
# augmented net loses 0.9, which is within their spread: its other 16 channels come from
# convolutions, and those know where things are.
#
# The picture (seed 2): by contents the query looks at ink and at paper, by distance at whole rows
# and columns; the two together are no clear story. Sequence pooling is one: a single token or two
# near the middle answer for the whole image. By then they have asked all the others.
