"""minigrad train: data, model, optimizer, a run folder, and what came out of it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import optim
from ..datasets.cifar import CIFAR10
from ..models import MODELS
from ..nn import functional as F
from ..optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR, ReduceLROnPlateau
from ..random import manual_seed
from ..train import History, fit
from ..train.checkpoint import CHECKPOINT
from ..utils.data import DataLoader
from .data import SOURCES, batches_to_use, test_loader, training_parts
from .evaluate import test
from .pictures import draw
from .runs import Config, find_run, new_folder, read_config, trained_model

HELP = "train a model and keep everything in a run folder"
DESCRIPTION = """\
Train a model. A tenth of the training images (at most 5,000) is held out for validation; the
test images are looked at once, at the end, and the last line says how many were guessed right.

The run folder gets, after each epoch, checkpoint.safetensors (to go on with --resume),
best.safetensors (the weights with the lowest validation loss) and metrics.csv; at the end
curves.png, confusion_matrix.png, filters.png and wrong_guesses.png. config.json holds the
settings. Same settings and seed: same results.
"""
# Learning rates that suit most models here (with one-cycle, its peak); None: as the data says.
OPTIMIZERS: dict[str, tuple[Callable[..., optim.Optimizer], float | None, dict[str, Any]]] = {
    "adam": (optim.Adam, None, {}),
    "adamw": (optim.AdamW, None, {}),
    "sgd": (optim.SGD, 0.05, {"momentum": 0.9}),
    "rmsprop": (optim.RMSprop, 0.001, {}),
    "adagrad": (optim.Adagrad, 0.02, {}),
    "adadelta": (optim.Adadelta, 1.0, {}),
}
SCHEDULERS = ("one-cycle", "cosine", "plateau", "constant")
DEFAULTS = {
    "model": "lenet5",
    "data": "digits",
    "optimizer": "adam",
    "weight_decay": 0.0,
    "scheduler": "one-cycle",
    "patience": None,
    "augment": False,
    "seed": 0,
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `minigrad train`.

    Options left out are None, so that --resume can tell them from those given.
    """
    epochs = ", ".join(f"{name} {source.epochs}" for name, source in SOURCES.items())
    rates = ", ".join(f"{name} {lr:g}" for name, (_, lr, _) in OPTIMIZERS.items() if lr)
    add = parser.add_argument
    add("--model", choices=MODELS, help="default: lenet5")
    add("--data", choices=SOURCES, help="default: digits, which needs no download")
    add("--epochs", type=positive, metavar="N", help=f"default: {epochs}")
    add("--batch-size", type=positive, metavar="N", help="default: digits 32, others 64")
    add("--optimizer", choices=OPTIMIZERS, help="default: adam; sgd has momentum 0.9")
    add(
        "--lr",
        type=float,
        help=f"learning rate; default: {rates}, adam and adamw 0.003 (digits: 0.005)",
    )
    add("--weight-decay", type=float, metavar="X", help="default: 0")
    add(
        "--scheduler",
        choices=SCHEDULERS,
        help="how the learning rate goes: up and down over the whole run (one-cycle, the default), "
        "down along a cosine, down when the validation loss stalls (plateau), or constant",
    )
    add(
        "--patience",
        type=positive,
        metavar="N",
        help="stop after N epochs without a lower validation loss, and take the weights with the "
        "lowest (default: train all epochs, and take the last weights)",
    )
    add(
        "--augment",
        action="store_true",
        default=None,
        help="vary the training images at random: turn and shift, or crop and flip",
    )
    add("--seed", type=int, metavar="N", help="fixes all chance; default: 0")
    add("--out", metavar="FOLDER", help="the run folder; default: runs/MODEL-DATA, or -2, -3 ...")
    add(
        "--resume",
        action="store_true",
        help="go on with the run in --out (default: the newest in runs/) from its last epoch, with "
        "its settings; the result is the same as without the interruption",
    )
    add("--download", action="store_true", help="get the data set from the network if needed")


def run(args: argparse.Namespace) -> None:
    """Train, test and draw."""
    if args.resume:
        folder = find_run(args.out)
        config = _resumed(read_config(folder), args, folder)
    else:
        config = _config(args)
        folder = new_folder(args.out, config)
    test_data = test_loader(config.data, args.download)
    history = _train(config, folder, args.download, len(test_data.dataset))
    _, model = trained_model(folder)
    result = test(model, test_data)
    print(f"drawn in {folder}: {', '.join(draw(folder, history, model, result))}")
    print(f"test accuracy: {result.accuracy:.2%}")


