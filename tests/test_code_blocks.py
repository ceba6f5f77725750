"""Every block of code that a reader may copy runs, and every excerpt of a file is in that file.

A page's ```python block is a program of its own. With a file's name behind it, such as
```python minigrad/tensor.py, it is an excerpt of that file; ```python torch is run by tests/oracle,
for it needs PyTorch. Code in a docstring is lines with >>>, followed by what they print; all begin
with the names that the package's own docstring shows. Whatever else is indented is a formula.
"""

import ast
import doctest
import re
import socket
import textwrap
from pathlib import Path
from typing import NamedTuple

import matplotlib
import pytest

import minigrad as mg
from minigrad import debug

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("examples/*.md"))]
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
FENCE = re.compile(r"^```python *(\S*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """A block of a page, or a docstring with examples. `file`: the one it is an excerpt of."""

    path: Path
    line: int
    code: str
    file: str = ""

    def __str__(self):
        return f"{self.path.relative_to(ROOT)}:{self.line}"


def blocks_of(page):
    text = page.read_text()
    for match in FENCE.finditer(text):
        yield Block(page, text[: match.start(2)].count("\n") + 1, match[2], match[1])


def docstrings_of(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            text = ast.get_docstring(node)
            if text is not None:
                yield Block(path, node.body[0].lineno, text)


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
PROGRAMS = [block for block in BLOCKS if not block.file]
EXCERPTS = [block for block in BLOCKS if block.file and block.file != "torch"]
DOCSTRINGS = [
    docstring
    for path in sorted(Path(mg.__file__).parent.rglob("*.py"))
    for docstring in docstrings_of(path)
]
EXAMPLES = [docstring for docstring in DOCSTRINGS if ">>>" in docstring.code]


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    """In an empty folder, without data, network and windows."""

    def refuse(*address):
        raise OSError("a code block asked for the network")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINIGRAD_DATA", str(tmp_path))
    monkeypatch.setattr(socket.socket, "connect", refuse)
    matplotlib.use("Agg")


def run(block):
    """The names that the block has made."""
    names = {"__name__": "__main__"}
    exec(compile("\n" * (block.line - 1) + block.code, str(block.path), "exec"), names)
    return names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_of_a_page_says_what_it_holds(page):
    fences = re.findall(r"^.*(?:```|~~~).*$", page.read_text(), re.MULTILINE)
    known = re.compile(r"```(python( \S+)?|sh|json)")
    assert [line for line in fences[::2] if not known.fullmatch(line)] == []


@pytest.mark.parametrize("block", PROGRAMS, ids=str)
def test_a_block_of_a_page_runs(block):
    run(block)


STEP = ROOT / "examples" / "how_minigrad_works.md"


def test_the_picture_of_the_graph_is_what_the_page_draws(tmp_path):
    run(next(blocks_of(STEP)))
    drawn = (tmp_path / "how_minigrad_works.svg").read_text()
    assert drawn == STEP.with_suffix(".svg").read_text(), "run the page's first block in examples/"


def test_the_table_of_the_way_back_has_its_numbers():
    rows = re.findall(r"^\| (\w+) \| ([\d.[][^|]*) \|.*\| (.*) \|$", STEP.read_text(), re.MULTILINE)
    program = next(blocks_of(STEP))
    loss = run(program._replace(code=program.code.split("optimizer.zero_grad")[0]))["loss"]
    for (op, arrives, sends), step in zip(rows, debug.steps(loss), strict=True):
        assert (step.op, step.gradient.tolist()) == (op, ast.literal_eval(arrives))
        for dx, target in re.findall(r"([\d.[][^a-z]*) to (?:the )?(\w+)", sends):
            assert [ast.literal_eval(dx), target] in [
                [received.gradient.tolist(), getattr(received.target, "name", "weight")]
                for received in step.run()
            ]


@pytest.mark.parametrize("block", EXCERPTS, ids=str)
def test_an_excerpt_is_in_its_file(block):
    assert block.code in (ROOT / block.file).read_text()


def test_the_ten_lines_of_readme_train(capsys):
    assert run(BLOCKS[0])["loss"].item() < 0.2
    assert "cross_entropy" in capsys.readouterr().out


def test_the_make_commands_of_readme_are_there():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    commands = re.findall(r"(?:^|`)make ([a-z-]+)", PAGES[0].read_text(), re.MULTILINE)
    assert {"train", "test"} <= set(commands) <= set(targets)


def doctest_report(docstring):
    """What doctest says of the examples that print something else than they say; else ""."""
    names, report = {}, []
    runner = doctest.DocTestRunner(verbose=False, optionflags=FLAGS)
    for text in (mg.__doc__, docstring.code):
        where = (str(docstring), str(docstring.path), docstring.line - 1)
        test = doctest.DocTestParser().get_doctest(text, names, *where)
        runner.run(test, out=report.append, clear_globs=False)
        names = test.globs
    return "".join(report)


@pytest.mark.parametrize("docstring", EXAMPLES, ids=str)
def test_the_examples_of_a_docstring_print_what_they_say(docstring):
    assert doctest_report(docstring) == ""


def looks_like_python(code):
    """Whether it would run. A formula that would has <- in it, as in "theta <- theta - lr * g"."""
    code = code.strip()
    try:
        tree = ast.parse(f"{code} pass" if code.endswith(":") else code)
    except SyntaxError:
        return False
    return ast.unparse(tree) not in ("", "...") and "<-" not in code


def code_that_no_test_runs(docstring):
    """Fences, and indented lines or blocks that look like Python, outside of the >>> examples."""
    for text in doctest.DocTestParser().parse(docstring):
        if isinstance(text, str):
            yield from re.findall(r"^ *```.*", text, re.MULTILINE)
            for block in re.findall(r"(?:^ {4}.*(?:\n|\Z))+", text, re.MULTILINE):
                block = textwrap.dedent(block)
                if any(map(looks_like_python, [block, *block.splitlines()])):
                    yield block


def test_code_in_a_docstring_is_an_example_that_runs():
    found = [f"{d}\n{code}" for d in DOCSTRINGS for code in code_that_no_test_runs(d.code)]
    assert not found, "write >>> before code, and <- in formulas:\n" + "\n".join(found)


def test_each_way_to_write_code_that_no_test_runs_is_noticed():
    def noticed(docstring):
        return [code.strip() for code in code_that_no_test_runs(docstring)]

    assert noticed("Adds.\n\n    y = f(x)\n\nEnd.") == ["y = f(x)"]
    assert noticed("Adds:\n\n    with record():\n        f(x)\n") == ["with record():\n    f(x)"]
    assert noticed("Adds.\n\n    f(\n    x)") == ["f(\nx)"]
    assert noticed("Adds.\n\n```python\nf(x)\n```") == ["```python", "```"]
    assert noticed("Adds.\n\n>>> f(x)\n3\n\n    b <- b + g\n    y = (the sum of x)") == []
