"""Stubs for students, cut out of minigrad's own source by markers.

    # <solution: y, the output>
    ...
    # </solution>

What stands between two markers is what a student is to write: in the stub it becomes a comment with
the marker's text, and a NotImplementedError. A marker without a text just leaves its lines out.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import textwrap
from types import ModuleType

BEGIN, END = "# <solution", "# </solution>"
WIDTH = 95


def source_of(module: ModuleType, name: str) -> str:
    """The source of the function or class `name` of a module, markers and all."""
    text = inspect.getsource(module)
    lines = text.splitlines()
    for node in ast.parse(text).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            end = node.end_lineno or first
            end += lines[end : end + 1] != [] and lines[end].strip() == END  # a comment is no node
            return "\n".join(lines[first - 1 : end]) + "\n"
    raise ValueError(f"{module.__name__} defines no {name}")


def stub_of(path: str) -> str:
    """What students get in place of `path`, such as "ops.conv.conv": all but the solution."""
    module, _, name = path.rpartition(".")
    source = source_of(importlib.import_module(f"minigrad.{module}"), name)
    stub = cut(source, name)
    if stub == source:
        raise ValueError(f"{path} has no {BEGIN} ...> marker, so nothing is left to write")
    return stub


def cut(source: str, name: str) -> str:
    """`source` without what stands between the markers; `name` is whose it is, for the error."""
    lines: list[str] = []
    inside = False
    for line in source.splitlines():
        text = line.strip()
        if text.startswith(BEGIN):
            if inside:
                raise ValueError(f"{name}: a solution within a solution, at {text!r}")
            inside = True
            indent = line[: line.index("#")]
            lines += _to_do(text.removeprefix(BEGIN).strip(":> "), name, indent)
        elif text == END:
            if not inside:
                raise ValueError(f"{name}: {END} without a beginning")
            inside = False
        elif not inside:
            lines.append(line)
    if inside:
        raise ValueError(f"{name}: a solution that does not end")
    return "\n".join(_without_double_gaps(lines)) + "\n"


def _to_do(what: str, name: str, indent: str) -> list[str]:
    if not what:
        return []
    comment = textwrap.wrap(f"Your code: {what}.", WIDTH - len(indent) - 2)
    missing = f'raise NotImplementedError("{name}: your code is missing here")'
    return [f"{indent}# {line}" for line in comment] + [f"{indent}{missing}"]


def _without_double_gaps(lines: list[str]) -> list[str]:
    """At most one empty line in a row: what was cut out leaves the gaps around it."""
    return [line for i, line in enumerate(lines) if line.strip() or i == 0 or lines[i - 1].strip()]
