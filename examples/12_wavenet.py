# %% [markdown]
# # WaveNet blocks: far into the past with few weights
#
# A sensor gives a value every 15 minutes. What will the next one be? A causal convolution may look
# at the past only. With a kernel of 2, each layer sees one step more: seven layers see 8 steps.
# Van den Oord et al., WaveNet, 2016, let the layers skip: the taps lie 1, 2, 4, 8 ... steps apart,
# so each layer doubles what the net sees. Seven layers see 128 steps, with the same weights.
#
# The series is synthetic: made by a formula and a random generator, not measured. That has one
# advantage: we know how large its noise is, and nobody can predict the noise. All errors below are
# squared errors in units of the noise's variance: 1 is the best that there is.
# `--quick` trains for a moment only.

# %%
from time import perf_counter

import numpy as np
from lesson import Lesson
from matplotlib.figure import Figure

import minigrad as mg
from minigrad import nn, optim
from minigrad.datasets import SensorSeries

lesson = Lesson(
    "12_wavenet",
    data="synthetic sensor series",
    metric="one-step error (noise = 1)",
    better="lower",
)
STEPS = 2 if lesson.quick else 250
FIELD = 128  # steps that the dilated net sees
HORIZON = 6 if lesson.quick else 96

# %% [markdown]
# ## The series
#
# A daily pattern of 96 steps, a sharp rise and a slow fall; a machine whose beat takes 11 or 17
# steps and which switches at random; a slow drift; noise. The same series without its noise tells
# how large the noise is.
#
# A window holds 128 + 255 steps. Errors count from step 128 on, where a net sees no padding: then
# both nets answer the same 256 questions.

# %%
settings = {"steps": 5_000 if lesson.quick else 40_000, "window": FIELD + 255}
train = SensorSeries(stride=32, **settings)
test = SensorSeries(train=False, stride=256, **settings)
pure = SensorSeries(noise=0, **settings).series
slope, level = np.polyfit(pure, test.series, 1)  # each is scaled to its own deviation
noise = np.var(test.series - (slope * pure + level))
print(train)
print(f"noise: {noise:.4f} of the series' variance, which is 1")

# %% [markdown]
# ## The net
#
# A block multiplies what one convolution finds (tanh, -1 to 1) by how much of it another one lets
# through (sigmoid, 0 to 1). It gives its input plus something to the next block, and a part for
# the result to all. The net says by how much the next value differs from the last one.


# %%
class WaveNet(nn.Layer):
    def __init__(self, dilations, channels=16):
        super().__init__()
        self.start = nn.Conv1d(1, channels, 1)  # (N, 1, L) -> (N, 16, L)
        self.blocks = nn.ModuleList(
            nn.GatedResidualBlock(channels, kernel_size=2, dilation=d) for d in dilations
        )
        self.end = nn.Sequential(
            nn.ReLU(),
            nn.Conv1d(channels, channels, 1),
            nn.ReLU(),
            nn.Conv1d(channels, 1, 1),  # -> (N, 1, L)
        )

    def forward(self, x):
        through, total = self.start(x), 0
        for block in self.blocks:
            through, skipped = block(through)
            total = total + skipped
        return x + self.end(total)


DILATIONS = {"undilated": [1] * 7, "dilated": [1, 2, 4, 8, 16, 32, 64]}
for name, dilations in DILATIONS.items():
    field = mg.receptive_field(WaveNet(dilations), (1, 1, 256))[0]
    print(f"{name}: dilations {dilations} see {field} steps")

# %% [markdown]
# ## Training


# %%
def fit(model):
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    x, y = train.tensors
    for _ in range(STEPS):
        batch = mg.randint(0, len(x), (8,))
        forecast = model(x[batch])[:, :, FIELD - 1 :]
        loss = nn.functional.mse_loss(forecast, y[batch][:, :, FIELD - 1 :])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()


def error(forecast):
    """Of forecasts for every counted step of the test windows."""
    return np.mean((forecast - y_test) ** 2) / noise


x_test = test.tensors[0]
y_test = test.tensors[1].numpy()[:, :, FIELD - 1 :]  # (N, 1, 256)
models = {}  # of seed 0
for variant, seed in lesson.runs(list(DILATIONS)):
    model = WaveNet(DILATIONS[variant])
    fit(model)
    with mg.no_grad():
        forecast = model(x_test).numpy()[:, :, FIELD - 1 :]
    lesson.add(variant, model, error(forecast))
    if seed == 0:
        models[variant] = model

