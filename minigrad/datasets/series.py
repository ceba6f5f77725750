"""A series as a sensor might give it: made up, from nothing."""

import numpy as np

from ..nn.arguments import whole
from ..utils.data import TensorDataset

DAY = 96  # steps: one every 15 minutes
CYCLES = (11, 17)  # steps: how long the machine takes for one round, in each regime
STAY = 400  # steps: how long a regime lasts, on average


class SensorSeries(TensorDataset):
    """Windows of a synthetic sensor's series, to predict the next step everywhere in the window.

    `dataset[i]` is (x, y), both float32 Tensors (1, window): `y` is `x` one step later, so a
    causal network that has seen `x[:, : t + 1]` is to say `y[:, t]`.

    The series is no measurement. It sums a slow random drift, a daily pattern (a sharp rise and a
    slow fall, 96 steps long), a machine's beat, and white noise of standard deviation `noise`.
    The machine has two regimes, which switch at random every 400 steps or so: the beat takes 11
    or 17 steps, and the level is another. `series`: all `steps` values float32, of mean 0 and
    standard deviation 1 over the training part, the first 80 %; the test part is what comes after
    it. `regimes`: 0 or 1 for each step. Windows start `stride` steps apart (default: they do not
    overlap).
    """

    def __init__(
        self,
        train: bool = True,
        *,
        steps: int = 20_000,
        window: int = 256,
        stride: int | None = None,
        noise: float = 0.1,
        seed: int = 0,
    ) -> None:
        self.train = train
        steps, window = whole(self, "steps", steps, 100), whole(self, "window", window)
        stride = window if stride is None else whole(self, "stride", stride)
        if not noise >= 0:
            raise ValueError(f"SensorSeries: noise must be at least 0, got {noise}")
        cut = steps * 4 // 5
        part = slice(0, cut) if train else slice(cut, steps)
        length = part.stop - part.start
        if window >= length:
            raise ValueError(
                f"SensorSeries: window {window} does not fit into the {length} steps of the "
                f"{'training' if train else 'test'} part; give window={length - 1} or less, or "
                "more steps"
            )
        series, self.regimes = sensor(steps, noise, np.random.default_rng(seed))
        series = (series - series[:cut].mean()) / series[:cut].std()
        self.series = series.astype(np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(self.series[part], window + 1)[::stride]
        super().__init__(windows[:, None, :-1], windows[:, None, 1:])

    def __repr__(self) -> str:
        x = self.tensors[0]
        part = "training" if self.train else "test"
        return f"SensorSeries({part} set: {len(self)} windows of {x.shape[-1]} steps)"


def sensor(steps: int, noise: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The series, not yet scaled, and the regime of each step."""
    regimes = np.cumsum(rng.random(steps) < 1 / STAY) % 2
    turns = np.cumsum(1 / np.array(CYCLES)[regimes])  # rounds of the machine so far
    beat = np.sin(2 * np.pi * turns) + 0.5 * np.sin(4 * np.pi * turns)
    hour = np.arange(steps) % DAY / DAY
    day = np.minimum(hour / 0.1, (1 - hour) / 0.9)
    drift = np.cumsum(0.01 * rng.standard_normal(steps))
    drift -= np.linspace(0, drift[-1], steps)  # ends where it began
    return drift + day + 0.3 * beat + 0.4 * regimes + noise * rng.standard_normal(steps), regimes