def _train(config: Config, folder: Path, download: bool, tests: int) -> History:
    manual_seed(config.seed)
    model = config.build_model()
    train_set, valid_set = training_parts(
        config.data, config.batches, config.augment, config.seed, download
    )
    train_loader = DataLoader(train_set, config.batch_size, shuffle=True)
    make, _, options = OPTIMIZERS[config.optimizer]
    options = {"lr": config.lr, "weight_decay": config.weight_decay, **options}
    optimizer = make(model.parameters(), **options)
    scheduler = _scheduler(config, optimizer, len(train_loader))

    folder.mkdir(parents=True, exist_ok=True)
    config.write(folder)
    size = sum(p.numel() for p in model.parameters())
    counts = f"{len(train_set):,} training, {len(valid_set):,} validation, {tests:,} test images"
    print(f"{config.model} ({size:,} parameters) on {config.data}: {counts}")
    if config.batches is not None:
        there = ", ".join(list(CIFAR10.train_files)[number - 1] for number in config.batches)
        print(f"of CIFAR-10's five training files only {there} is there; --download gets the rest")
    print(f"run folder: {folder}", flush=True)
    try:
        return fit(
            model,
            train_loader,
            F.cross_entropy,
            optimizer,
            config.epochs,
            DataLoader(valid_set, 250),
            scheduler=scheduler,
            scheduler_every="batch" if config.scheduler == "one-cycle" else "epoch",
            patience=config.patience,
            run_folder=folder,
            resume=True,
        )
    except KeyboardInterrupt:
        stands = (
            "the last complete epoch stands" if (folder / CHECKPOINT).exists() else "in epoch 1"
        )
        raise KeyboardInterrupt(
            f"; {stands}, go on with: minigrad train --resume --out {folder}"
        ) from None


def _scheduler(config: Config, optimizer: optim.Optimizer, batches: int) -> LRScheduler | None:
    if config.scheduler == "one-cycle":
        steps = config.epochs * batches
        return OneCycleLR(optimizer, config.lr, total_steps=steps, cycle_momentum=False)
    if config.scheduler == "cosine":
        return CosineAnnealingLR(optimizer, T_max=config.epochs)
    if config.scheduler == "plateau":
        return ReduceLROnPlateau(optimizer, factor=0.3, patience=2)
    return None


def _config(args: argparse.Namespace) -> Config:
    """The settings of a new run: what was given, else the defaults."""
    given = _given(args)
    settings = {**DEFAULTS, **given}
    source = SOURCES[settings["data"]]
    settings.setdefault("epochs", source.epochs)
    settings.setdefault("batch_size", source.batch_size)
    settings.setdefault("lr", OPTIMIZERS[settings["optimizer"]][1] or source.adam_lr)
    return Config(**settings, batches=batches_to_use(settings["data"], args.download))


def _resumed(config: Config, args: argparse.Namespace, folder: Path) -> Config:
    """The settings of a run that goes on; only more epochs may be asked for, and not always."""
    for name, value in _given(args).items():
        before = getattr(config, name)
        if value == before:
            continue
        option = "--" + name.replace("_", "-")
        if name != "epochs":
            raise ValueError(
                f"{folder} was trained with {option} {before}, and --resume goes on as before; "
                f"leave out {option}, or start a new run without --resume"
            )
        if config.scheduler in ("one-cycle", "cosine"):
            raise ValueError(
                f"the {config.scheduler} schedule of {folder} leads through {before} epochs to a "
                f"learning rate of 0 and cannot go on to {value}; start a new run with "
                f"--epochs {value}, or with --scheduler constant, which can be prolonged"
            )
        config = replace(config, epochs=value)
    return config


def _given(args: argparse.Namespace) -> dict[str, Any]:
    """The settings that stand on the command line."""
    names = [*DEFAULTS, "epochs", "batch_size", "lr"]
    return {name: getattr(args, name) for name in names if getattr(args, name) is not None}


def positive(text: str) -> int:
    """An int of at least 1, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return int(text)
