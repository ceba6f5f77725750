"""debug.page: one file with everything in it. What a browser makes of it is in tests/browser."""

import base64
import json
import re
import webbrowser
from html import unescape
from urllib.parse import urlparse
from urllib.request import url2pathname

import numpy as np
import pytest

from minigrad.debug import page as module
from minigrad.debug.page import Page, make_page


@pytest.fixture(autouse=True)
def one_page(monkeypatch, tmp_path):
    """A folder of pages with the shared style and script, and a page "one"."""
    for name in ("page.css", "page.js"):
        (tmp_path / name).write_text((module.PAGES / name).read_text("utf-8"), "utf-8")
    (tmp_path / "one.css").write_text("p { color: red; }\n")
    (tmp_path / "one.js").write_text("console.log(pageData());\n")
    monkeypatch.setattr(module, "PAGES", tmp_path)


def data_of(page):
    return json.loads(re.search(r'id="data">(.*?)</script>', page.html, re.DOTALL)[1])


def test_a_page_holds_its_style_script_and_data():
    page = make_page("one", "A & B", {"text": "x", "numbers": [1, 2.5]})
    assert "<title>A &amp; B</title>" in page.html
    assert "p { color: red; }" in page.html
    assert "console.log(pageData());" in page.html
    assert "function heatMap" in page.html
    assert data_of(page) == {"text": "x", "numbers": [1, 2.5]}


def test_nothing_is_loaded():
    page = make_page("one", "a", {})
    assert "default-src 'none'" in page.html
    addresses = set(re.findall(r"https?://[^\s\"'<>]+", page.html))
    assert addresses == {"http://www.w3.org/2000/svg"}  # the name of SVG


def test_data_cannot_end_the_script_that_holds_it():
    text = "</script><script>alert(1)</script><!-- \u2028 é"
    page = make_page("one", "<b>", {"text": text})
    assert page.html.count("</script>") == 2
    assert data_of(page) == {"text": text}
    assert "<title>&lt;b&gt;</title>" in page.html


@pytest.mark.parametrize(
    ("array", "kind"),
    [
        (np.array([[1.5, -2.0, 0.1]]), "float32"),
        (np.array([np.nan, np.inf, 1e300]), "float32"),
        (np.arange(6, dtype=">i8").reshape(2, 3).T, "int16"),
        (np.array([-(2**15), 2**15 - 1]), "int16"),
        (np.array([0, 2**15]), "int32"),
        (np.array([3_000_000_000]), "float32"),
        (np.array([True, False]), "int16"),
        (np.array(2.5, np.float32), "float32"),
        (np.zeros((0, 3)), "float32"),
    ],
)
def test_arrays_anywhere_in_the_data(array, kind):
    found = data_of(make_page("one", "a", {"deep": [{"x": array}]}))["deep"][0]["x"]
    values = np.frombuffer(base64.b64decode(found["base64"]), found["kind"])
    assert (found["kind"], found["shape"]) == (kind, list(array.shape))
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(values.reshape(array.shape), array.astype(kind))


def test_data_that_no_page_can_hold():
    with pytest.raises(TypeError, match=r"arrays and what JSON knows, got \{1\}"):
        make_page("one", "a", {"x": {1}})


def test_a_page_is_saved(tmp_path):
    page = make_page("one", "ä", {})
    page.save(tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text("utf-8") == page.html
    with pytest.raises(ValueError, match=r"save: the name must end in \.html, got 'a\.htm'"):
        page.save(tmp_path / "a.htm")


def test_show_opens_the_browser(monkeypatch, tmp_path):
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setattr(module.tempfile, "tempdir", str(tmp_path))
    make_page("one", "ä", {}).show()
    (address,) = opened
    path = url2pathname(urlparse(address).path)
    assert path.startswith(str(tmp_path))
    with open(path, encoding="utf-8") as file:
        assert "<title>ä</title>" in file.read()


def test_a_notebook_shows_the_page_in_a_frame_of_its_own():
    page = make_page("one", "a", {"text": '"quoted" & <b>'})
    frame = page._repr_html_()
    assert unescape(re.search(r'srcdoc="([^"]*)"', frame)[1]) == page.html
    assert 'sandbox="allow-scripts"' in frame


def test_what_a_terminal_shows():
    shown = repr(Page("LeNet", "x" * 2500))
    assert shown == '<Page "LeNet", 2 kB; .save("page.html") writes it, .show() opens it>'
