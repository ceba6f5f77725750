"""A run's folder: the files from which a training goes on, to the same bits.

checkpoint.safetensors   model, optimizer, scheduler, chance and history after the last epoch
best.safetensors         the state_dict of the best epoch, and nothing else
metrics.csv              the history, a line an epoch
"""

from __future__ import annotations

import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ..kernels.threads import get_num_threads
from ..nn import Layer
from ..optim import Optimizer
from ..optim.lr_scheduler import LRScheduler
from ..random import get_rng_state, set_rng_state
from ..serialization import load, save, write_file
from .history import Epoch, History

CHECKPOINT, BEST, METRICS = "checkpoint.safetensors", "best.safetensors", "metrics.csv"


class Run:
    """What is being trained, and the folder (or None) that keeps it."""

    def __init__(
        self,
        folder: str | Path | None,
        model: Layer,
        optimizer: Optimizer,
        scheduler: LRScheduler | None,
        loader: Iterable,
    ) -> None:
        self.folder = None if folder is None else Path(folder)
        self.parts: dict[str, Any] = {
            "model": model,
            "optimizer": optimizer,
            "scheduler": scheduler,
        }
        self.generator = getattr(loader, "generator", None)  # a loader's own source of chance

    def start(self, resume: bool) -> History:
        """The history to go on from: an empty one, or with `resume` the checkpoint's."""
        if self.folder is None:
            if resume:
                raise ValueError("fit: resume=True needs run_folder=, the folder to go on from")
            return History()
        checkpoint = self.folder / CHECKPOINT
        if not checkpoint.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            return History()
        if not resume:
            raise FileExistsError(
                f"fit: {self.folder} holds a run already; go on with it by resume=True, or choose "
                "another run_folder"
            )
        return self._restore(checkpoint)

    def save(self, history: History) -> None:
        """Write the state after an epoch; until it is complete, that of the epoch before stands."""
        if self.folder is None:
            return
        if history.best is history.epochs[-1]:
            save(history.best_weights, self.folder / BEST)
        state = {
            name: None if part is None else part.state_dict() for name, part in self.parts.items()
        }
        state["epochs"] = [epoch._asdict() for epoch in history]
        state["rng"] = get_rng_state()
        if self.generator is not None:
            state["loader_rng"] = self.generator.numpy.bit_generator.state
        state["made_by"] = {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "threads": get_num_threads(),
        }
        save(state, self.folder / CHECKPOINT)
        write_file(self.folder / METRICS, history.to_csv().encode())

    def _restore(self, path: Path) -> History:
        state, best = load(path), load(path.with_name(BEST))
        if not isinstance(state, dict) or "epochs" not in state:
            raise ValueError(f"fit: {path} is no checkpoint of fit; choose another run_folder")
        for name, part in self.parts.items():
            if (state[name] is None) != (part is None):
                has, gets = ("no", "a") if state[name] is None else ("a", "no")
                raise ValueError(
                    f"fit: {path} was saved with {has} {name}, and fit was called with {gets} "
                    f"{name}; call it as before"
                )
            if part is not None:
                part.load_state_dict(state[name])
        set_rng_state(state["rng"])
        if self.generator is not None:
            self.generator.numpy.bit_generator.state = state["loader_rng"]
        return History([Epoch(**epoch) for epoch in state["epochs"]], best)
