"""A page: one HTML file that holds its data, style and script, and asks the network for nothing."""

from __future__ import annotations

import json
import tempfile
import webbrowser
from base64 import b64encode
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

PAGES = Path(__file__).with_name(
    "pages"
)  # page.css and page.js for all, <name>.css and .js for one
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


class Page:
    """What the tools that make pages return. A notebook shows it; `save` writes it.

    `html`: the whole page. It works from disk and offline, in any browser of today.
    """

    def __init__(self, title: str, html: str) -> None:
        self.title, self.html = title, html

    def save(self, path: str | Path) -> None:
        """Write the page; the name must end in .html."""
        path = Path(path)
        if path.suffix != ".html":
            raise ValueError(f"save: the name must end in .html, got {path.name!r}")
        path.write_text(self.html, encoding="utf-8")

    def show(self) -> None:
        """Open the page in the browser, from a temporary file."""
        with tempfile.NamedTemporaryFile(prefix="minigrad-", suffix=".html", delete=False) as file:
            file.write(self.html.encode())
        webbrowser.open(Path(file.name).as_uri())

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{escape(self.html)}" sandbox="allow-scripts" '
            'style="width: 100%; height: 760px; border: 0"></iframe>'
        )

    def __repr__(self) -> str:
        size = f"{len(self.html.encode()) / 1000:.0f} kB"
        return f'<Page "{self.title}", {size}; .save("page.html") writes it, .show() opens it>'


def make_page(name: str, title: str, data: dict[str, Any]) -> Page:
    """The page of the style and script `pages/<name>.css` and `.js`, which see `data`.

    `name` may be several, "arrays tape": their files follow one another.

    `data` is what JSON can hold, and arrays anywhere in it: the script finds each as {shape,
    values}, in single precision or whole numbers of at most 32 bits. A number that may be nan goes
    as an array.
    """
    style, script = (
        "\n".join((PAGES / f"{part}.{kind}").read_text("utf-8") for part in ("page", *name.split()))
        for kind in ("css", "js")
    )
    # As \u003c no "<" of the data can end the script that holds it.
    text = json.dumps(data, default=_encoded, allow_nan=False).replace("<", "\\u003c")
    html = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<link rel="icon" href="data:,">
<style>
{style}</style>
</head>
<body>
<main id="page"></main>
<script type="application/json" id="data">{text}</script>
<script type="module">
{script}</script>
</body>
</html>
"""
    return Page(title, html)


def _encoded(array: Any) -> dict[str, Any]:
    """An array as JSON; the script's `pageData` turns it back."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"make_page: data must hold arrays and what JSON knows, got {array!r}")
    kind: np.dtype = np.dtype("<f4")
    if array.dtype.kind != "f":
        least, most = (int(array.min()), int(array.max())) if array.size else (0, 0)
        for smaller in (np.dtype("<i4"), np.dtype("<i2")):
            if np.iinfo(smaller).min <= least and most <= np.iinfo(smaller).max:
                kind = smaller
    with np.errstate(over="ignore"):  # what single precision cannot hold is inf
        values = np.ascontiguousarray(array, kind)
    text = b64encode(values.tobytes()).decode()
    return {"kind": kind.name, "shape": array.shape, "base64": text}
