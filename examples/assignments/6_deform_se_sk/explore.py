"""Assignment 6, to play with: a digit turned by its offsets, found again by their gradient, a net.

Run it whole (`python explore.py`), or cell by cell in an editor that knows `# %%`.
"""

# %% Offsets say where each pixel is read: those of a turned grid turn the digit
import matplotlib.pyplot as plt
import numpy as np
from solution import SEBlock, SKBlock, deform_conv2d

import minigrad as mg
from minigrad import nn, ops, optim
from minigrad.datasets import Digits

PLAIN = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1)}
ONE = np.ones((1, 1, 1, 1))

digits = Digits()
digit = digits.data[7][None, None] / 255.0  # (1, 1, 8, 8)
grid = np.mgrid[:8, :8] - 3.5  # (2, 8, 8): y and x of each pixel, from the middle


def turned(angle):
    """The offsets (1, 2, 8, 8) that lead each pixel to where it is read."""
    c, s = np.cos(angle), np.sin(angle)
    return (np.einsum("ab,bij->aij", [[c, -s], [s, c]], grid) - grid)[None]


figure, axes = plt.subplots(1, 5, figsize=(11, 2.6))
for axis, degrees in zip(axes, [0, 20, 45, 90, 180], strict=True):
    image, _ = deform_conv2d(digit, turned(np.radians(degrees)), ONE, None, None, **PLAIN)
    axis.imshow(image[0, 0], cmap="gray")
    axis.set_title(f"{degrees}°")
    axis.axis("off")
figure.savefig("turned.png")
print("turned.png: a kernel of one tap, and offsets")

# %% The gradient of the offsets finds out how far a digit was moved
moved, _ = deform_conv2d(digit, np.full((1, 2, 8, 8), 0.8), ONE, None, None, **PLAIN)
guess = np.zeros(2)
for _ in range(40):
    offset = np.broadcast_to(guess[None, :, None, None] + 1e-3, (1, 2, 8, 8))
    image, backward = deform_conv2d(digit, offset, ONE, None, None, **PLAIN)
    _, doffset, _, _, _ = backward(2 * (image - moved))
    guess -= 0.05 * doffset.sum((0, 2, 3))
print(f"moved by 0.8 and 0.8 pixels; found {guess[0]:.2f} and {guess[1]:.2f}")

# %% All three in a net: your convolution takes the place of minigrad's own
ops.deform.deform_conv2d = deform_conv2d

mg.manual_seed(0)
images = mg.tensor(digits.data[:500]).float().unsqueeze(1) / 255
labels = mg.tensor(digits.targets[:500])
net = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), SKBlock(8, groups=2, minimum_width=8),
    nn.MaxPool2d(2), SEBlock(8, reduction=1), nn.DeformConv(8, 8), nn.ReLU(), nn.Flatten(),
    nn.Linear(128, 10),
)  # fmt: skip
optimizer = optim.Adam(net.parameters(), lr=0.005)
for step in range(40):  # with plain loops a minute or two
    batch = slice(step % 20 * 25, step % 20 * 25 + 25)
    loss = nn.functional.cross_entropy(net(images[batch]), labels[batch])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 10 == 9:
        right = (net(images[:100]).argmax(1) == labels[:100]).float().mean().item()
        print(f"step {step + 1}: loss {loss.item():.3f}, {right:.0%} of 100 digits right")

# %% Which channels count, and which branch, for a digit of each kind?
net.eval()(images[:10])
kept = {"SEBlock: each channel's scale": net[4], "SKBlock: share of the far branch": net[2]}
figure, axes = plt.subplots(1, 2, figsize=(8, 3.5), layout="constrained")
for axis, (title, block) in zip(axes, kept.items(), strict=True):
    attention = block.last_attention
    if attention is not None:  # forward has set it
        axis.imshow(attention.numpy().reshape(10, -1)[:, -8:], vmin=0, vmax=1)
    axis.set(title=title, xlabel="channel", ylabel="digit")
figure.savefig("attention.png")
print("attention.png: what the blocks have decided, for the digits 0 to 9")
