"""Assignment 3, to play with: your functions on digits, and in the place of minigrad's own.

Run it whole (`python explore.py`), or cell by cell in an editor that knows `# %%`.
"""

# %% What pooling keeps of a digit, and where its gradient goes
import matplotlib.pyplot as plt
import numpy as np
from solution import avg_pool, batch_norm, cross_entropy, max_pool

import minigrad as mg
from minigrad import nn, ops, optim
from minigrad.datasets import Digits

digits = Digits()
digit = digits.data[7][None, None] / 255.0  # (1, 1, 8, 8)
window = {"kernel_size": (3, 3), "stride": (2, 2), "padding": (1, 1)}
largest, max_pool_backward = max_pool(digit, **window, dilation=(1, 1))
mean, avg_pool_backward = avg_pool(digit, **window)
ones = np.ones_like(largest)
pictures = {
    "a digit": digit, "largest of 3x3": largest, "mean of 3x3": mean,
    "dx of the largest": max_pool_backward(ones)[0], "dx of the mean": avg_pool_backward(ones)[0],
}  # fmt: skip

figure, axes = plt.subplots(1, len(pictures), figsize=(13, 3))
for axis, (title, image) in zip(axes, pictures.items(), strict=True):
    axis.imshow(image[0, 0], cmap="gray", vmin=0)
    axis.set_title(title)
    axis.axis("off")
figure.savefig("pooling.png")
print("pooling.png: few pixels win, and some of them several windows; the mean asks all of them")

# %% Ten random layers: without batch norm the signal fades or explodes
rng = np.random.default_rng(0)
start = digits.data[:200].reshape(200, 64) / 255.0
sizes = {
    "weights too small": (0.1, False, "o-"), "weights too large": (0.4, False, "o-"),
    "too small, batch norm": (0.1, True, "o-"), "too large, batch norm": (0.4, True, "x--"),
}  # fmt: skip

figure, axis = plt.subplots(figsize=(6, 4))
for title, (size, normalised, line) in sizes.items():
    h, deviations = start, []
    for _ in range(10):
        h = h @ rng.normal(scale=size, size=(64, 64))
        if normalised:
            y, _ = batch_norm(h[:, :, None, None], np.ones(64), np.zeros(64), eps=1e-5)
            h = y[:, :, 0, 0]
        deviations.append(h.std())
        h = np.maximum(h, 0)
    axis.semilogy(range(1, 11), deviations, line, label=title)
axis.set(xlabel="layer", ylabel="standard deviation before the ReLU")
axis.legend()
figure.savefig("signal.png")
print("signal.png: batch norm keeps every layer's signal at 1, whatever the weights")

# %% How bad is a guess? A sure and wrong one costs most.
for scores in ([0.0, 0.0, 0.0], [2.0, 0.0, 0.0], [9.0, 0.0, 0.0], [0.0, 9.0, 0.0]):
    loss, backward = cross_entropy(np.array([scores]), np.array([0]))
    dx = backward(np.ones(()))[0]
    print(f"scores {scores}, class 0: loss {float(loss):.4f}, gradient {np.round(dx[0], 4)}")

# %% Your functions train a net: they take the place of minigrad's own
ops.pool.max_pool, ops.pool.avg_pool = max_pool, avg_pool
ops.norm.batch_norm = batch_norm
ops.classification.cross_entropy = cross_entropy

mg.manual_seed(0)  # in float64, as np.zeros and the like are
images = mg.tensor(digits.data[:500]).double().unsqueeze(1) / 255
labels = mg.tensor(digits.targets[:500])
net = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
    nn.MaxPool2d(2), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(64, 10),
).double()  # fmt: skip
optimizer = optim.Adam(net.parameters(), lr=0.02)
for step in range(40):
    batch = slice(step % 10 * 50, step % 10 * 50 + 50)
    loss = nn.functional.cross_entropy(net(images[batch]), labels[batch])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 10 == 9:
        net.eval()  # from here on with the running statistics, those that `report` was told
        right = (net(images[:100]).argmax(1) == labels[:100]).float().mean().item()
        net.train()
        print(f"step {step + 1}: loss {loss.item():.3f}, {right:.0%} of 100 digits right")
