# %% [markdown]
# # Stepping through backpropagation
#
# Backpropagation is a walk: from the loss back through everything that made it, one operation at a
# time. Here you take that walk, in a debugger and in a loop of your own, and watch gradients vanish
# in a deep net of sigmoids. `--quick` takes one seed.
#
# ## In pdb
#
# Put `breakpoint()` before `loss.backward()`, run the script, and type `step` three times (`s` is
# enough). You land on the first line of the way back of the operation that made the loss, in the
# code right below its forward; the engine between them is passed over.
#
# ```
# > lesson.py(8)<module>()
# -> loss.backward()
# (Pdb) step
# --Call--
# > minigrad/tensor.py backward()
# (Pdb) step
# > minigrad/tensor.py backward()
# (Pdb) step
# > minigrad/ops/classification.py cross_entropy_backward()
# -> dy = _for_each(dy, len(e)) * scale
# (Pdb) p e.shape, share.shape
# ```
#
# `e`, `share` and `scale` are forward's own names, just as they were. `return` and `step` lead to
# the next operation, `next` in your script goes over the whole walk. While a debugger is attached
# everything runs on one thread.
#
# ## In VS Code
#
# Its debugger steps over the code of libraries unless told otherwise. In `.vscode/launch.json`:
#
# ```json
# {"name": "lesson", "type": "debugpy", "request": "launch", "program": "${file}",
#  "justMyCode": false}
# ```
#
# Then set a breakpoint inside an operation, such as the line below `def relu_backward(dy):` in
# `minigrad/ops/activation.py`, and press F5: it stops there with `dy` and `positive` in view.

# %%
import numpy as np
from lesson import RUNS, Lesson
from matplotlib.figure import Figure

import minigrad as mg
from minigrad import debug, nn
from minigrad.datasets import Digits

lesson = Lesson(
    "17_step_through_backprop",
    data="digits",
    metric="gradient at the first layer / at the last",
)
digits = Digits()
images = mg.tensor(digits.data[:64]).float().flatten(1) / 255
labels = mg.tensor(digits.targets[:64])

# %% [markdown]
# ## In a loop
#
# `debug.steps(loss)` does what `loss.backward()` does, but waits before each operation. A step
# tells which operation it is, in which layer, made by which line of yours, and what gradient has
# arrived; `run()` takes the step, and then it also tells what each input has received. `x` is used
# twice below, so it receives two contributions, and their sum is its gradient.

# %%
x = mg.tensor([2.0, 3.0], requires_grad=True)
y = (x * x + 10 * x).sum()
for step in debug.steps(y):
    step.run()
    print(step)
print("x.grad =", x.grad.numpy(), "which is 2 x + 10")

# %% [markdown]
# ## The whole graph
#
# `debug.graph` draws what the walk goes through, each operation with its shape, layer and line. It
# needs no other program; a browser opens the picture, and a notebook shows it.

# %%
RUNS.mkdir(exist_ok=True)
debug.graph((x * x + 10 * x).sum()).save(RUNS / "17_graph.svg")

# %% [markdown]
# ## A step as a page
#
# `debug.record` writes down what every operation made and every gradient that was sent. The page it
# makes opens in a browser, without a network: the arrow keys step forward and back, and each step
# shows its tensors, its rule, one element with its numbers, and who sent which part of a sum. Press
# q to be asked for the gradient before you see it.

# %%
model = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))
with debug.record() as tape:
    scores = model(images[:8])
    loss = nn.functional.cross_entropy(scores, labels[:8])
    loss.backward()
print(tape.to_html(RUNS / "17_step.html"))

# %% [markdown]
# ## Stop where it gets interesting
#
# `debug.break_on` opens the debugger on the first line of an operation's way back, wherever the
# conditions hold: an operation, a layer's path, a line of yours, or a property of the gradient.
#
# ```python
# with debug.break_on(layer="features.0", when=lambda g: abs(g).max() > 10):
#     loss.backward()
# ```
#
# ## Where does the nan come from?
#
# A loss that is nan says nothing about its cause. Inside of `debug.detect_nan()` the first
# operation that makes nan or inf of finite numbers raises an error, forward or backward.

# %%
probability = mg.tensor([0.5, 0.25, 0.0], requires_grad=True)
try:
    with debug.detect_nan():
        entropy = -(probability * probability.log()).sum()
except debug.NotFiniteError as error:
    print(error)

# %% [markdown]
# ## Gradients that vanish
#
# The slope of a sigmoid is at most 1/4. A gradient that passes ten of them on its way back shrinks
# each time; behind ReLU, whose slope is 1 or 0, it need not. The steps show it.


# %%
def deep(activation):
    layers = [nn.Linear(64, 32), activation()]
    for _ in range(9):
        layers += [nn.Linear(32, 32), activation()]
    model = nn.Sequential(*layers, nn.Linear(32, 10))
    for layer in model:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return model


def gradient_sizes(model):
    """The mean absolute gradient that arrives at each linear layer, the first layer first."""
    loss = nn.functional.cross_entropy(model(images), labels)
    walk = debug.steps(loss)
    return [abs(step.gradient).mean().item() for step in walk if step.op == "linear"][::-1]


sizes = {}
for variant, _ in lesson.runs(["sigmoid", "ReLU"]):
    model = deep({"sigmoid": nn.Sigmoid, "ReLU": nn.ReLU}[variant])
    sizes.setdefault(variant, []).append(gradient_sizes(model))
    first, *_, last = sizes[variant][-1]
    lesson.add(variant, model, first / last)

# %% [markdown]
# Ten layers of sigmoids leave a few millionths of the gradient; so deep a net of them learned
# nothing in its first layers, which is why deep learning waited for ReLU, for better starts and for
# normalisation.

# %%
figure = Figure(figsize=(7, 4), layout="constrained")
axes = figure.subplots()
for variant, color in (("sigmoid", "#b3362c"), ("ReLU", "#3b6ea8")):
    for i, values in enumerate(sizes[variant]):
        label = variant if i == 0 else None
        axes.semilogy(range(1, len(values) + 1), values, "o-", color=color, label=label)
axes.set(xlabel="linear layer", ylabel="mean absolute gradient", title="What arrives at each layer")
axes.set_xticks(np.arange(1, 12))
axes.grid(color="#d8d8d8", linewidth=0.6)
axes.legend(frameon=False)
lesson.finish(figure)
