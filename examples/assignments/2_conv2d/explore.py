"""Assignment 2, to play with: your convolution on a picture, and in the place of minigrad's own.

Run it whole (`python explore.py`), or cell by cell in an editor that knows `# %%`.
"""

# %% An edge detector on a digit
import matplotlib.pyplot as plt
import numpy as np
from solution import conv

import minigrad as mg
from minigrad import nn, ops, optim
from minigrad.datasets import Digits

PLAIN = {"stride": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": 1}

digit = Digits().data[7][None, None] / 255.0  # (1, 1, 8, 8)
sobel = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
kernels = np.stack([sobel, sobel.T])[:, None]  # (2, 1, 3, 3): upright edges, flat edges
edges, backward = conv(digit, kernels, None, **PLAIN)

figure, axes = plt.subplots(1, 3, figsize=(9, 3))
for axis, image, title in zip(
    axes, [digit[0, 0], *edges[0]], ["a digit", "left to right", "top to bottom"], strict=True
):
    axis.imshow(image, cmap="gray")
    axis.set_title(title)
    axis.axis("off")
figure.savefig("edges.png")
print("edges.png: what two Sobel kernels see")

# %% Which pixels does one output pixel depend on? Its gradient says so.
dy = np.zeros_like(edges)
dy[0, 0, 3, 4] = 1
dx, _, _ = backward(dy)
print("the kernel lies around pixel (3, 4):")
print(dx[0, 0, 1:6, 2:7])

# %% Your convolution trains a net: it takes the place of minigrad's own
ops.conv.conv = conv

mg.manual_seed(0)
digits = Digits()
images = mg.tensor(digits.data[:500]).float().unsqueeze(1) / 255
labels = mg.tensor(digits.targets[:500])
net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(72, 10))
optimizer = optim.Adam(net.parameters(), lr=0.01)
for step in range(40):
    batch = slice(step % 10 * 50, step % 10 * 50 + 50)
    loss = nn.functional.cross_entropy(net(images[batch]), labels[batch])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 10 == 9:
        right = (net(images[:100]).argmax(1) == labels[:100]).float().mean().item()
        print(f"step {step + 1}: loss {loss.item():.3f}, {right:.0%} of 100 digits right")
