"""The time machine, driven as a reader drives it: keys, slider, clicks, quiz."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import minigrad as mg
from minigrad import debug, nn


@pytest.fixture
def small():
    """The leaf a and the page of e = (a b + a) (a b), summed."""
    a = mg.tensor([2.0, -1.0, 3.0], requires_grad=True)
    b = mg.tensor([0.5, 4.0, 1.0], requires_grad=True)
    with debug.record() as tape:
        c = a * b
        d = c + a
        (d * c).sum().backward()
    return a, tape.to_html()


class Net(nn.Layer):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.block = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())
        self.fc = nn.Linear(4 * 8 * 8, 10)

    def forward(self, x):
        h = self.conv(x)
        return self.fc((self.block(h) + h).flatten(1))


@pytest.fixture
def net_page():
    mg.manual_seed(0)
    net, x, labels = Net(), mg.rand(4, 1, 8, 8), mg.tensor([1, 2, 3, 4])
    with debug.record() as tape:
        nn.functional.cross_entropy(net(x), labels).backward()
    return net, tape.to_html()


def press(browser, *keys):
    for key in keys:
        browser.find_element(By.TAG_NAME, "body").send_keys(key)


def text(browser, selector):
    return browser.find_element(By.CSS_SELECTOR, selector).text


def texts(browser, selector):
    return [found.text for found in browser.find_elements(By.CSS_SELECTOR, selector)]


def numbers(cells):
    return [float(cell.replace("−", "-")) for cell in cells]


def test_keys_and_slider_step_through_forward_and_backward(visit, small):
    browser = visit(small[1])
    seen = [text(browser, ".where")]
    for _ in range(8):
        press(browser, Keys.ARROW_RIGHT)
        seen.append(text(browser, ".where"))
    assert seen == [
        *(f"forward {i} of 4" for i in range(1, 5)),
        *(f"backward {i} of 4" for i in range(1, 5)),
        "the end of backward",
    ]
    press(browser, Keys.ARROW_RIGHT)
    assert text(browser, ".where") == "the end of backward"
    press(browser, Keys.HOME, Keys.ARROW_LEFT)
    assert text(browser, ".where") == "forward 1 of 4"
    press(browser, "b")
    assert text(browser, ".where") == "backward 1 of 4"
    slider = browser.find_element(By.CSS_SELECTOR, "input[type=range]")
    browser.execute_script(
        "arguments[0].value = 6; arguments[0].dispatchEvent(new Event('input'))", slider
    )
    assert text(browser, ".where") == "backward 3 of 4"


def test_the_forward_shows_what_an_op_takes_and_makes(visit, small):
    browser = visit(small[1])
    press(browser, Keys.ARROW_RIGHT)
    assert "add (d) at test_tape_in_browser.py:" in text(browser, "h2")
    assert text(browser, ".source").endswith("d = c + a")
    assert text(browser, ".formula") == "z = x + y"
    assert numbers(texts(browser, ".array .cell")) == [1, -4, 3, 2, -1, 3, 3, -5, 6]


def test_contributions_are_named_and_add_up(visit, small):
    browser = visit(small[1])
    press(browser, "b", *[Keys.ARROW_RIGHT] * 3)  # the first mul, whose result went two ways
    rows = browser.find_elements(By.CSS_SELECTOR, "#arrival .contributions tr")
    told = [[cell.text for cell in row.find_elements(By.CSS_SELECTOR, "th, td")] for row in rows]
    assert [row[0].partition(" at")[0] for row in told] == [
        "2 contributions", "mul", "add (d)", "sum",
    ]  # fmt: skip
    assert told[0][1] == "dz[1]"
    first, second, total = numbers([row[1] for row in told[1:]])
    assert first + second == total == -9
    arrays = texts(browser, "#arrival .array .cell")
    assert numbers(arrays[6:9]) == [4, -9, 9]


def test_the_rule_with_its_numbers(visit, small):
    browser = visit(small[1])
    press(browser, "b", *[Keys.ARROW_RIGHT] * 3)
    sent = browser.find_elements(By.CSS_SELECTOR, ".sent")[0]
    assert sent.find_element(By.CSS_SELECTOR, ".formula").text == "dx = dz · y"
    assert sent.find_element(By.CSS_SELECTOR, ".terms").text == (
        "dx[1] = dz[1] · ∂z[1]/∂x[1] = −9 · 4 = −36"
    )
    sent.find_elements(By.CSS_SELECTOR, ".elements button")[1].click()
    assert sent.find_element(By.CSS_SELECTOR, ".terms").text.endswith("= 9 · 1 = 9")


def test_the_end_shows_the_gradients_of_the_leaves(visit, small):
    browser = visit(small[1])
    press(browser, Keys.END)
    leaf = browser.find_elements(By.CSS_SELECTOR, "#details .leaf")[0]
    assert leaf.find_element(By.TAG_NAME, "h3").text == "a (3,) has its gradient"
    cells = [cell.text for cell in leaf.find_elements(By.CSS_SELECTOR, ".cell")]
    assert numbers(cells[-3:]) == small[0].grad.tolist()


def test_the_quiz_hides_and_asks(visit, small):
    browser = visit(small[1])
    press(browser, "q")
    assert text(browser, ".where") == "backward 1 of 4"
    press(browser, Keys.ARROW_RIGHT)
    assert text(browser, ".quiz h3") == "What is dx[1]?"
    assert not texts(browser, ".sent .array")
    assert set(texts(browser, ".sent .faint")) == {"hidden until you have answered"}
    field = browser.find_element(By.CSS_SELECTOR, ".quiz input")
    field.send_keys("4q", Keys.ENTER)  # the letter is text here, not the key
    assert "write a number" in text(browser, ".quiz")
    field.clear()
    field.send_keys("4", Keys.ENTER)
    assert "not yet" in text(browser, ".quiz")
    field.clear()
    field.send_keys("-4", Keys.ENTER)
    assert "right: −4" in text(browser, ".quiz")
    assert "1 of 1 right" in text(browser, ".quiz")
    assert texts(browser, ".sent .array")
    press(browser, Keys.ARROW_RIGHT)
    browser.find_element(By.CSS_SELECTOR, ".quiz .look").click()
    assert "it is" in text(browser, ".quiz")
    assert "1 of 2 right" in text(browser, ".quiz")
    press(browser, "q")
    assert not texts(browser, ".quiz")


def test_the_graph_is_grouped_by_layer_and_folds(visit, net_page):
    browser = visit(net_page[1])
    heads = texts(browser, ".fold")
    assert [head.split()[0] for head in heads] == [
        "Net", "conv", "block", "block.0", "block.1", "block.2", "fc",
    ]  # fmt: skip
    rows = browser.find_elements(By.CSS_SELECTOR, ".op")
    assert [row.find_element(By.TAG_NAME, "b").text for row in rows] == [
        "conv2d", "conv2d", "batch_norm", "relu", "add", "reshape", "linear", "cross_entropy",
    ]  # fmt: skip
    arcs = len(browser.find_elements(By.CSS_SELECTOR, ".arc"))
    assert arcs == 8  # the chain of eight has seven, the skip one more
    browser.find_elements(By.CSS_SELECTOR, ".fold")[2].click()
    assert [row.is_displayed() for row in rows] == [True, *[False] * 3, *[True] * 4]
    assert len(browser.find_elements(By.CSS_SELECTOR, ".arc")) == 6
    press(browser, "f")
    assert sum(row.is_displayed() for row in rows) == 3  # those that are in no innermost layer
    press(browser, "f")
    assert all(row.is_displayed() for row in rows)


def test_a_click_on_a_row_goes_there(visit, net_page):
    browser = visit(net_page[1])
    norm = browser.find_elements(By.CSS_SELECTOR, ".op")[2]
    norm.click()
    assert text(browser, ".where") == "forward 3 of 8"
    press(browser, Keys.END)
    norm.click()
    assert text(browser, ".where") == "backward 6 of 8"
    assert norm.get_attribute("data-now") is not None


def test_every_step_of_a_net_can_be_shown(visit, net_page):
    net, page = net_page
    browser = visit(page)
    for _ in range(17):
        assert text(browser, "#details")
        press(browser, Keys.ARROW_RIGHT)
    titles = texts(browser, "#details .leaf h3")
    assert len(titles) == len(list(net.parameters()))
    assert "conv.weight (4, 1, 3, 3) has its gradient" in titles


def test_pointing_at_a_map_tells_index_and_value(visit, net_page):
    net, page = net_page
    browser = visit(page)
    press(browser, Keys.END)
    leaf = next(
        leaf
        for leaf in browser.find_elements(By.CSS_SELECTOR, "#details .leaf")
        if "block.0.weight" in leaf.text
    )
    canvas = leaf.find_element(By.TAG_NAME, "canvas")
    browser.execute_script(
        "arguments[0].dispatchEvent(new MouseEvent('mousemove', "
        "{clientX: arguments[0].getBoundingClientRect().left + 30, "
        " clientY: arguments[0].getBoundingClientRect().top + 50}))",
        canvas,
    )
    found = leaf.find_element(By.CSS_SELECTOR, ".readout").text
    index = tuple(int(i) for i in found.partition("[")[2].partition("]")[0].split(", "))
    value = float(found.partition("= ")[2].replace("−", "-"))
    assert index == (0, 0, 2, 1)
    gradient = dict(net.named_parameters())["block.0.weight"].grad
    assert value == pytest.approx(gradient.data[index].item(), rel=1e-4)


def test_playing_moves_on_by_itself(visit, small):
    browser = visit(small[1])
    press(browser, " ")
    browser.implicitly_wait(0)
    browser.execute_async_script("setTimeout(arguments[0], 2300)")
    assert text(browser, ".where") in ("forward 3 of 4", "forward 4 of 4")
    press(browser, " ")
    at = text(browser, ".where")
    browser.execute_async_script("setTimeout(arguments[0], 1200)")
    assert text(browser, ".where") == at