# %% [markdown]
# ## Forecasts without a net
#
# A net has to beat what costs nothing: the last value, and a linear forecast from the last 8 or
# the last 128 values, by least squares (an autoregression). It sees what the nets see.


# %%
def past(x, steps):
    """For every counted step the last `steps` values: (N, 1, L) -> (N, 1, L - 127, steps)."""
    return np.lib.stride_tricks.sliding_window_view(x[:, :, FIELD - steps :], steps, axis=-1)


def with_one(values):
    return np.concatenate([values, np.ones_like(values[..., :1])], -1)


lesson.add("last value", 0, error(past(x_test.numpy(), 1)[..., 0]), seconds=0)
x, y = (t.numpy()[::8].astype(np.float64) for t in train.tensors)
linear = {}
for steps in (8, FIELD):
    start = perf_counter()
    rows, results = with_one(past(x, steps)).reshape(-1, steps + 1), y[:, :, FIELD - 1 :].ravel()
    linear[steps] = np.linalg.lstsq(rows, results, rcond=None)[0]
    forecast = with_one(past(x_test.numpy(), steps)) @ linear[steps]
    seconds = perf_counter() - start
    lesson.add(f"linear, {steps} steps", steps + 1, error(forecast), seconds)

# %% [markdown]
# ## Running free
#
# A whole day ahead: each forecast is taken as if it had been measured, and the next one follows
# from it. Small errors add up. A net that knows only 8 steps soon does not know the hour.


# %%
def run_free(next_value, history):
    """(N, 1, 128) -> (N, 1, HORIZON)."""
    x = history
    for _ in range(HORIZON):
        x = np.concatenate([x, next_value(x[:, :, -FIELD:])], -1)
    return x[:, :, FIELD:]


def of_net(model):
    def next_value(x):
        with mg.no_grad():
            return model(mg.tensor(x)).numpy()[:, :, -1:]

    return next_value


def of_linear(steps):
    return lambda x: (with_one(past(x, steps)) @ linear[steps]).astype(np.float32)


days = SensorSeries(train=False, steps=settings["steps"], window=FIELD + HORIZON, stride=160)
history, truth = np.split(days.tensors[0].numpy(), [FIELD], axis=-1)
forecasts = {name: run_free(of_net(model), history) for name, model in models.items()}
forecasts["linear, 128 steps"] = run_free(of_linear(FIELD), history)
forecasts["last value"] = np.repeat(history[:, :, -1:], HORIZON, -1)
errors = {name: ((f - truth) ** 2).mean((0, 1)) / noise for name, f in forecasts.items()}

# %% [markdown]
# ## Where does the net look?
#
# Backpropagation answers that: the gradient of one forecast with respect to the window. Where it
# is large, a change of the input would change the forecast; outside of the receptive field it is
# exactly 0.


# %%
def look_back(model):
    x = mg.tensor(history, requires_grad=True)
    model(x)[:, :, -1].sum().backward()
    return np.sqrt((x.grad.numpy() ** 2).mean((0, 1)))[::-1]  # from the last step backwards


looks = {name: look_back(model) for name, model in models.items()}

# %% [markdown]
# ## The picture

# %%
COLORS = {"dilated": "#3b6ea8", "undilated": "#d9772b", "linear, 128 steps": "#2e7d4f",
          "linear, 8 steps": "#2e7d4f", "last value": "#888888"}  # fmt: skip
SHOWN = 4  # of the histories
figure = Figure(figsize=(12, 11), layout="constrained")
top, middle, bottom = figure.subfigures(3, 1, height_ratios=[1.15, 1.05, 1])

axes = top.subplots()
before, ahead = np.arange(-FIELD, 0), np.arange(HORIZON)
axes.plot(before, history[SHOWN, 0], color="black", linewidth=1, label="the series")
axes.plot(ahead, truth[SHOWN, 0], color="black", linewidth=1, alpha=0.35, label="what came")
for name in ("dilated", "undilated", "linear, 128 steps"):
    axes.plot(ahead, forecasts[name][SHOWN, 0], color=COLORS[name], linewidth=2, label=name)
axes.axvline(-0.5, color="#b3362c", linewidth=1, linestyle=":")
axes.set(xlabel="step from now (96 are a day)", xlim=(-FIELD, HORIZON))
axes.set_title("A day ahead, running free: every forecast is made from the ones before it")
axes.legend(frameon=False, ncols=5, loc="lower left")


