# %% [markdown]
# # DCGAN: digits out of noise
#
# Two nets play against each other (Goodfellow et al., Generative Adversarial Nets, 2014). The
# generator makes an image of 100 random numbers; the discriminator says which images are real. Each
# learns from the other's mistakes, until the discriminator can only guess.
#
# With linear layers only that was shaky. Radford, Metz & Chintala (Unsupervised Representation
# Learning with Deep Convolutional Generative Adversarial Networks, 2016) found a recipe: transposed
# convolutions on the way up, strided ones on the way down instead of pooling, batch norm, ReLU in
# the generator, LeakyReLU in the discriminator, small normal weights, Adam with beta 0.5.
#
# Here two generators play the same game, one of linear layers and the DCGAN, on the digits of
# minigrad. `--quick` trains for a moment only.

# %%
import numpy as np
from lesson import Lesson
from matplotlib.figure import Figure

import minigrad as mg
from minigrad import nn, optim
from minigrad.datasets import Digits
from minigrad.nn import functional as F

lesson = Lesson("09_dcgan", data="digits", metric="Frechet distance", better="lower")
STEPS, LOOKS = (4, 2) if lesson.quick else (420, 6)  # how often we look during a training
BATCH, CROWD = (16, 100) if lesson.quick else (64, 1000)


def load(train):
    """Images as (N, 1, 8, 8) from -1 to 1, the range of tanh."""
    return mg.tensor(Digits(train=train).data).float().unsqueeze(1) / 127.5 - 1


train, test = load(train=True), load(train=False)

# %% [markdown]
# ## A ruler
#
# How good is a made digit? The loss does not say: it only tells who is ahead in the game. So we
# compare crowds (Heusel et al., GANs Trained by a Two Time-Scale Update Rule, 2017): the features
# of many made digits, and those of the real test digits, each taken as a bell curve with a mean m
# and a covariance C. The Fréchet distance of the two is
#
#     |m1 - m2|² + trace(C1 + C2 - 2 (C1 C2)^½)
#
# It grows when the images are wrong, and also when they are right but all the same. The features
# are the 32 numbers before the last layer of a small classifier, trained on the real digits. The
# paper takes a far larger one, so compare distances within this lesson only.

# %%
mg.manual_seed(0)
classifier = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1),  # (N, 1, 8, 8) -> (N, 16, 8, 8)
    nn.ReLU(),
    nn.MaxPool2d(2),  # -> (N, 16, 4, 4)
    nn.Conv2d(16, 32, 3, padding=1),
    nn.ReLU(),
    nn.Flatten(),  # -> (N, 512)
    nn.Linear(512, 32),
    nn.ReLU(),
    nn.Linear(32, 10),
)
labels = mg.tensor(Digits().targets)
optimizer = optim.Adam(classifier.parameters(), lr=3e-3)
for _ in range(300 if not lesson.quick else 10):
    batch = mg.randint(0, len(train), (64,))
    loss = F.cross_entropy(classifier(train[batch]), labels[batch])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


@mg.no_grad()
def features(images):
    return classifier[:-1](images).numpy().astype(float)  # (N, 32)


def frechet(images):
    """Distance of these images to the test digits."""
    made, real = features(images), features(test)
    c1, c2 = np.cov(made.T), np.cov(real.T)
    root = np.sqrt(np.linalg.eigvals(c1 @ c2).real.clip(0)).sum()  # the trace of (C1 C2)^½
    return ((made.mean(0) - real.mean(0)) ** 2).sum() + np.trace(c1) + np.trace(c2) - 2 * root


known = {
    "real training digits": frechet(train),
    "the same, with a little noise": frechet(train + 0.3 * mg.randn(*train.shape)),
    "noise": frechet(mg.rand(*train.shape) * 2 - 1),
}
for name, distance in known.items():
    print(f"{distance:7.1f}  {name}")

# %% [markdown]
# ## The nets
#
# Two generators of about 60,000 parameters. The discriminator is the same for both. Unlike in the
# paper the noise is normal instead of uniform, and because a few hundred steps must do, they are
# ten times as large and shrink to 0.


