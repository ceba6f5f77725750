"""How files become pages, and how a link that leads nowhere is found; pdoc is not needed here."""

from pathlib import Path

import pytest
from links import dead_links
from pages import address, markdown, plain_stars

PERCENT = """\
# %% [markdown]
# # A lesson
#
# Its text.

# %%
x = 1  # %% is no cell here

# %% [markdown]
# The end.

# %%
lesson.finish(figure)
"""


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("README.md", "index.html"),
        ("examples/README.md", "examples/README.html"),
        ("examples/01_first_steps.py", "examples/01_first_steps.html"),
        ("examples/graph.svg", "examples/graph.svg"),
    ],
)
def test_where_a_page_lies(path, page):
    assert address(Path(path)) == Path(page)


def test_a_lesson_becomes_text_code_and_picture(tmp_path):
    (tmp_path / "examples").mkdir()
    (tmp_path / "runs").mkdir()
    lesson = Path("examples/05_x.py")
    (tmp_path / lesson).write_text(PERCENT)
    text = (
        "# A lesson\n\n`python examples/05_x.py` runs it, and draws `runs/05_x.png`.\n\n"
        "Its text.\n\n"
        "```python\nx = 1  # %% is no cell here\n```\n\nThe end.\n\n"
        "```python\nlesson.finish(figure)\n```"
    )
    assert markdown(lesson, tmp_path) == text
    (tmp_path / lesson).write_text(PERCENT.replace("lesson.finish", "print"))
    assert "`python examples/05_x.py` runs it.\n" in markdown(lesson, tmp_path)
    (tmp_path / lesson).write_text(PERCENT)
    (tmp_path / "runs" / "05_x.png").touch()
    assert markdown(lesson, tmp_path).startswith(text)
    assert "](../runs/05_x.png)" in markdown(lesson, tmp_path)


def test_an_excerpt_is_headed_by_a_link_to_its_file(tmp_path):
    (tmp_path / "examples").mkdir()
    page = Path("examples/page.md")
    (tmp_path / page).write_text("```python minigrad/tensor.py\nx\n```\n\n```python\ny\n```\n")
    assert markdown(page, tmp_path) == (
        "[minigrad/tensor.py](../minigrad/tensor.py):\n\n```python\nx\n```\n\n```python\ny\n```\n"
    )
    (tmp_path / page).write_text("```python torch\nx\n```\n")
    assert markdown(page, tmp_path) == "In PyTorch:\n\n```python\nx\n```\n"


def test_a_source_file_is_shown_whole(tmp_path):
    (tmp_path / "x.py").write_text('"""Doc."""\n')
    assert markdown(Path("x.py"), tmp_path) == '# x.py\n\n```python\n"""Doc."""\n```'


def test_stars_of_a_docstring_are_products():
    text = "(H*r, W*r) by `a*b`.\n\n    y = a * b\n\n>>> a * b\n... * c"
    assert plain_stars(text) == text.replace("H*r, W*r", r"H\*r, W\*r")


def test_dead_links_are_found(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "picture.png").touch()
    (tmp_path / "index.html").write_text(
        """<h1 id="top"></h1><a href="#top"></a><a href="sub/page.html#there"></a>
        <img src="picture.png"><a href="https://example.org/x"></a><a href="mailto:a@b.c"></a>"""
    )
    page = tmp_path / "sub" / "page.html"
    page.write_text('<p id="there"></p><a href="../index.html#top"></a>')
    assert list(dead_links(tmp_path)) == []
    page.write_text('<a href="../gone.html"></a><a href="../index.html#no"></a><img src="x.png">')
    assert list(dead_links(tmp_path)) == [
        "index.html: sub/page.html#there has no such place",
        "sub/page.html: ../gone.html is not there",
        "sub/page.html: ../index.html#no has no such place",
        "sub/page.html: x.png is not there",
    ]
