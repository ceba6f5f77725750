# %% [markdown]
# # A net that does not learn: ask the doctor
#
# Most mistakes in a training script raise no error. The script runs, the loss falls a little or not
# at all, and nothing says which line to change. `debug.doctor` looks for what keeps a net from
# learning, in a few seconds and before the training: each finding has a number, a line of yours,
# and the edit. Here a script with four mistakes is mended by what the doctor says, one finding at a
# time, and after each the net is trained. `--quick` takes one seed.

# %%
import numpy as np
from lesson import Lesson
from matplotlib.figure import Figure

import minigrad as mg
from minigrad import debug, nn, optim
from minigrad.datasets import Digits
from minigrad.utils.data import DataLoader, TensorDataset

lesson = Lesson("19_ask_the_doctor", data="digits", metric="test accuracy", percent=True)
EPOCHS = 5

# %% [markdown]
# ## The script
#
# A small CNN on the digits. `mended` holds the names of the mistakes that are mended already; read
# it with nothing in it, and look for the four.


# %%
class Net(nn.Layer):
    def __init__(self, mended):
        super().__init__()
        self.conv = nn.Conv2d(1, 16, 3)
        self.hidden = nn.Linear(144, 32)
        self.last = nn.Linear(32, 10)
        self.mended = mended

    def forward(self, x):
        x = nn.functional.max_pool2d(self.conv(x).relu(), 2).flatten(1)
        x = self.last(self.hidden(x).relu())
        return x if "output activation" in self.mended else x.softmax(1)


def images(digits, mended):
    return mg.tensor(digits.data).float().unsqueeze(1) / (255 if "inputs" in mended else 1)


def script(mended):
    """Model, loader, loss, optimizer and the step of a training."""
    digits = Digits()
    by_class = np.argsort(digits.targets, kind="stable")
    x, y = images(digits, mended)[by_class], mg.tensor(digits.targets[by_class])
    loader = DataLoader(TensorDataset(x, y), batch_size=50, shuffle="labels" in mended)
    model = Net(mended)
    loss = nn.CrossEntropyLoss()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    def step(x, y):
        if "zero_grad" in mended:
            optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()

    return model, loader, loss, optimizer, step


def accuracy(model, mended):
    digits = Digits(train=False)
    with mg.no_grad():
        guesses = model.eval()(images(digits, mended)).argmax(1)
    return (guesses.numpy() == digits.targets).mean()


# %% [markdown]
# ## What the doctor says
#
# The loop, as a function of one batch, is given as `step`: that is how the doctor sees what only
# the loop holds. It leaves weights, gradients, the optimizer and chance as they were.

# %%
mg.manual_seed(0)
print(debug.doctor(*script(mended=set())))

# %% [markdown]
# Each finding names the check that made it. Checks whose result the findings above may explain wait
# until those are mended.
#
# ## One finding at a time
#
# Ask, mend the first finding, ask again, until there is none.

# %%
mended, found = set(), []
while report := debug.doctor(*script(mended)):
    found.append(report[0])
    mended.add(report[0].check)
    print(f"{report[0]}\n")
print(report)

# %% [markdown]
# ## What each mistake costs
#
# The net with all four mistakes, with each of them alone, and with none: the same epochs on the
# same images.

# %%
WORDS = {
    "inputs": "pixels to 255",
    "labels": "sorted by class",
    "output activation": "softmax twice",
    "zero_grad": "no zero_grad",
}
VARIANTS = {"all four": set()}
for check, words in WORDS.items():
    VARIANTS[f"only {words}"] = set(WORDS) - {check}
VARIANTS["no mistake"] = set(WORDS)
scores = {}
for variant, _ in lesson.runs(list(VARIANTS)):
    model, loader, _, _, step = script(VARIANTS[variant])
    for _ in range(EPOCHS):
        for x, y in loader:
            step(x, y)
    scores.setdefault(variant, []).append(accuracy(model, VARIANTS[variant]))
    lesson.add(variant, model, scores[variant][-1])

# %%
figure = Figure(figsize=(7, 3.6), layout="constrained")
axes = figure.subplots()
means = [100 * np.mean(values) for values in scores.values()]
bars = axes.barh(list(scores), means, color="#3b6ea8")
axes.bar_label(bars, [f"{mean:.0f}%" for mean in means], padding=4)
axes.invert_yaxis()
axes.set(xlim=(0, 110), xlabel="test accuracy in percent", title="What each mistake costs")
axes.spines[["top", "right"]].set_visible(False)
lesson.finish(figure)

# %% [markdown]
# With the data sorted, or without zero_grad, the net only guesses, as it does with all four, and
# large pixels leave it near that. So three of four mended may look as if nothing had helped: that
# is why trying one thing after another so often fails, and why it pays to ask. Softmax twice is the
# treacherous one: the net learns, and stays far below what it can do.
