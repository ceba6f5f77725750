"""Build the documents: README, the pages and lessons that its links lead to, and the reference.

python tests/docs build/docs
"""

import os
import re
import shutil
import sys
import warnings
from pathlib import Path

from links import dead_links
from pages import address, markdown
from pdoc import render, render_helpers
from reference import write_reference

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
LINK = re.compile(r'(?<= )(href|src)="([^"#:]+)(#[^"]*)?"')


def main() -> int:
    """Build into the folder that is named; 1 if a link leads nowhere."""
    folder = Path(sys.argv[1])
    shutil.rmtree(folder, ignore_errors=True)
    render.configure(docformat="markdown", template_directory=HERE / "templates")
    write_pages(folder)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Error parsing type annotation")  # of NamedTuples
        write_reference(folder / "api")
    dead = list(dead_links(folder))
    print("\n".join([*dead, f"{folder}/index.html"]))
    return bool(dead)


def write_pages(folder: Path) -> None:
    """Write the page of README.md, and of each file that it or a page after it points at."""
    done, todo = set(), [Path("README.md")]
    while todo:
        path = todo.pop()
        if path not in done:
            done.add(path)
            todo += write_page(path, folder)


def write_page(path: Path, folder: Path) -> list[Path]:
    """Write the page of a file of the repository, or copy a picture; return what it points at."""
    target = folder / address(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix in (".svg", ".png"):
        shutil.copy(ROOT / path, target)
        return []
    html = render_helpers.to_html(markdown(path, ROOT))
    found = []

    def to_page(match: re.Match) -> str:
        kind, link, place = match.groups(default="")
        file = Path(os.path.normpath(path.parent / link))
        if not (ROOT / file).is_file():
            return match[0]
        found.append(file)
        return f'{kind}="{os.path.relpath(address(file), path.parent)}{place}"'

    html_of_page = render.env.get_template("page.html.jinja2").render(
        title=title(path, html),
        top="../" * (len(path.parts) - 1),
        contents=html.toc_html,
        html=LINK.sub(to_page, html),
    )
    target.write_text(html_of_page)
    return found


def title(path: Path, html: str) -> str:
    """The page's first heading."""
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", html)
    return heading[1] if heading else str(path)


if __name__ == "__main__":
    sys.exit(main())