# %%
def linear_generator():
    return nn.Sequential(
        nn.Flatten(),  # (N, 100, 1, 1) -> (N, 100)
        nn.Linear(100, 240, bias=False),
        nn.BatchNorm1d(240),
        nn.ReLU(),
        nn.Linear(240, 120, bias=False),
        nn.BatchNorm1d(120),
        nn.ReLU(),
        nn.Linear(120, 64),
        nn.Tanh(),
        nn.Unflatten(1, (1, 8, 8)),  # -> (N, 1, 8, 8)
    )


def dcgan_generator():
    return nn.Sequential(
        nn.ConvTranspose2d(100, 64, 2, bias=False),  # (N, 100, 1, 1) -> (N, 64, 2, 2)
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1, bias=False),  # -> (N, 32, 4, 4)
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1),  # -> (N, 1, 8, 8)
        nn.Tanh(),
    )


def new_discriminator():
    return nn.Sequential(
        nn.Conv2d(1, 32, 4, stride=2, padding=1),  # (N, 1, 8, 8) -> (N, 32, 4, 4)
        nn.LeakyReLU(0.2),
        nn.Conv2d(32, 64, 4, stride=2, padding=1, bias=False),  # -> (N, 64, 2, 2)
        nn.BatchNorm2d(64),
        nn.LeakyReLU(0.2),
        nn.Conv2d(64, 1, 2),  # -> (N, 1, 1, 1)
        nn.Flatten(),  # -> (N, 1): above 0 is real
    )


def prepare(model):
    """Small normal weights; the optimizer, and the scheduler that makes its steps smaller."""
    for layer in model.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0, 0.02)
    optimizer = optim.Adam(model.parameters(), lr=2e-3, betas=(0.5, 0.999))
    return optimizer, optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)


def noise(n):
    """n times 100 normal numbers, as images of one pixel."""
    return mg.randn(n, 100, 1, 1)


@mg.no_grad()
def draw(generator, numbers):
    generator.eval()
    images = generator(numbers)
    generator.train()
    return images


# %% [markdown]
# ## Training
#
# A step is one move of each. First the discriminator: real images shall give 1, made ones 0.
# `detach` keeps this loss away from the generator. Then the generator: its images shall be taken
# for real, so the target is 1.

