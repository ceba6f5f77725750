"""The lessons in examples/, what they share, and the command that runs them all."""

import json
import runpy
import sys
from pathlib import Path

import pytest
from matplotlib.figure import Figure

import minigrad as mg

EXAMPLES = Path(__file__).parent.parent / "examples"
LESSONS = sorted(EXAMPLES.glob("[0-9]*.py"))
RESULTS = "<!-- results -->\n{}<!-- end of results -->\nthe end\n"


@pytest.fixture
def shared(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.chdir(tmp_path)
    return runpy.run_path(str(EXAMPLES / "lesson.py"))


@pytest.fixture
def everything(shared):
    return runpy.run_path(str(EXAMPLES / "__main__.py"), run_name="examples")


def lesson(shared, monkeypatch, *arguments, **options):
    monkeypatch.setattr(sys, "argv", ["x.py", *arguments])
    options = {"data": "digits", "metric": "accuracy", "percent": True} | options
    return shared["Lesson"]("05_x", **options)


@pytest.mark.parametrize(
    ("arguments", "quick", "seeds"),
    [
        ([], False, 3),
        (["--quick"], True, 1),
        (["--seeds", "5"], False, 5),
        (["--quick", "--seeds", "2"], True, 2),
        (["-f", "/tmp/kernel-1.json"], False, 3),  # Jupyter
        (["--f=/tmp/kernel-1.json", "--HistoryManager.hist_file=:memory:"], False, 3),  # VS Code
    ],
)
def test_what_the_command_line_asks_for(shared, monkeypatch, arguments, quick, seeds):
    made = lesson(shared, monkeypatch, *arguments)
    assert (made.quick, list(made.seeds)) == (quick, list(range(seeds)))


def test_no_seeds_are_refused(shared, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        lesson(shared, monkeypatch, "--seeds", "0")
    assert "--seeds must be at least 1, got 0" in capsys.readouterr().err


def test_each_variant_runs_with_each_seed(shared, monkeypatch):
    made = lesson(shared, monkeypatch, "--seeds", "2")
    drawn = {}
    for variant, seed in made.runs(["plain", "block"]):
        drawn[variant, seed] = mg.rand(1).item()
    assert list(drawn) == [("plain", 0), ("block", 0), ("plain", 1), ("block", 1)]
    assert drawn["plain", 0] == drawn["block", 0] != drawn["plain", 1] == drawn["block", 1]


def test_a_lesson_ends_with_a_table_a_metric_and_a_picture(shared, monkeypatch, capsys):
    made = lesson(shared, monkeypatch)
    for variant, seed in made.runs(["plain", "block"]):
        made.add(variant, mg.nn.Linear(100, 12), 0.9 + seed / 100, seconds=2 + seed)
    figure = Figure()
    assert made.finish(figure) is figure
    out = capsys.readouterr().out
    assert "plain    91.0% ± 1.0  1,212       3.0" in out
    assert "metric: accuracy 91.0% ± 1.0 (plain), 91.0% ± 1.0 (block)" in out
    assert Path("runs/05_x.png").exists()
    assert len(json.loads(Path("runs/05_x.json").read_text())["runs"]) == 6


def test_seconds_are_measured_where_none_are_given(shared, monkeypatch):
    made = lesson(shared, monkeypatch, "--quick", percent=False)
    for variant, _ in made.runs(["plain"]):
        made.add(variant, 7, 0.12345)
    ((name, value, parameters, seconds),) = shared["table"](made.record)
    assert (name, value, parameters) == ("plain", "0.123", "7")
    assert 0 <= float(seconds) < 60


def test_three_digits_of_a_number(shared):
    numbers = [0, 0.0123456, 0.5, 12.345, 678.9, 12345.6, 1.67e-6]
    texts = [f"{x:{shared['three_digits'](x)}}" for x in numbers]
    assert texts == ["0", "0.0123", "0.500", "12.3", "679", "12346", "1.67e-06"]


def record(name, values, better="higher"):
    runs = [{"variant": v, "value": x, "parameters": 10, "seconds": 1} for v, x in values]
    head = {"lesson": name, "data": "digits", "metric": "loss", "better": better}
    return head | {"percent": False, "runs": runs}


@pytest.mark.parametrize(("better", "arrow"), [("higher", "↑"), ("lower", "↓")])
def test_a_row_says_which_way_is_better(everything, better, arrow):
    lines = everything["lines"](record("05_x", [("a", 1), ("b", 2), ("a", 3)], better))
    assert lines == [
        f"| [05_x](05_x.py) | digits | a | loss {arrow} 2.00 ± 1.00 | 10 | 1.0 |",
        f"| [05_x](05_x.py) | digits | b | loss {arrow} 2.00 | 10 | 1.0 |",
    ]


def test_new_rows_take_the_place_of_those_of_the_same_lesson(everything, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("the start\n" + RESULTS.format(""))
    write = everything["write_results"]
    write(readme, [record("07_y", [("a", 1)]), record("05_x", [("a", 2), ("b", 3)])])
    write(readme, [record("06_z", [("a", 4)]), record("05_x", [("c", 5)])])
    text = readme.read_text()
    rows = [line for line in text.splitlines() if "](" in line]
    assert [row.split("|")[1].strip()[1:5] for row in rows] == ["05_x", "06_z", "07_y"]
    assert "| c |" in rows[0]
    assert text.startswith("the start\n<!-- results -->\n| lesson |")
    assert text.endswith("|\n<!-- end of results -->\nthe end\n")


GOOD = """
from lesson import Lesson
class Figure:
    def savefig(self, path, dpi): path.write_text("a picture")
lesson = Lesson("02_good", data="none", metric="loss", better="lower")
for variant, seed in lesson.runs(["a"]):
    lesson.add(variant, 5, seed)
lesson.finish(Figure())
"""


def test_a_lesson_that_fails_does_not_stop_the_others(shared, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "examples"
    folder.mkdir()
    for name in ("__main__.py", "lesson.py"):
        (folder / name).write_text((EXAMPLES / name).read_text())
    (folder / "README.md").write_text(RESULTS.format(""))
    (folder / "01_bad.py").write_text("raise ValueError('not this one')")
    (folder / "02_good.py").write_text(GOOD)
    monkeypatch.setenv("PYTHONPATH", str(EXAMPLES.parent))

    def run(*options):
        monkeypatch.setattr(sys, "argv", ["examples", *options])
        return runpy.run_path(str(folder / "__main__.py"), run_name="examples")["main"]()

    assert run("--quick") == 1
    out = capsys.readouterr().out
    assert "ValueError: not this one" in out
    assert "02_good: metric: loss 0 (a)" in out
    assert "1 of 2 lessons failed: 01_bad" in out
    assert "02_good" not in (folder / "README.md").read_text()
    assert run("--only", "02") == 0
    assert "| a | loss ↓ 1.00 ± 1.00 | 5 |" in (folder / "README.md").read_text()
    with pytest.raises(SystemExit):
        run("--only", "09")
    assert "no lesson 09; there are 01_bad, 02_good" in capsys.readouterr().err


@pytest.mark.parametrize("script", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs(script, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(script.parent))
    monkeypatch.setenv("MINIGRAD_DATA", str(tmp_path))  # as on a machine with the digits only
    monkeypatch.setattr(sys, "argv", [str(script), "--quick"])
    runpy.run_path(str(script), run_name="__main__")
    assert (tmp_path / "runs" / f"{script.stem}.png").exists()
    assert "\nmetric: " in capsys.readouterr().out
