# %% [markdown]
# # Image filters: a convolution with a kernel chosen by hand
#
# A convolution layer learns its kernels. Here they are written down, so that you see what a kernel
# of 3x3 numbers can do: find edges, blur, sharpen. At the end a layer learns one of them.
# `--quick` trains for a moment only.

# %%
import numpy as np
from lesson import Lesson
from matplotlib.figure import Figure

import minigrad as mg
from minigrad import filters, nn, optim
from minigrad.datasets import Digits

lesson = Lesson(
    "02_image_filters", data="digits", metric="largest error of a kernel number", better="lower"
)
STEPS = 100 if lesson.quick else 300
mg.manual_seed(0)

# %% [markdown]
# ## Correlation, and true convolution
#
# Lay the kernel on the image, multiply what lies on each other, add it all up: a correlation. It is
# what every "convolution" layer computes. The convolution of mathematics flips the kernel first,
# left to right and top to bottom. For Sobel's kernel that turns the sign around.

# %%
image = np.array([[10, 20, 30], [40, 50, 60], [70, 80, 90]], np.uint8)
sobel = filters.sobel_x()
print(f"Sobel x:\n{sobel}\non\n{image}")
print("correlation:", filters.apply(image, sobel, "valid").item())
print("convolution:", filters.apply(image, sobel, "valid", mode="convolution").item())

# %% [markdown]
# A signal is an image of one row. The true convolution of 1 2 3 4 5 with 1 0 -1, zeros around it,
# is 2 2 2 2 -4: at the second place 1·3 + 0·2 - 1·1 = 2, at the last one 1·0 + 0·5 - 1·4 = -4.
# A result of 1 0 -1 0 1 goes around in tutorials; it is wrong.

# %%
signal = np.array([[1, 2, 3, 4, 5]], np.uint8)
print("correlation:", filters.apply(signal, [[1, 0, -1]], "zeros")[0])
print("convolution:", filters.apply(signal, [[1, 0, -1]], "zeros", mode="convolution")[0])

# %% [markdown]
# ## What lies outside of the image?
#
# At the border the kernel hangs over. The mean of three, with five answers to what is there:

# %%
ramp = np.array([[10, 20, 30, 40]], np.uint8)
for padding in "zeros", "reflect", "replicate", "circular", "valid":
    print(f"{padding:9}", filters.apply(ramp, filters.box((1, 3)), padding)[0].round(1))

# %% [markdown]
# ## Two images
#
# A digit, its 8x8 pixels repeated 12 times and then blurred by a filter, so that it is smooth; and
# a scene in color, painted by formulas.

# %%
digit = np.kron(Digits().data[42], np.ones((12, 12), np.uint8))
digit = filters.apply(digit, filters.gaussian(sigma=5))  # (96, 96), float32
down, right = np.mgrid[:96, :128]
scene = np.stack([90 + down, 150 + down / 2, 235 - down / 4], -1)  # the sky
scene[np.hypot(down - 22, right - 100) < 13] = 255, 220, 80  # the sun
scene[down > 70 + 3 * np.sin(right / 9)] = 60, 130, 60  # the meadow
scene[(down > 42) & (down < 80) & (abs(right - 45) < 22)] = 215, 190, 160  # the house
scene[(down > 54) & (down < 80) & (abs(right - 36) < 5)] = 95, 60, 45  # its door
scene[(abs(down - 57) < 6) & (abs(right - 55) < 6)] = 130, 190, 235  # its window
scene[(down > 22) & (down <= 42) & (abs(right - 45) < (down - 20) * 1.3)] = 170, 60, 50  # its roof
scene += np.random.default_rng(0).normal(0, 4, scene.shape)
scene = scene.clip(0, 255).astype(np.uint8)  # (96, 128, 3)

# %% [markdown]
# ## Derivatives find edges, averages blur
#
# A derivative's weights add up to 0: it is silent on flat ground. Those of a blur add up to 1: the
# brightness stays. On a color image each channel is filtered by itself.

# %%
derivatives = {
    "Sobel x": filters.sobel_x(),
    "Sobel y": filters.sobel_y(),
    "Prewitt x": filters.prewitt_x(),
    "Scharr x": filters.scharr_x(),
    "Laplacian": filters.laplacian(),
}
averages = {
    "Gaussian, sigma 2": filters.gaussian(sigma=2),
    "box 7x7": filters.box(7),
    "sharpen": filters.sharpen(),
    "emboss": filters.emboss(),
    "your own: motion": np.eye(11) / 11,
}
for name, kernel in (derivatives | averages).items():
    print(f"{name:17} {kernel.shape}, the weights add up to {kernel.sum():.2f}")

# %% [markdown]
# ## Unsharp masking
#
# Blur, subtract to get the detail, add the detail once more. Edges overshoot: that looks sharp.

# %%
soft = filters.apply(scene, filters.gaussian(sigma=1.5))
unsharp = filters.unsharp_mask(soft, sigma=2, amount=1.5)

# %% [markdown]
# ## Canny's edge detector
#
# Smooth; take the gradient; thin it to its ridges; keep strong edges, and weak ones that hang on
# a strong one. Every stage comes back.

