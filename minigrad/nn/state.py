"""What to say when a state_dict does not fit a model: each difference, and the edit."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

Shapes = Mapping[str, tuple[int, ...]]


def explain(owner: str, model: Shapes, given: Shapes, strict: bool) -> str:
    """The error text for loading `given` into `model`, or "" where all is well."""
    missing = [key for key in model if key not in given] if strict else []
    unexpected = [key for key in given if key not in model] if strict else []
    wrong = [key for key in model if key in given and model[key] != given[key]]
    if not (missing or unexpected or wrong):
        return ""
    lines = [f"{owner}.load_state_dict: the state_dict does not fit; nothing was loaded."]
    prefix_edit = _prefix_edit(missing, unexpected)
    if prefix_edit:
        lines += prefix_edit
    else:
        lines += [f"  missing:     {key} {model[key]}" for key in missing]
        lines += [f"  unexpected:  {key} {given[key]}" for key in unexpected]
    lines += [f"  wrong shape: {key} is {given[key]}, in the model {model[key]}" for key in wrong]
    if not prefix_edit:
        lines += _rename_edit(missing, unexpected, model, given)
    return "\n".join(lines)


def _prefix_edit(missing: list[str], unexpected: list[str]) -> list[str]:
    """The edit if every difference is one prefix, such as DataParallel's "module."."""
    for longer, shorter, edit in (
        (unexpected, missing, "key.removeprefix({0!r})"),
        (missing, unexpected, "{0!r} + key"),
    ):
        for key in longer:
            if not (shorter and key.endswith("." + shorter[0])):
                continue
            prefix = key.removesuffix(shorter[0])
            if sorted(longer) == sorted(prefix + name for name in shorter):
                more = "has" if longer is unexpected else "lacks"
                return [
                    f"  {len(longer)} keys differ only in a prefix: the state_dict {more} "
                    f"{prefix!r}, for example {key!r}. Write",
                    f"    state_dict = {{{edit.format(prefix)}: value "
                    "for key, value in state_dict.items()}",
                ]
    return []


def _rename_edit(
    missing: list[str], unexpected: list[str], model: Shapes, given: Shapes
) -> list[str]:
    """The edit if missing keys have counterparts of equal shape under other names."""
    left, pairs = list(unexpected), []
    for key in missing:
        fits = [name for name in left if given[name] == model[key] and _leaf(name) == _leaf(key)]
        if fits:
            best = max(fits, key=lambda name: difflib.SequenceMatcher(None, name, key).ratio())
            left.remove(best)
            pairs.append((key, best))
    if not pairs:
        return []
    return ["  Equal shapes under other names; if these were renamed, write"] + [
        f"    state_dict[{key!r}] = state_dict.pop({name!r})" for key, name in pairs
    ]


def _leaf(key: str) -> Any:
    return key.rpartition(".")[2]
