"""debug.microscope in a browser: what is summed on the page equals what the layer computes."""

import re

import numpy as np
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

import minigrad as mg
from minigrad import debug, nn


def number(text):
    return float(text.replace("−", "-"))


class Scope:
    """The page, as its user handles it."""

    def __init__(self, browser):
        self.browser = browser

    def find(self, selector):
        return self.browser.find_elements("css selector", selector)

    def text(self, selector):
        return self.browser.find_element("css selector", selector).text

    def click(self, grid, *at):
        row, column = at if len(at) == 2 else (0, *at)
        (cell,) = self.find(f"#{grid} .cell[data-row='{row}'][data-column='{column}']")
        cell.click()

    def choose(self, channel, value):
        select = self.browser.find_element("id", channel)
        if select.is_displayed():
            Select(select).select_by_value(str(value))

    def press(self, *keys):
        ActionChains(self.browser).send_keys(*keys).perform()

    @property
    def chosen(self):
        """Such as "y[0, 3, 4]"."""
        return self.text("#details h2 code")

    @property
    def sum(self):
        return number(self.text("#sum"))

    @property
    def given(self):
        return number(self.text("#given"))

    def products(self):
        """Of the tables' rows."""
        return [number(cell.text) for cell in self.find(".tables td:last-child")]

    def marks(self, grid, kind):
        return len(self.find(f"#{grid} .mark.{kind}"))


@pytest.fixture
def look(visit):
    """look(layer, x): its page."""
    return lambda *args, **options: Scope(visit(debug.microscope(*args, **options)))


def moved(layer):
    """A DeformConv whose offsets are not 0."""
    for p, size in zip(layer.offset.parameters(), (0.1, 0.6), strict=True):
        nn.init.normal_(p, std=size)
    return layer


CASES = {
    "padding": (lambda: nn.Conv2d(1, 2, 3, padding=1), (1, 6, 6)),
    "stride": (lambda: nn.Conv2d(2, 2, 3, stride=2, padding=1), (2, 7, 6)),
    "same, even kernel": (lambda: nn.Conv2d(1, 2, 2, padding="same"), (1, 5, 5)),
    "dilated, reflected": (lambda: nn.DilatedConv(1, 2, padding_mode="reflect"), (1, 6, 6)),
    "circular": (lambda: nn.Conv2d(1, 1, 3, padding=2, padding_mode="circular"), (1, 5, 5)),
    "groups": (lambda: nn.Conv2d(4, 6, 3, groups=2, bias=False), (4, 5, 5)),
    "depthwise": (lambda: nn.DepthwiseSeparable(3, 2).depthwise, (3, 5, 5)),
    "transposed": (lambda: nn.ConvTranspose2d(2, 4, 3, 2, 1, 1, groups=2), (2, 3, 4)),
    "deformable": (lambda: moved(nn.DeformConv(2, 2, offset_groups=2)), (2, 5, 5)),
    "deformable, v1": (lambda: moved(nn.DeformConv(1, 2, modulated=False)), (1, 5, 5)),
    "max pooling": (lambda: nn.MaxPool2d(3, 2, 1), (2, 6, 6)),
    "average pooling": (lambda: nn.AvgPool2d(2, 1, 1, count_include_pad=False), (2, 4, 4)),
    "adaptive": (lambda: nn.AdaptiveMaxPool2d(3), (2, 5, 5)),
    "global": (lambda: nn.GlobalAvgPool2d(), (2, 5, 5)),
    "1-D": (lambda: nn.Conv1d(2, 3, 3, padding=1), (2, 9)),
    "causal": (lambda: nn.CausalConv1d(1, 1, 2, dilation=3), (1, 9)),
    "1-D pooling": (lambda: nn.MaxPool1d(2), (1, 9)),
    "3-D": (lambda: nn.Conv3d(1, 2, 2), (1, 4, 4, 4)),
    "3-D transposed": (lambda: nn.ConvTranspose3d(1, 1, 2, stride=2), (1, 2, 3, 3)),
}  # fmt: skip


def gradient_of(layer, x, dy):
    """What the layer's own backward gives, offsets taken as constants."""
    x = mg.tensor(x.numpy()[None], requires_grad=True)
    y = layer(x)
    if isinstance(layer, nn.DeformConv):
        y = layer._deform(x, layer.last_offsets, layer.last_mask)
    y.backward(dy.numpy()[None])
    return x.grad.numpy()[0]


