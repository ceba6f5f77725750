# %% [markdown]
# # The convolution microscope
#
# A convolution is a sum of products. Which ones? Here you look: at a page on which you click an
# output pixel and see its products, or an input pixel and see where its gradient comes from; at
# films of the window; and at the list of all taps, which shows why some nets paint checkerboards.
# `--quick` takes one seed.

# %%
import numpy as np
from lesson import RUNS, Lesson
from matplotlib.figure import Figure

import minigrad as mg
from minigrad import debug, filters, nn
from minigrad.datasets import Digits

lesson = Lesson(
    "18_convolution_microscope",
    data="ones",
    metric="most taps at a pixel / fewest",
    better="lower",
)
digit = mg.tensor(Digits().data[:1]).float().unsqueeze(1) / 255
RUNS.mkdir(exist_ok=True)

# %% [markdown]
# ## Look at a layer
#
# Give `debug.microscope` a layer and an input, one of your own model's: the page opens from disk,
# without a network, and a notebook shows it in place. Open it with `.show()`.
#
# Click a pixel of the output. The nine pixels that it reads are ringed, and below stand the nine
# products, their sum, the bias, and what the layer gives. Then click a pixel of the input: those
# outputs are ringed that send it gradient, each dy times the weight by which it has read the pixel.
# The arrow keys move the pixel. At the rim you meet the padding.

# %%
sobel = filters.as_conv2d(filters.sobel_x(), padding=1, padding_mode="zeros")
page = debug.microscope(sobel, digit)
page.save(RUNS / "18_sobel.html")
print(page)

# %% [markdown]
# Three things worth a look:
#
# - max pooling, backward: all the gradient of a window goes to one pixel, the others get 0;
# - a transposed convolution with `output_padding`: a row and a column that no input reaches
#   (hatched), which hold the bias alone;
# - a deformable convolution: arrows lead from the grid to where each tap reads, between four
#   pixels. Point at a tap to see what each of the four counts. A new layer's offsets are all 0; a
#   trained one's are not, so some are drawn here.

# %%
mg.manual_seed(0)
deformable = nn.DeformConv(1, 1)
nn.init.normal_(deformable.offset.bias, std=0.7)
for name, layer in {
    "max_pooling": nn.MaxPool2d(2),
    "transposed": nn.ConvTranspose2d(1, 1, 2, stride=2, output_padding=1),
    "deformable": deformable,
}.items():
    debug.microscope(layer, digit).save(RUNS / f"18_{name}.html")

# %% [markdown]
# In a model, look at one of its layers with what arrives there. `debug.capture` has it:
#
# ```python
# with debug.capture(model) as made:
#     loss = criterion(model(images), labels)
# loss.backward()
# debug.microscope(model.features[3], made["features.2"].value,
#                  gradient=made["features.3"].gradient).show()
# ```
#
# With `gradient=` the page shows what has really flowed back, in place of ones.
#
# ## Films
#
# The window as it slides, the input below and the output above.

# %%
for name, layer in {
    "stride": nn.Conv2d(1, 1, 3, stride=2, padding=1),
    "dilation": nn.Conv2d(1, 1, 3, dilation=2),
    "transposed": nn.ConvTranspose2d(1, 1, 3, stride=2),
}.items():
    debug.animate(layer, RUNS / f"18_{name}.gif")

# %% [markdown]
# ## Why transposed convolutions paint checkerboards
#
# In the last film kernels of 3x3 land two pixels apart: where they overlap, four meet; elsewhere
# two, or one. `debug.taps` lists every tap as (output, input, weight), so they can be counted. A
# pixel that adds up four products is brighter than its neighbour with one, until training has
# weighed the kernel against it (Odena et al., Deconvolution and checkerboard artifacts, 2016). It
# is no matter of the weights, only of sizes: where the stride divides the kernel, all pixels get
# alike many. The rim, where kernels are cut off, is left out.


# %%
def taps_at_each_pixel(layer, side=6):
    """How many taps meet at each output pixel, without the rim."""
    taps = debug.taps(layer, mg.ones(1, 1, side, side))
    counts = np.bincount(taps.outputs, minlength=np.prod(taps.shape)).reshape(taps.shape)
    rim = layer.kernel_size[0] - 1
    return counts[0, 0, rim:-rim, rim:-rim]


KERNELS = {"3x3": 3, "5x5": 5, "2x2": 2, "4x4": 4}
counts = {}
for variant, _ in lesson.runs(list(KERNELS)):
    layer = nn.ConvTranspose2d(1, 1, KERNELS[variant], stride=2)
    counts[variant] = taps_at_each_pixel(layer)
    lesson.add(variant, layer, counts[variant].max() / counts[variant].min())

# %% [markdown]
# A 3x3 kernel at stride 2 is the worst, 5x5 is uneven too, 2x2 and 4x4 are even: so DCGAN's
# generators take 4x4. The same happens to gradients: on its way back, a convolution with stride is
# a transposed one, and a 3x3 with stride 2 sends some pixels four products, and others one.

# %%
figure = Figure(figsize=(11, 3.2), layout="constrained")
for axes, (variant, count) in zip(figure.subplots(1, len(counts)), counts.items(), strict=True):
    axes.imshow(count, cmap="Blues", vmin=0, vmax=9)
    for (row, column), value in np.ndenumerate(count):
        axes.text(column, row, value, ha="center", va="center", color="white" if value > 5 else "k")
    axes.set(title=f"{variant}, stride 2", xticks=[], yticks=[])
figure.suptitle("Taps that meet at each pixel of a transposed convolution")
lesson.finish(figure)
