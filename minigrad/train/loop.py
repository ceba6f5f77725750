"""The training loop."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from time import perf_counter
from typing import Any, Literal, NoReturn

import numpy as np

from ..nn import Layer
from ..nn.arguments import choice
from ..optim import Optimizer
from ..optim.lr_scheduler import LRScheduler, ReduceLROnPlateau
from ..tensor import Tensor
from .checkpoint import Run
from .evaluation import Loss, Mean, batches, evaluate
from .history import Epoch, History


def fit(
    model: Layer,
    train_loader: Iterable,
    loss: Loss,
    optimizer: Optimizer,
    epochs: int,
    valid_loader: Iterable | None = None,
    *,
    scheduler: LRScheduler | None = None,
    scheduler_every: Literal["epoch", "batch"] = "epoch",
    patience: int | None = None,
    run_folder: str | Path | None = None,
    resume: bool = False,
    progress: bool = True,
) -> History:
    """Train `model` until `epochs` epochs are done, and return their History.

    `train_loader` gives batches (inputs, targets), and `loss(model(inputs), targets)` a number to
    make small. After each epoch the model is evaluated on `valid_loader`, if there is one.

    `scheduler` steps after each epoch, or each batch (OneCycleLR wants that); ReduceLROnPlateau
    gets the validation loss, or without one the training loss. With `patience=n` training ends
    when the validation loss has not improved for n epochs. The model is left at the weights of the
    last epoch; those of the best one are `history.best_weights`.

    `run_folder` keeps checkpoint.safetensors, best.safetensors and metrics.csv, written after each
    epoch. With `resume=True` training goes on from the checkpoint there, to the same bits as if it
    had never stopped, given the same model, data, settings and `manual_seed`; a folder without a
    checkpoint begins a run. Without it, a folder that holds a run is refused (FileExistsError).

    `progress`: a line an epoch, and a bar where the output is a terminal.
    A loss that is nan or infinite ends it with RuntimeError. Ctrl-C passes through. The files of
    the last complete epoch stand in both cases.

    >>> from minigrad.utils.data import DataLoader, TensorDataset
    >>> x = mg.randn(64, 2)
    >>> loader = DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), batch_size=16)
    >>> model = nn.Linear(2, 1)
    >>> optimizer = optim.SGD(model.parameters(), lr=0.1)
    >>> history = mg.train.fit(model, loader, F.mse_loss, optimizer, epochs=30, progress=False)
    >>> [round(w, 2) for w in model.weight[0].tolist()]
    [1.0, 1.0]
    """
    _check(epochs, patience, scheduler, scheduler_every, valid_loader)
    run = Run(run_folder, model, optimizer, scheduler, train_loader)
    history = run.start(resume)
    by_batch = scheduler if scheduler_every == "batch" else None
    while len(history) < epochs and not _is_stuck(history, patience):
        number, start = len(history) + 1, perf_counter()
        title = f"epoch {number}/{epochs}" if progress else None
        lr = optimizer.param_groups[0]["lr"]
        train = _train_epoch(model, train_loader, loss, optimizer, by_batch, number, title)
        valid: tuple[float | None, float | None] = (None, None)
        if valid_loader is not None:
            valid = evaluate(model, valid_loader, loss)
        seconds = perf_counter() - start
        epoch = Epoch(number, lr, train.loss, train.accuracy, valid[0], valid[1], seconds)
        if scheduler is not None and by_batch is None:
            _step_after_epoch(scheduler, epoch)
        history.epochs.append(epoch)
        if history.best is epoch:
            history.best_weights = {
                name: Tensor(tensor.data.copy()) for name, tensor in model.state_dict().items()
            }
        run.save(history)
        if progress:
            print(epoch.line(epochs), flush=True)
    if progress and history and _is_stuck(history, patience):
        print(f"stopped early: no lower loss than in epoch {history.best.epoch}", flush=True)
    return history


def _train_epoch(
    model: Layer,
    loader: Iterable,
    loss: Loss,
    optimizer: Optimizer,
    scheduler: LRScheduler | None,
    epoch: int,
    title: str | None,
) -> Mean:
    mean = Mean()
    model.train()
    with _bar(loader, title) as bar:
        for step, (inputs, targets) in enumerate(batches("fit", bar), 1):
            optimizer.zero_grad()
            outputs = model(inputs)
            value = loss(outputs, targets)
            if not math.isfinite(value.item()):
                _refuse_loss(value.item(), inputs, optimizer, epoch, step)
            value.backward()
            optimizer.step()
            if scheduler is not None:
                scheduler.step()
            mean.add(value.item(), outputs, targets)
            bar.set_postfix(loss=f"{mean.loss:.4f}", refresh=False)
    return mean


def _bar(loader: Iterable, title: str | None) -> Any:
    """A progress bar around the loader, shown on a terminal only, and never for the title None."""
    from tqdm import tqdm

    hidden = True if title is None else None
    return tqdm(loader, title, leave=False, unit="batch", dynamic_ncols=True, disable=hidden)


def _step_after_epoch(scheduler: LRScheduler, epoch: Epoch) -> None:
    if isinstance(scheduler, ReduceLROnPlateau):
        scheduler.step(epoch.watched_loss)
    else:
        scheduler.step()


def _is_stuck(history: History, patience: int | None) -> bool:
    return bool(history) and patience is not None and len(history) - history.best.epoch >= patience


def _refuse_loss(
    value: float, inputs: Any, optimizer: Optimizer, epoch: int, step: int
) -> NoReturn:
    lr = optimizer.param_groups[0]["lr"]
    cause = f"The learning rate is {lr:g}; try a lower one, such as {lr / 10:g}"
    if isinstance(inputs, Tensor) and not np.isfinite(inputs.data).all():
        cause = "The inputs of this batch hold nan or inf; look at the data and the transforms"
    stands = f". What was saved after epoch {epoch - 1} stands" if epoch > 1 else ""
    raise RuntimeError(
        f"fit: the loss became {value} in epoch {epoch}, step {step}. {cause}{stands}"
    )


def _check(
    epochs: int,
    patience: int | None,
    scheduler: LRScheduler | None,
    scheduler_every: str,
    valid_loader: Iterable | None,
) -> None:
    _check_count("epochs", epochs, 0)
    if patience is not None:
        _check_count("patience", patience, 1)
        if valid_loader is None:
            raise ValueError("fit: patience= watches the validation loss; give valid_loader= too")
    choice("fit", "scheduler_every", scheduler_every, ("epoch", "batch"))
    if isinstance(scheduler, ReduceLROnPlateau) and scheduler_every == "batch":
        raise ValueError(
            'fit: ReduceLROnPlateau watches whole epochs; write scheduler_every="epoch"'
        )


def _check_count(name: str, value: int, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"fit: {name} must be an int of at least {least}, got {value!r}")
