"""Files of the repository as Markdown, and where the page of each lies."""

import re
from pathlib import Path

CELL = re.compile(r"^# %%(.*)\n", re.MULTILINE)
CODE = re.compile(r"(`[^`]*`|^(?: {4}|>>>|\.\.\.).*)", re.MULTILINE)
EXCERPT = re.compile(r"^(```\w+) +(\S+)$", re.MULTILINE)


def address(path: Path) -> Path:
    """Where the page of a file lies, both below their roots; the front page is README.md."""
    if path.suffix in (".md", ".py"):
        return Path("index.html") if path == Path("README.md") else path.with_suffix(".html")
    return path


def markdown(path: Path, root: Path) -> str:
    """The text of a page for the file root/path: a page, a lesson, or a source file."""
    text = (root / path).read_text()
    if path.suffix == ".md":
        return name_excerpts(path, text)
    if CELL.search(text):
        return lesson(path, text, root)
    return f"# {path}\n\n{fenced(text)}"


def plain_stars(docstring: str) -> str:
    """A docstring whose stars are products, not emphasis: (H*r, W*r)."""
    text = CODE.split(docstring)
    text[::2] = [part.replace("*", r"\*") for part in text[::2]]
    return "".join(text)


def name_excerpts(page: Path, text: str) -> str:
    """The file's name above an excerpt, not behind its fence, with a link to the whole file."""
    up = "../" * (len(page.parts) - 1)

    def named(match: re.Match) -> str:
        fence, name = match.groups()
        return f"In PyTorch:\n\n{fence}" if name == "torch" else f"[{name}]({up}{name}):\n\n{fence}"

    return EXCERPT.sub(named, text)


def lesson(path: Path, text: str, root: Path) -> str:
    """A file in percent format: cells of text, cells of code, and its picture if there is one."""
    parts = []
    _, *cells = CELL.split(text)
    for kind, cell in zip(cells[::2], cells[1::2], strict=True):
        if "[markdown]" in kind:
            parts.append(re.sub(r"^# ?", "", cell, flags=re.MULTILINE).strip())
        else:
            parts.append(fenced(cell))
    picture = Path("runs") / f"{path.stem}.png"
    draws = f", and draws `{picture}`" if "lesson.finish(" in text else ""
    title, _, rest = parts[0].partition("\n")
    parts[:1] = [title, f"`python {path}` runs it{draws}.", rest.strip()]
    if (root / picture).exists():
        parts += ["## Its picture", f"![what the lesson has drawn](../{picture})"]
    return "\n\n".join(parts)


def fenced(code: str) -> str:
    """A block of code."""
    return f"```python\n{code.strip()}\n```"
