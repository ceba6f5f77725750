# %% [markdown]
# # First steps: a gradient by hand, then a small net
#
# Run it as a script, or cell by cell as a notebook. `--quick` trains for a moment only.

# %%
from lesson import Lesson
from matplotlib.figure import Figure

import minigrad as mg
from minigrad import nn, optim
from minigrad.datasets import Digits
from minigrad.transforms import ToTensor
from minigrad.utils.data import DataLoader

lesson = Lesson("01_first_steps", data="digits", metric="test accuracy", percent=True)
EPOCHS = 1 if lesson.quick else 12

# %% [markdown]
# ## One gradient
#
# y = x² · w. By hand, dy/dx = 2xw = 12 and dy/dw = x² = 9.

# %%
x = mg.tensor(3.0, requires_grad=True)
w = mg.tensor(2.0, requires_grad=True)
y = x * x * w
y.backward()
print(y)
print(f"dy/dx = {x.grad.item()}, dy/dw = {w.grad.item()}")

# %% [markdown]
# ## The graph behind it
#
# Every result knows the op that made it, your line, and where its inputs came from.

# %%
product = x * x * w
print(product.grad_fn, "was made from")
for source, _ in product.grad_fn.next_functions:
    print("   ", source)

# %% [markdown]
# ## A net that reads digits
#
# Beside it a linear layer alone: one template for each digit, as large as the image. The net looks
# for small patterns anywhere first, and then at where they are.
#
# To see backprop, set a breakpoint at `loss.backward()` and step in: all of it is Python.


# %%
def linear():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))  # (N, 1, 8, 8) -> (N, 64) -> (N, 10)


def small_net():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),  # (N, 1, 8, 8) -> (N, 16, 8, 8)
        nn.ReLU(),
        nn.MaxPool2d(2),  # -> (N, 16, 4, 4)
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),  # -> (N, 512)
        nn.Linear(512, 10),
    )


train = DataLoader(Digits(train=True, transform=ToTensor()), batch_size=32, shuffle=True)
test = DataLoader(Digits(train=False, transform=ToTensor()), batch_size=512)
losses = {}
for variant, _ in lesson.runs(["linear", "small net"]):
    model = linear() if variant == "linear" else small_net()
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    losses[variant] = []
    for _ in range(EPOCHS):
        for images, labels in train:
            loss = nn.functional.cross_entropy(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses[variant].append(loss.item())

    model.eval()
    with mg.no_grad():
        images, labels = next(iter(test))
        accuracy = (model(images).argmax(1) == labels).float().mean().item()
    lesson.add(variant, model, accuracy)

# %% [markdown]
# ## What the net's first layer learned

# %%
figure = Figure(figsize=(9, 3), layout="constrained")
left, right = figure.subplots(1, 2)
for variant, values in losses.items():
    left.plot(values, linewidth=1, label=variant)
left.set(xlabel="step", ylabel="cross-entropy", title="Training loss", yscale="log")
left.legend(frameon=False)
kernels = model[0].weight.detach().reshape(4, 4, 3, 3).permute(0, 2, 1, 3).reshape(12, 12)
right.imshow(kernels, cmap="gray")
right.set(title="Its 16 kernels of 3x3", xticks=[], yticks=[])
lesson.finish(figure)