# %%
real, made = mg.ones(BATCH, 1), mg.zeros(BATCH, 1)
judge = F.binary_cross_entropy_with_logits
GENERATORS = {"linear layers": linear_generator, "DCGAN": dcgan_generator}
generators, stages, curves = {}, {}, {name: [] for name in GENERATORS}
for name, _ in lesson.runs(list(GENERATORS)):
    generator, discriminator = GENERATORS[name](), new_discriminator()
    generator_optimizer, generator_scheduler = prepare(generator)
    discriminator_optimizer, discriminator_scheduler = prepare(discriminator)
    kept = noise(10)  # the same numbers are drawn again and again
    stages[name], curve = [draw(generator, kept)], [frechet(draw(generator, noise(CROWD)))]
    for step in range(1, STEPS + 1):
        images = train[mg.randint(0, len(train), (BATCH,))]
        fakes = generator(noise(BATCH))
        loss = judge(discriminator(images), real) + judge(discriminator(fakes.detach()), made)
        discriminator_optimizer.zero_grad()
        loss.backward()
        discriminator_optimizer.step()
        discriminator_scheduler.step()

        loss = judge(discriminator(fakes), real)
        generator_optimizer.zero_grad()
        loss.backward()
        generator_optimizer.step()
        generator_scheduler.step()

        if step % (STEPS // LOOKS) == 0:
            stages[name].append(draw(generator, kept))
            curve.append(frechet(draw(generator, noise(CROWD))))
    curves[name].append(curve)
    generators[name] = generator
    lesson.add(name, generator, curve[-1])

# %% [markdown]
# ## Three checks
#
# Has the generator learned some digits by heart? Below each made digit we lay the training digit
# that is nearest to it.


# %%
def with_nearest(generator):
    """Four rows of ten: made digits, below them the nearest real ones, and both again."""
    digits, others = draw(generator, noise(20)).numpy(), train.numpy()
    distances = ((digits[:, None] - others) ** 2).sum((2, 3, 4))  # (20, N)
    nearest = others[distances.argmin(1)]
    return np.concatenate([digits[:10], nearest[:10], digits[10:], nearest[10:]])


# %% [markdown]
# Does it make all ten digits? One that makes only a few fools the discriminator too. We ask the
# classifier what it takes a thousand of its images for.

# %%
for name, generator in generators.items():
    numbers = noise(CROWD)
    guesses = classifier(draw(generator, numbers)).argmax(1).numpy()
    print(f"{name}: taken for 0 to 9, {np.bincount(guesses, minlength=10)}")

# %% [markdown]
# What lies between two noise vectors? On the line from one that gives a 0 to one that gives a 6,
# the image should change little by little, not jump from one learned digit to the next.

# %%
start, end = (
    [(guesses == digit).argmax() for digit in digits] for digits in ([0, 3, 4, 1], [6, 5, 9, 7])
)
share = mg.linspace(0, 1, 10).reshape(10, 1, 1, 1)
between = numbers[start].unsqueeze(1) * (1 - share) + numbers[end].unsqueeze(1) * share
walks = draw(generator, between.reshape(40, 100, 1, 1)).numpy()  # of the DCGAN

# %% [markdown]
# ## All of it in one picture


# %%
def show(axes, title, images, names=()):
    """Images (N, 1, 8, 8) in rows of ten; `names` of the rows."""
    tiles = np.pad(images[:, 0], ((0, 0), (1, 1), (1, 1)), constant_values=0.2)  # (N, 10, 10)
    rows = len(tiles) // 10
    axes.imshow(tiles.reshape(rows, 10, 10, 10).swapaxes(1, 2).reshape(rows * 10, 100), "gray")
    axes.set_title(title, fontsize=10)
    axes.set_xticks([])
    axes.set_yticks(4.5 + 10 * np.arange(len(names)), names, fontsize=8)
    axes.tick_params(length=0)


figure = Figure(figsize=(11, 9), layout="constrained")
grid = figure.subplots(3, 2, height_ratios=[7, 4, 4])
steps = np.arange(LOOKS + 1) * (STEPS // LOOKS)
axes = grid[0, 0]
for (name, runs), color in zip(curves.items(), ["#999999", "#3b6ea8"], strict=True):
    axes.semilogy(steps, np.transpose(runs), color=color, linewidth=0.7, alpha=0.6)
    axes.semilogy(steps, np.mean(runs, 0), color=color, linewidth=2.2, label=name)
for name, distance in known.items():
    axes.axhline(distance, color="#d9772b", linewidth=0.8, linestyle="--")
    axes.text(steps[-1], distance * 1.08, name, color="#d9772b", fontsize=8, ha="right")
axes.set_title("Fréchet distance to the real test digits by step (thin: each seed)", fontsize=10)
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, fontsize=9, loc="upper right")

history = np.concatenate([images.numpy() for images in stages["DCGAN"]])
show(grid[0, 1], "The DCGAN learns: ten noise vectors", history, [f"step {n}" for n in steps])
for axes, (name, generator) in zip(grid[1], generators.items(), strict=True):
    show(axes, f"Made by: {name}", with_nearest(generator), ["made", "nearest real"] * 2)
chosen = np.random.default_rng(0).permutation(len(test))[:40]
show(grid[2, 0], "Real test digits", test.numpy()[chosen])
show(
    grid[2, 1],
    "DCGAN: the way from one noise vector to another",
    walks,
    ["0 to 6", "3 to 5", "4 to 9", "1 to 7"],
)
lesson.finish(figure)

# %% [markdown]
# ## What the numbers show
#
# The DCGAN comes closer to the real digits than linear layers of the same size: a Fréchet distance
# of about 31 against about 72, and with each of the three seeds it is ahead. All that differs is
# how the 64 pixels are made: out of a map of 2x2 that becomes 4x4 and 8x8, with the same weights
# at each place, or all at once. It makes all ten digits, its walks change little by little, and
# what it makes differs from the nearest training digit.
#
# It is far from done: real digits have a distance of 1.6, and some of its images are no digits. The
# curves still fall; 600 steps instead of 420 gave about 26, and 46 with linear layers. It is not
# cheaper: a step takes longer. And much is luck here, so look at several seeds before you judge.
