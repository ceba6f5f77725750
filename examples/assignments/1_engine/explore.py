"""Assignment 1, to play with: your engine draws a slope, and trains a net on digits.

Run it whole (`python explore.py`), or cell by cell in an editor that knows `# %%`.
"""

# %% Your functions take the place of minigrad's own
import matplotlib.pyplot as plt
import numpy as np
from solution import add, matmul, mul, unbroadcast, walk_back

import minigrad as mg
from minigrad import backprop, nn, ops
from minigrad.datasets import Digits

ops.arithmetic.unbroadcast = ops.linalg.unbroadcast = unbroadcast
ops.arithmetic.add, ops.arithmetic.mul, ops.linalg.matmul = add, mul, matmul
backprop.walk_back = walk_back

# %% A function and its slope, which your engine finds
x = mg.tensor(np.linspace(-2, 2, 101), requires_grad=True)
y = x * x * x + mg.tensor(-2.0) * x  # from here on, + and * are yours
y.sum().backward()

figure, axes = plt.subplots(figsize=(5, 3))
axes.plot(x.data, y.data, label="y = x³ − 2x")
axes.plot(x.data, x.grad.data, label="its slope")
axes.axhline(0, color="gray", linewidth=0.5)
axes.legend()
figure.savefig("slope.png")
print("slope.png: where the slope crosses 0, the curve turns")

# %% The walk, step by step
a = mg.tensor(2.0, requires_grad=True)
b = mg.tensor(3.0, requires_grad=True)
v = a * b + a
leaves = []
for node, dz in walk_back(v.grad_fn, np.ones(()), True, lambda leaf, dx: leaves.append(dx)):
    print(f"{node.name}: the gradient of its result is {dz}")
print("the leaves a and b receive", *leaves, "in some order")

# %% A net of nothing but @, + and relu (some seconds, and longer if your matmul is made of loops)
mg.manual_seed(0)
train, test = Digits(), Digits(train=False)
images, labels = mg.tensor(train.data).float().flatten(1) / 255, mg.tensor(train.targets)
w1, b1 = mg.randn(64, 16) * 0.18, mg.zeros(16)
w2, b2 = mg.randn(16, 10) * 0.35, mg.zeros(10)
parameters = [p.requires_grad_() for p in (w1, b1, w2, b2)]


def net(x):
    return (x @ w1 + b1).relu() @ w2 + b2


for step in range(56):
    batch = slice(step * 25, step * 25 + 25)
    loss = nn.functional.cross_entropy(net(images[batch]), labels[batch])
    loss.backward()
    for p in parameters:
        p.data -= 0.5 * p.grad.data
        p.grad = None
    if step % 14 == 13:
        print(f"step {step + 1}: loss {loss.item():.3f}")
guesses = net(mg.tensor(test.data[:100]).float().flatten(1) / 255).argmax(1)
right = (guesses == mg.tensor(test.targets[:100])).float().mean().item()
print(f"{right:.0%} right of 100 digits that it was not trained on")
