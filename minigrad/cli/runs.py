"""Run folders: where a training keeps its settings and results."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from itertools import count
from pathlib import Path

from .. import models
from ..nn import Layer
from ..serialization import load, write_file
from ..train.checkpoint import BEST, CHECKPOINT
from .data import SOURCES

RUNS, CONFIG = Path("runs"), "config.json"


@dataclass(frozen=True)
class Config:
    """The settings of a run: all that it takes to build it again. See `minigrad train --help`."""

    model: str
    data: str
    epochs: int
    batch_size: int
    optimizer: str
    lr: float
    weight_decay: float
    scheduler: str
    patience: int | None
    augment: bool
    seed: int
    batches: list[int] | None

    def build_model(self) -> Layer:
        """The model, with new weights."""
        source = SOURCES[self.data]
        return models.build(self.model, source.channels, len(source.classes), source.size)

    def write(self, folder: Path) -> None:
        """Keep the settings in the run's folder."""
        write_file(folder / CONFIG, (json.dumps(asdict(self), indent=2) + "\n").encode())


def read_config(folder: Path) -> Config:
    """The settings of the run in `folder`."""
    path = folder / CONFIG
    if not path.exists():
        raise ValueError(f"{folder} is no run folder of minigrad: it has no {CONFIG}")
    try:
        settings = json.loads(path.read_bytes())
        if set(settings) != {field.name for field in fields(Config)}:
            raise ValueError("its settings are not those of this version")
        if settings["data"] not in SOURCES or settings["model"] not in models.MODELS:
            raise ValueError(f"no {settings['model']} on {settings['data']} in this version")
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} is damaged or of another version: {error}") from None
    return Config(**settings)


def new_folder(out: str | None, config: Config) -> Path:
    """A folder for a new run: `out`, or the first free of runs/MODEL-DATA, ...-2, ...-3."""
    if out is None:
        base = f"{config.model}-{config.data}"
        names = (base if n == 1 else f"{base}-{n}" for n in count(1))
        return next(RUNS / name for name in names if not (RUNS / name).exists())
    folder = Path(out)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(
            f"{folder} exists already; choose another --out, or go on with the run in it by "
            f"minigrad train --resume --out {folder}"
        )
    return folder


def find_run(folder: str | None, holding: str = CONFIG) -> Path:
    """The folder given, or the newest in runs/ that has the file `holding`."""
    if folder is not None:
        if not Path(folder).is_dir():
            raise ValueError(f"there is no folder {folder}")
        return Path(folder)
    files = sorted(RUNS.glob(f"*/{holding}"), key=lambda path: path.stat().st_mtime)
    if not files:
        raise ValueError(f"there is no run in {RUNS.absolute()}; train a model: minigrad train")
    return files[-1].parent


def trained_model(folder: Path) -> tuple[Config, Layer]:
    """The model of a run with its final weights.

    They are those of the last epoch, or with --patience those of the best.
    """
    config = read_config(folder)
    model = config.build_model()
    if not (folder / CHECKPOINT).exists():
        raise ValueError(
            f"{folder} has no complete epoch yet; train on with "
            f"minigrad train --resume --out {folder}"
        )
    weights = load(folder / CHECKPOINT)["model"] if config.patience is None else load(folder / BEST)
    model.load_state_dict(weights)
    return config, model
