"""What all pages share, in a browser; and that the check for requests and errors sees them."""

import math
import socket

import numpy as np
import pytest
from conftest import Visit

from minigrad.debug import page as module
from minigrad.debug.page import Page, make_page


@pytest.fixture
def page_of(monkeypatch, tmp_path):
    """page_of(script, data): a page with the shared script and this one."""
    for name in ("page.css", "page.js"):
        (tmp_path / name).write_text((module.PAGES / name).read_text("utf-8"), "utf-8")
    monkeypatch.setattr(module, "PAGES", tmp_path)

    def make(script, data=None):
        (tmp_path / "one.css").write_text("")
        (tmp_path / "one.js").write_text(script)
        return make_page("one", "a page", data or {})

    return make


def test_data_arrives(visit, page_of):
    array = np.array([[1.5, np.nan], [-np.inf, 1e-30]])
    data = {"text": "</script><b>é\u2028", "deep": [{"x": array, "none": None}], "y": np.arange(3)}
    browser = visit(page_of("window.found = pageData();", data))
    assert browser.execute_script("return found.text") == data["text"]
    assert browser.execute_script("return found.deep[0].x.shape") == [2, 2]
    assert browser.execute_script("return [...found.deep[0].x.values].map(String)") == [
        "1.5", "NaN", "-Infinity", "1.0000000031710769e-30",
    ]  # fmt: skip
    assert browser.execute_script("return [...found.y.values]") == [0, 1, 2]


def test_numbers_as_text(visit, page_of):
    browser = visit(page_of("window.format = format;"))
    for x, text in [
        (0, "0"), (-0.25, "−0.25"), (1 / 3, "0.3333"), (12345.6, "12350"), (1e-7, "1.000e−7"),
        (-2.5e9, "−2.500e9"), (99999.4, "100000"), (3, "3"),
    ]:  # fmt: skip
        assert browser.execute_script("return format(arguments[0])", x) == text
    assert browser.execute_script("return [NaN, 1/0, -1/0].map((x) => format(x))") == [
        "nan", "inf", "−inf",
    ]  # fmt: skip


def test_numbers_that_must_fit(visit, page_of):
    browser = visit(page_of("window.formatWithin = formatWithin;"))
    for x, letters, text in [
        (0.123456, 6, "0.123"), (-0.0343, 6, "−0.034"), (-0.0343, 5, "−0.03"),
        (-0.0343, 4, "≈0"), (12.94, 4, "12.9"),
        (1234567, 4, "1e6"), (-1234567, 4, "−1e6"), (34567, 4, "3e4"), (0.00012, 5, "≈0"),
        (0, 4, "0"), (-1.26, 4, "−1.3"),
    ]:  # fmt: skip
        assert browser.execute_script("return formatWithin(...arguments)", x, letters) == text


def test_colours_diverge_from_white(visit, page_of):
    browser = visit(page_of("window.colour = colour;"))

    def colour(x, scale=2):
        text = browser.execute_script("return colour(arguments[0], arguments[1])", x, scale)
        return tuple(map(int, text.removeprefix("rgb(").removesuffix(")").split(",")))

    assert colour(0) == (255, 255, 255)
    assert colour(2) == colour(5) == (178, 24, 43)
    assert colour(-2) == (33, 102, 172)
    reds = [colour(x / 10)[1] for x in range(21)]
    assert reds == sorted(reds, reverse=True)


def test_a_grid_of_cells(visit, page_of):
    script = """
    const x = pageData().x;
    const grid = heatMap({
      rows: 4, columns: 5, first: [-1, -1], cell: 40, scale: scaleOf(x.values),
      value: (r, c) => (r < 0 || c < 0 || r > 1 || c > 2 ? null : x.values[3 * r + c]),
    });
    document.getElementById("page").append(grid);
    """
    x = np.array([[1.0, -2.0, 0.125], [math.nan, 0.0, 4.0]])
    browser = visit(page_of(script, {"x": x}))
    cells = browser.find_elements("css selector", ".cell")
    assert [cell.text for cell in cells] == ["1", "−2", "0.125", "nan", "0", "4"]
    assert cells[1].find_element("tag name", "rect").rect["width"] == 40
    left = cells[0].rect["x"] - browser.find_element("css selector", "svg").rect["x"]
    assert left == pytest.approx(40, abs=1)  # behind a rim of one cell


def test_a_request_and_an_error_are_seen(browser, tmp_path):
    bare = Page("bare", '<link rel="icon" href="data:,"><img src="http://127.0.0.1:9/pixel.png">')
    bare.save(tmp_path / "bare.html")
    with pytest.raises(AssertionError, match=r"the page asks for .*pixel"):
        Visit(browser, tmp_path / "bare.html").check()
    wrong = Page("wrong", '<link rel="icon" href="data:,"><script>null.x</script>')
    wrong.save(tmp_path / "wrong.html")
    with pytest.raises(AssertionError, match="Cannot read properties of null"):
        Visit(browser, tmp_path / "wrong.html").check()


@pytest.fixture
def server():
    """A place on this machine that takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        yield listening


REQUESTS = [
    "fetch(ADDRESS, {mode: 'no-cors'}).catch(() => 0);",
    "new Image().src = ADDRESS;",
    "document.head.append(html('script', {src: ADDRESS}));",
    "document.head.append(html('link', {rel: 'stylesheet', href: ADDRESS}));",
]


@pytest.mark.parametrize("script", REQUESTS)
def test_the_policy_of_a_page_stops_each_request(browser, tmp_path, page_of, server, script):
    address = f"http://127.0.0.1:{server.getsockname()[1]}/x"
    page_of(script.replace("ADDRESS", f"'{address}'")).save(tmp_path / "page.html")
    seen = Visit(browser, tmp_path / "page.html")
    assert any("Content Security Policy" in error for error in seen.errors)
    with pytest.raises(TimeoutError):
        server.accept()
