"""Assignment 5, to play with: your convolutions on a digit, and in a net that draws digits.

Run it whole (`python explore.py`), or cell by cell in an editor that knows `# %%`.
"""

# %% One kernel, set apart: dilation sees further with the same nine weights
import matplotlib.pyplot as plt
import numpy as np
from solution import DepthwiseSeparable, conv, conv_transpose

import minigrad as mg
from minigrad import nn, ops, optim
from minigrad.datasets import Digits

digits = Digits()
digit = digits.data[7][None, None] / 255.0  # (1, 1, 8, 8)
sobel = np.array([[[[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]]])


def same(dilation):
    """Options under which a 3x3 kernel keeps the size of the map."""
    pair = (dilation, dilation)
    return {"stride": (1, 1), "padding": (pair, pair), "dilation": pair, "groups": 1}


# %% Larger maps: each pixel lays down a kernel. Which one makes a difference.
DOUBLE = {
    "stride": (2, 2), "padding": ((0, 0), (0, 0)), "output_padding": (0, 0), "dilation": (1, 1),
    "groups": 1,
}  # fmt: skip
tent = np.array([0.5, 1.0, 0.5])
doubled = {
    "edges": conv(digit, sobel, None, **same(1))[0],
    "edges, dilation 2": conv(digit, sobel, None, **same(2))[0],
    "doubled, 1x1": conv_transpose(digit, np.ones((1, 1, 1, 1)), None, **DOUBLE)[0],
    "doubled, 2x2": conv_transpose(digit, np.ones((1, 1, 2, 2)), None, **DOUBLE)[0],
    "doubled, tent": conv_transpose(digit, np.outer(tent, tent)[None, None], None, **DOUBLE)[0],
    "doubled, 3x3": conv_transpose(digit, np.ones((1, 1, 3, 3)), None, **DOUBLE)[0],
}

figure, axes = plt.subplots(1, 7, figsize=(14, 2.4))
for axis, (title, image) in zip(axes, {"a digit": digit, **doubled}.items(), strict=True):
    axis.imshow(image[0, 0], cmap="gray")
    axis.set_title(title, fontsize=10)
    axis.axis("off")
figure.savefig("kinds.png")
print("kinds.png: where windows of 3x3 overlap at stride 2, they leave a checkerboard")

# %% Your convolutions train a net that squeezes digits into 4x4 pixels and draws them again
ops.conv.conv, ops.conv.conv_transpose = conv, conv_transpose

mg.manual_seed(0)
images = mg.tensor(digits.data[:200]).float().unsqueeze(1) / 255
net = nn.Sequential(
    nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.ReLU(),
    DepthwiseSeparable(8, 8, activation=nn.ReLU), nn.ReLU(),
    nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1), nn.Sigmoid(),
)  # fmt: skip
optimizer = optim.Adam(net.parameters(), lr=0.02)
for step in range(60):
    batch = slice(step % 4 * 50, step % 4 * 50 + 50)
    loss = nn.functional.mse_loss(net(images[batch]), images[batch])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 20 == 19:
        print(f"step {step + 1}: mean squared error {loss.item():.4f}")

drawn = net(images[:8]).detach().numpy()
figure, axes = plt.subplots(2, 8, figsize=(10, 2.6))
for column, pair in enumerate(zip(images[:8].numpy(), drawn, strict=True)):
    for axis, image in zip(axes[:, column], pair, strict=True):
        axis.imshow(image[0], cmap="gray", vmin=0, vmax=1)
        axis.axis("off")
figure.savefig("drawn.png")
print("drawn.png: digits above, what the net makes of them below")