@pytest.mark.parametrize("case", CASES)
def test_sums_are_what_the_layer_computes(look, case):
    make, shape = CASES[case]
    mg.manual_seed(1)
    layer, x = make(), mg.randn(*shape)
    y = layer(x.unsqueeze(0)).detach().numpy()[0]
    dy = mg.randn(*y.shape)
    dx = gradient_of(layer, x, dy)
    page = look(layer, x, gradient=dy)
    rng = np.random.default_rng(0)
    for grid, channel, map, plane in (
        ("output", "o", y, "plane-out"),
        ("input", "c", dx, "plane-in"),
    ):
        places = [tuple(rng.integers(map.shape)) for _ in range(4)]
        for at in [*places, (0,) * map.ndim, tuple(n - 1 for n in map.shape)]:
            page.browser.find_element("id", "forward" if grid == "output" else "backward").click()
            page.choose(channel, at[0])
            page.choose(plane, at[1])  # is there in 3-D only
            page.click(grid, *at[1:][-2:])
            letter = "y" if grid == "output" else "dx"
            assert page.chosen == f"{letter}{[int(i) for i in at]}"
            assert page.sum == pytest.approx(float(map[at]), rel=2e-4, abs=1e-6)
            assert page.given == pytest.approx(page.sum, rel=1e-4, abs=1e-6)


def test_products_are_listed(look):
    layer, x = nn.Conv2d(1, 1, 2), mg.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    layer.weight.data[...] = [[[[10, -20], [30, 40]]]]
    layer.bias.data[...] = 0.5
    page = look(layer, x)
    assert page.products() == [10, -40, 90, 160]
    assert page.text(".bias") == "bias: 0.5"
    assert (page.sum, page.given) == (220.5, 220.5)
    assert page.marks("input", "read") == page.marks("kernel", "read") == 4
    assert [cell.text for cell in page.find("#products .cell text")] == ["10", "−40", "90", "160"]
    page.click("input", 0, 1)
    assert page.chosen == "dx[0, 0, 1]"
    assert page.products() == [-20]
    assert page.marks("output", "read") == 1


def test_the_keyboard(look):
    page = look(nn.Conv2d(1, 1, 3, padding=1), mg.randn(1, 4, 5))
    assert page.chosen == "y[0, 1, 2]"
    page.press(Keys.ARROW_DOWN, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert page.chosen == "y[0, 2, 4]"  # the last column is the last
    page.press(Keys.ARROW_UP, Keys.ARROW_LEFT)
    assert page.chosen == "y[0, 1, 3]"
    page.press(Keys.TAB, Keys.TAB, Keys.ENTER)
    assert page.chosen == "dx[0, 1, 2]"
    page.press(Keys.ARROW_UP)
    assert page.chosen == "dx[0, 0, 2]"


def test_what_lies_in_the_padding_is_drawn_outside(look):
    page = look(nn.Conv2d(1, 1, 3, padding=1), mg.ones(1, 3, 3))
    assert len(page.find("#input .cell")) == 25
    assert len(page.find("#input .cell.rim")) == 16
    page.click("output", 0, 0)
    assert page.text(".tables td:nth-child(2)") == "padding"
    before = page.chosen
    page.find("#input .cell.rim")[0].click()
    assert page.chosen == before
    page = look(nn.Conv2d(1, 1, 3, padding=1, padding_mode="replicate"), mg.ones(1, 3, 3))
    page.click("output", 0, 0)
    assert page.text(".tables td:nth-child(2)") == "x[0, 0, 0] in the padding"


def test_an_untouched_pixel_of_a_transposed_convolution(look):
    layer = nn.ConvTranspose2d(1, 1, 2, stride=2, output_padding=1)
    layer.bias.data[...] = 0.25
    page = look(layer, mg.ones(1, 2, 2))
    assert page.marks("output", "untouched") == 9
    page.click("output", 4, 2)
    assert "this pixel stays untouched and holds the bias alone" in page.text("#details .note")
    assert (page.sum, page.given) == (0.25, 0.25)


def test_a_deformable_tap_and_its_four_pixels(look):
    layer = nn.DeformConv2d(1, 1, 1, bias=False)
    layer.weight.data[...] = 2
    offset = np.zeros((1, 2, 2, 2), np.float32)
    offset[0, :, 0, 0] = 0.25, 0.5
    x = mg.tensor([[[0.0, 10.0], [20.0, 30.0]]])
    mask = mg.full((1, 1, 2, 2), 0.5)
    page = look(layer, x, offset=mg.tensor(offset), mask=mask)
    page.click("output", 0, 0)
    assert page.find("#input line.arrow")
    pointer = ActionChains(page.browser)
    pointer.move_to_element(page.find("#input circle.sample")[0]).perform()
    assert page.text("#tap").startswith("Tap (0, 0) reads at (0.25, 0.5)")
    pointer.move_to_element(page.find("h1")[0]).perform()
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_LEFT)
    assert not page.marks("input", "pointed")
    pointer.move_to_element(page.find("#kernel .cell")[0]).perform()
    assert page.text("#tap") == (
        "Tap (0, 0) reads at (0.25, 0.5): mask 0.5 · (0.375·x[0, 0, 0] + 0.375·x[0, 0, 1] + "
        "0.125·x[0, 1, 0] + 0.125·x[0, 1, 1]) = 5"
    )
    assert page.sum == 10
    assert page.marks("input", "pointed") == 4