# %%
canny = filters.canny(scene, sigma=1.2, low=0.08, high=0.2)
print(f"ridge pixels: {canny.strong.sum()} strong, {canny.weak.sum()} weak")
print(f"edges: {canny.edges.sum()}, so {canny.edges.sum() - canny.strong.sum()} weak ones hang on")

# %% [markdown]
# ## A filter as a layer, and a layer that becomes the filter
#
# `as_conv2d` puts a kernel into a Conv2d, frozen or as a start. And from pairs of images and their
# Sobel filtered versions, a layer that starts at random learns the kernel.

# %%
images = mg.tensor(Digits().data).float().unsqueeze(1) / 255  # (1442, 1, 8, 8)
teacher = filters.as_conv2d(sobel)
targets = teacher(images)
for variant, _ in lesson.runs(["learned from images"]):
    student = nn.Conv2d(1, 1, 3, padding="same", padding_mode="reflect", bias=False)
    before = student.weight.detach().numpy()[0, 0].copy()
    optimizer = optim.Adam(student.parameters(), lr=0.1)
    errors = []
    for _ in range(STEPS):
        batch = mg.randint(0, len(images), (128,))
        loss = nn.functional.mse_loss(student(images[batch]), targets[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        errors.append(abs(student.weight.data - teacher.weight.data).max())
    lesson.add(variant, student, errors[-1])
learned = student.weight.detach().numpy()[0, 0]
print(f"learned:\n{learned.round(3) + 0}")

# %% [markdown]
# ## All of it in one picture


# %%
def show(axes, image, title, **options):
    """Gray or color images of 0..255 as they are, others with their own colors."""
    if image.ndim == 3 or not options:
        options = {"cmap": "gray", "vmin": 0, "vmax": 255}
        image = image.clip(0, 255).astype(np.uint8)
    axes.imshow(image, **options)
    axes.set_title(title, fontsize=9)
    axes.set(xticks=[], yticks=[])


def signed(image):
    """Blue is negative, white 0, red positive."""
    most = abs(image).max()
    return {"cmap": "RdBu_r", "vmin": -most, "vmax": most}


figure = Figure(figsize=(12, 11), layout="constrained")
rows = figure.subfigures(5, 1, height_ratios=[1.1, 1, 1, 1, 1.1])
titles = ["Derivatives", "Averages, sharpening, relief", "Unsharp masking", "Canny, stage by stage",
          "A layer learns Sobel x"]  # fmt: skip
for row, title in zip(rows, titles, strict=True):
    row.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=11)

axes = rows[0].subplots(1, 6)
show(axes[0], digit, "a digit")
for panel, (name, kernel) in zip(axes[1:], derivatives.items(), strict=True):
    response = filters.apply(digit, kernel)
    show(panel, response, name, **signed(response))

axes = rows[1].subplots(1, 6)
show(axes[0], scene, "a scene")
for panel, (name, kernel) in zip(axes[1:], averages.items(), strict=True):
    show(panel, filters.apply(scene, kernel), name)

axes = rows[2].subplots(1, 5, width_ratios=[1, 1, 1, 1, 1.6])
show(axes[0], soft, "a soft image")
show(axes[1], unsharp.blurred, "1. blurred")
show(axes[2], 128 + 2 * unsharp.detail, "2. detail (gray is 0)")
show(axes[3], unsharp.sharpened, "3. image + 1.5 detail")
axes[4].plot(soft[60, :, 0], color="#999999", label="soft")
axes[4].plot(unsharp.sharpened[60, :, 0], color="#b3362c", linewidth=1, label="sharpened")
axes[4].set_title("red along row 60: edges overshoot", fontsize=9)
axes[4].legend(frameon=False, fontsize=8)

axes = rows[3].subplots(1, 6)
show(axes[0], canny.smoothed, "1. smoothed")
show(axes[1], canny.magnitude, "2. gradient: magnitude", cmap="gray")
faint = canny.magnitude < 0.05 * canny.magnitude.max()
compass = np.where(faint, np.nan, canny.direction)
show(axes[2], compass, "2. gradient: direction as hue", cmap="hsv", vmin=-np.pi, vmax=np.pi)
show(axes[3], canny.thinned, "3. thinned to ridges", cmap="gray")
levels = np.where(canny.strong, 1.0, 0.45 * canny.weak)
show(axes[4], levels, "4. strong, and weak (gray)", cmap="gray")
show(axes[5], canny.edges, "4. edges", cmap="gray")

axes = rows[4].subplots(1, 4, width_ratios=[1, 1, 1, 2.2])
for panel, kernel, title in zip(
    axes, (before, learned, sobel), ("at the start", "learned", "Sobel x"), strict=False
):
    show(panel, kernel, title, **signed(sobel))
    for (i, j), weight in np.ndenumerate(kernel):
        color = "white" if abs(weight) > 1.5 else "black"
        text = f"{round(weight, 2) + 0:.2f}"
        panel.text(j, i, text, ha="center", va="center", fontsize=8, color=color)
axes[3].semilogy(errors, color="#3b6ea8")
axes[3].set_title("greatest error of the kernel", fontsize=9)
axes[3].set_xlabel("step")
axes[3].grid(color="#d8d8d8", linewidth=0.6)

lesson.finish(figure)
