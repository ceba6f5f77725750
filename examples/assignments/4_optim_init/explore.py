"""Assignment 4, to play with: paths through a valley, and a deep net that needs a good start.

Run it whole (`python explore.py`), or cell by cell in an editor that knows `# %%`.
"""

# %% Down a long narrow valley, from (-4, 1.5)
import matplotlib.pyplot as plt
import numpy as np
from solution import SGD, Adam, kaiming_normal_, xavier_uniform_

import minigrad as mg
from minigrad import nn
from minigrad.datasets import Digits


def path(kind, **options):
    """Where 40 steps lead on the loss x² / 20 + y²."""
    p = mg.tensor([-4.0, 1.5], requires_grad=True)
    optimizer, points = kind([p], **options), [p.data.copy()]
    for _ in range(40):
        p.grad = mg.tensor([p.data[0] / 10, 2 * p.data[1]])
        optimizer.step()
        points.append(p.data.copy())
    return np.array(points)


x, y = np.meshgrid(np.linspace(-4.5, 2, 80), np.linspace(-2, 2, 80))
figure, axes = plt.subplots(figsize=(7, 4))
axes.contour(x, y, x**2 / 20 + y**2, levels=12, colors="lightgray")
for label, points in {
    "SGD": path(SGD, lr=0.9),
    "momentum": path(SGD, lr=0.1, momentum=0.9),
    "nesterov": path(SGD, lr=0.1, momentum=0.9, nesterov=True),
    "Adam": path(Adam, lr=0.3),
}.items():
    axes.plot(*points.T, ".-", label=label, linewidth=1)
axes.legend()
figure.savefig("valley.png")
print("valley.png: four ways down")

# %% How large are the numbers behind each of ten layers?
mg.manual_seed(0)
train = Digits()
images = mg.tensor(train.data).float().flatten(1) / 255
images, labels = (images - images.mean()) / images.std(), mg.tensor(train.targets)


def deep(fill):
    """Ten layers of 64 with relu; `fill` gives their weights the first values."""
    layers = []
    for _ in range(10):
        layers += [nn.Linear(64, 64), nn.ReLU()]
    net = nn.Sequential(*layers, nn.Linear(64, 10))
    for layer in net:
        if isinstance(layer, nn.Linear):
            fill(layer.weight)
            nn.init.zeros_(layer.bias)
    return net


starts = {
    "normal, 0.02": lambda w: nn.init.normal_(w, 0, 0.02),
    "yours, Xavier": xavier_uniform_,
    "yours, Kaiming": kaiming_normal_,
}
figure, axes = plt.subplots(figsize=(6, 4))
for label, fill in starts.items():
    h, sizes = images[:200], []
    for layer in deep(fill):
        h = layer(h)
        if isinstance(layer, nn.ReLU):
            sizes.append(h.data.std())
    axes.semilogy(range(1, 11), sizes, "o-", label=label)
axes.set(xlabel="layer", ylabel="standard deviation of its output")
axes.legend()
figure.savefig("layers.png")
print("layers.png: numbers that vanish, and numbers that do not")

# %% Your start and your Adam train that net
for label, fill in starts.items():
    mg.manual_seed(0)
    net = deep(fill)
    optimizer = Adam(net.parameters(), lr=0.003)
    for step in range(60):
        batch = slice(step % 14 * 100, step % 14 * 100 + 100)
        loss = nn.functional.cross_entropy(net(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    right = (net(images).argmax(1) == labels).float().mean().item()
    print(f"{label:15} loss {loss.item():.3f}, {right:.0%} of the digits right")