def draw_fan(axes, dilations, color):
    """The taps that one forecast depends on, from the last layer down to the input."""
    places = {0}
    for height in range(len(dilations), 0, -1):
        dilation = dilations[height - 1]
        lines = [(place, tap, np.nan) for place in places for tap in (place, place - dilation)]
        levels = [height, height - 1, np.nan] * len(lines)
        axes.plot(np.ravel(lines), levels, color=color, linewidth=0.8)
        places |= {place - dilation for place in places}
        axes.plot(list(places), [height - 1] * len(places), "o", color=color, markersize=2.5)
    axes.plot(0, len(dilations), "o", color="#b3362c", markersize=7)
    labels = [f"dilation {d}" for d in dilations]
    axes.set_yticks(range(len(dilations) + 1), ["input", *labels], fontsize=8)
    axes.set_xlabel("input step, from now")
    axes.spines[["top", "right", "left"]].set_visible(False)


wide, narrow = middle.subplots(1, 2, width_ratios=[4, 1])
draw_fan(wide, DILATIONS["dilated"], COLORS["dilated"])
draw_fan(narrow, DILATIONS["undilated"], COLORS["undilated"])
wide.set(title="dilated: one forecast (red) sees 128 steps", xlim=(-FIELD, 1))
narrow.set(title="undilated: 8 steps", xlim=(-FIELD / 4, 1))

left, center, right = bottom.subplots(1, 3)
scores = {}
for run in lesson.record["runs"]:
    scores.setdefault(run["variant"], []).append(run["value"])
for place, (name, values) in enumerate(sorted(scores.items(), key=lambda item: -max(item[1]))):
    left.barh(place, np.mean(values), color=COLORS[name], alpha=0.6)
    left.plot(values, [place] * len(values), "o", color=COLORS[name], markersize=4)
    left.text(0.08, place, name, va="center")
left.axvline(1, color="black", linestyle=":", linewidth=1)
left.set(yticks=[], xlabel="squared error / variance of the noise")
left.set_title("The next step (dots: seeds, dotted: noise)")

for name, values in errors.items():
    center.plot(ahead + 1, values, color=COLORS[name], label=name)
center.axhline(1, color="black", linestyle=":", linewidth=1)
center.set(xlabel="steps ahead", ylabel="squared error / noise", yscale="log", ylim=(0.8, 2e3))
center.set_title(f"Running free, from {len(truth)} starts")
center.legend(frameon=False, fontsize=8, ncols=2, loc="upper left")

for name, values in looks.items():
    seen = np.flatnonzero(values)  # 0 is the last value, one step before the forecast one
    right.plot(seen + 1, values[seen], ".-", color=COLORS[name], label=name, markersize=3)
for ago, text, side in (11, "11", "right"), (17, "17", "left"), (96, "a day", "center"):
    right.axvline(ago, color="#cccccc", linewidth=1, zorder=0)
    right.text(ago, 1.01, text, transform=right.get_xaxis_transform(), fontsize=8, ha=side)
right.set(xlabel="steps before the forecast one", yscale="log")
right.set_title("Where each net looks: gradient", pad=16)
right.legend(frameon=False, fontsize=8, loc="upper center")
lesson.finish(figure)

# %% [markdown]
# ## What the numbers show
#
# With three seeds: the dilated net comes to 1.75 times the noise, the undilated one with exactly as
# many weights to 3.30. No weight is added, they only lie farther apart. The last value costs
# nothing and comes to 4.12.
#
# The linear forecasts say what is due to the long view and what to the net. From 8 values 3.64,
# from 128 values 1.97: most of the gain is the view, and 129 weights, found in a second, have it.
# The net is 11 % better, probably because it can treat the machine's two beats differently.
#
# Running free (seed 0), both that see a day stay close to the series all day, equally well: the
# net's advantage is gone. The undilated net knows neither the hour nor the beat and drifts away; it
# is worse than repeating the last value. A small error of one step says little about a far one.
#
# The gradients (bottom right) have peaks near 11, 17 and 96 steps, as the series would have it. Be
# careful: 17, 33, 65 and 97 are also where a single skip or two lead to (16 + 1, 32 + 1, 64 + 1,
# 64 + 32 + 1). A gradient shows what the net uses, and how it is built as well.