def test_max_pooling_sends_the_gradient_to_the_winner(look):
    x = mg.tensor([[[1.0, 5.0], [5.0, 2.0]]])
    page = look(nn.MaxPool2d(2), x, gradient=mg.full((1, 1, 1), 7.0))
    assert (page.marks("input", "read"), page.marks("input", "lost")) == (1, 3)
    for at, dx in zip(np.ndindex(2, 2), (0, 7, 0, 0), strict=True):
        page.click("input", *at)
        assert (page.sum, page.given) == (dx, dx)


def test_pooling_of_values_below_0_does_not_take_the_padding(look):
    page = look(nn.MaxPool2d(3, 2, 1), mg.full((1, 3, 3), -2.0))
    page.click("output", 0, 0)
    assert (page.sum, page.given) == (-2, -2)
    assert page.text("#input .cell.rim text") == "−inf"


def test_an_input_pixel_that_nothing_reads(look):
    page = look(nn.Conv2d(1, 1, 1, stride=2), mg.ones(1, 3, 3))
    page.click("input", 1, 1)
    assert page.text("#details .note") == "No output reads this pixel: its gradient is 0."
    assert (page.sum, page.given) == (0, 0)


def test_channels_of_groups_belong_together(look):
    page = look(nn.Conv2d(2, 2, 1, groups=2), mg.ones(2, 2, 2))
    page.choose("o", 1)
    assert page.chosen.startswith("y[1")
    assert page.text("#input h2") == "Input x[1]"
    page.choose("c", 0)
    assert page.chosen.startswith("y[0")


def test_many_channels_are_summed_and_can_be_looked_at(look):
    page = look(nn.Conv2d(20, 1, 1), mg.randn(20, 2, 2))
    assert "and 4 more channels" in page.text(".sum")
    page.find(".sum button")[3].click()
    assert page.text("#input h2") == "Input x[3]"
    assert page.sum == page.given


def test_the_head_of_the_page(look):
    page = look(nn.Conv2d(1, 1, 3), mg.randn(2, 1, 90, 8))
    assert page.text("p code") == "Conv2d(1, 1, kernel_size=(3, 3), stride=(1, 1))"
    assert re.search(r"H: floor\(\(64 .*= 62; W: floor\(\(8 .*= 6", page.text("main"))
    notes = [note.text for note in page.find("main > .note")]
    assert notes[0] == "The first of 2 images."
    assert "its middle, pixels 13 to 76, 0 to 7" in notes[1]


def test_tiny_numbers_are_written_in_a_unit_of_their_own(look):
    x = mg.ones(1, 2, 2)
    page = look(nn.AvgPool2d(1), x, gradient=mg.full((1, 2, 2), 0.0025))
    assert page.text("#input h2") == "Input x[0]"
    page.click("input", 0, 0)
    assert page.text("#input h2") == "Gradient of the input, dx[0], in 1e−3"
    assert page.text("#input .cell text") == "2.5"
    assert page.sum == 0.0025


def test_a_notebook_shows_it_in_a_frame(visit, browser):
    inner = debug.microscope(nn.Conv2d(1, 1, 2), mg.ones(1, 2, 2))
    outer = debug.Page("outer", f'<link rel="icon" href="data:,">{inner._repr_html_()}')
    visit(outer)
    browser.switch_to.frame(0)
    assert browser.find_element("css selector", "#details h2 code").text == "y[0, 0, 0]"
    browser.switch_to.default_content()
