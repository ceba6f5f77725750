"""A headless chromium, and a look at what it did: requests, and errors in the console."""

import json
import shutil

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

ABSENT = "the browser tests need chromium: apt-get install chromium chromium-driver"


@pytest.fixture(scope="session")
def browser():
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.exit(ABSENT, returncode=1)
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for option in ("headless", "no-sandbox", "disable-dev-shm-usage", "window-size=1300,1000"):
        options.add_argument(f"--{option}")
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    chrome = webdriver.Chrome(options, Service(driver))
    yield chrome
    chrome.quit()


class Visit:
    """A page in the browser, the addresses it has asked for, and the errors in the console."""

    def __init__(self, browser, path):
        self.browser, self.address = browser, path.as_uri()
        self.requests, self.errors = [], []
        self._look()  # what is left from a page before this one
        self.requests.clear()
        self.errors.clear()
        browser.get(self.address)
        self._look()

    def _look(self):
        for entry in self.browser.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])
        self.errors += [entry["message"] for entry in self.browser.get_log("browser")]

    def check(self):
        """No request but the page itself and data within it, and nothing in the console."""
        self._look()
        left = [url for url in self.requests if not url.startswith("data:")]
        assert left == [self.address], f"the page asks for {left}"
        assert not self.errors, self.errors


@pytest.fixture
def visit(browser, tmp_path):
    """visit(page) opens it, and returns the browser; in the end the page is checked."""
    visits = []

    def open_page(page):
        for before in visits:
            before.check()
        page.save(tmp_path / "page.html")
        visits[:] = [Visit(browser, tmp_path / "page.html")]
        return browser

    yield open_page
    for last in visits:
        last.check()
