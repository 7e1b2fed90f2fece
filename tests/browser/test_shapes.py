"""The sliding window, the answers and the chain, as a student uses them."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from cnnviz.calculator.operation import EXAMPLE_DESIGNS
from cnnviz.ui.shapes.sliding_window import component_data
from tests.browser.conftest import OpenApp

EVERY_SUM = """root => {
  const range = root.querySelector(".range")
  return Array.from({ length: Number(range.max) + 1 }, (_, step) => {
    range.value = step
    range.oninput()
    return root.querySelector(".sum").innerText
  })
}"""
LAB = component_data(EXAMPLE_DESIGNS["The lab's convolution"])


@pytest.fixture
def shapes(open_app: OpenApp) -> Page:
    page = open_app("shapes")
    expect(page.get_by_role("heading", name="Shapes: the calculator")).to_be_visible()
    expect(sliding_window(page)).to_be_visible()
    return page


def sliding_window(page: Page) -> Locator:
    return page.get_by_role("group", name="The sliding window")


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name="Position of the window")


def press(page: Page, name: str) -> None:
    page.locator(".sliding").get_by_role("button", name=name).click()


def sum_line(page: Page) -> str:
    return page.locator(".sliding .sum").inner_text()


def evaluated(text: str) -> float:
    """What the arithmetic before the last = sign gives."""
    left = text.rpartition(" = ")[0].replace("·", "*").replace("−", "-")
    return float(eval(left, {"max": max}))  # noqa: S307 (our own text)


def open_example(page: Page, title: str) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    examples = page.get_by_role("combobox", name="Example")
    expect(examples).to_have_count(1)  # without the one of the example before
    examples.click()
    page.get_by_role("option", name=title, exact=True).click()


def test_the_window_steps_by_button_key_slider_and_click_and_shows_what_torch_computed(shapes: Page) -> None:
    results = [value for row in LAB["result"][0] for value in row]
    width = len(LAB["result"][0][0])

    def expect_step(step: int) -> None:
        expect(slider(shapes)).to_have_value(str(step))
        expect(shapes.locator(".sliding .sum .result")).to_have_text(results[step])
        expect(shapes.locator(".sliding .output.now text.value")).to_have_text(results[step])
        assert evaluated(sum_line(shapes)) == float(results[step].replace("−", "-"))

    expect_step(0)
    press(shapes, "One step forward")
    expect_step(1)
    press(shapes, "One step back")
    expect_step(0)
    sliding_window(shapes).press("ArrowRight")
    sliding_window(shapes).press("ArrowDown")
    expect_step(width + 1)
    sliding_window(shapes).press("ArrowLeft")
    expect_step(width)
    sliding_window(shapes).press("End")
    expect_step(len(results) - 1)
    slider(shapes).press("Home")
    expect_step(0)
    shapes.locator(".sliding .cell.output").nth(5).click()
    expect_step(5)
    press(shapes, "To the start")
    expect_step(0)


def test_every_sum_that_is_written_out_is_the_value_of_torch(shapes: Page) -> None:
    for title, design in EXAMPLE_DESIGNS.items():
        open_example(shapes, title)
        data = component_data(design)
        flat = [value for plane in data["result"] for row in plane for value in row]
        expect(slider(shapes)).to_have_attribute("max", str(len(flat) - 1))
        expect(shapes.locator(".sliding .where")).to_contain_text("Output 0" if len(data["axes"]) == 1 else "Output (0")
        written = shapes.locator(".sliding").evaluate(EVERY_SUM)
        assert [text.rpartition(" = ")[2] for text in written] == flat
        for text, value in zip(written, flat, strict=True):
            if "nothing" not in text:
                assert evaluated(text) == pytest.approx(float(value.replace("−", "-")), abs=0.006)


def test_it_plays_to_the_end_pauses_and_survives_a_rerun_of_the_page(shapes: Page) -> None:
    open_example(shapes, "The lab's pool")
    expect(slider(shapes)).to_have_attribute("max", "3")
    shapes.locator(".sliding").get_by_role("combobox", name="Speed").select_option("4")
    press(shapes, "Play")
    expect(slider(shapes)).to_have_value("3")
    expect(shapes.locator(".sliding .play")).to_have_attribute("aria-label", "Play")
    sliding_window(shapes).press("Home")
    sliding_window(shapes).press("ArrowRight")
    size_field = shapes.get_by_role("spinbutton", name="Wanted size")
    size_field.fill("30")
    size_field.press("Enter")
    expect(shapes.get_by_text("into 30")).to_be_visible()
    expect(slider(shapes)).to_have_value("1")


def test_an_answer_is_used_with_a_click(shapes: Page) -> None:
    size_field = shapes.get_by_role("spinbutton", name="Wanted size")
    size_field.fill("45")
    size_field.press("Enter")
    shapes.get_by_role("button", name="Use kernel_size 10, stride 2, padding 0, dilation 1").click()
    expect(shapes.get_by_role("heading", name="99 × 26 → 45 × 17")).to_be_visible()
    expect(shapes.get_by_role("textbox", name="stride")).to_have_value("2, 1")
    expect(shapes.get_by_role("button", name=re.compile("stride 2, padding 0.*: yours"))).to_be_visible()


def test_the_field_grows_with_the_layer_that_is_selected(shapes: Page) -> None:
    chain = shapes.locator(".chain")
    expect(chain.get_by_text("r = 1 + (10 − 1)·1 = 10, jump = 1·1 = 1")).to_be_visible()
    layers = shapes.get_by_role("listbox", name="Layers of the chain")
    layers.press("ArrowDown")
    expect(chain.get_by_text("r = 10 + (4 − 1)·1 = 13, jump = 1·4 = 4")).to_be_visible()
    expect(chain.get_by_role("option", name="Layer 2, MaxPool2d, field 13 × 13, jump 4")).to_have_attribute(
        "aria-selected", "true"
    )
    chain.get_by_role("option", name=re.compile("Layer 6, Linear")).click()
    expect(chain.get_by_text("every output reads all that is read before it")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 900])
def test_the_board_is_filled_and_nothing_is_cut(open_app: OpenApp, width: int) -> None:
    """Its right half was empty: the sum stood below it, and on a narrow window the output below the input."""
    page = open_app("shapes")
    page.set_viewport_size({"width": width, "height": 900})
    expect(sliding_window(page)).to_be_visible()
    source, output = (
        sliding_window(page).locator("figure", has_text=re.compile(name)) for name in ("^Input", "^Output")
    )
    boxes = [part.bounding_box() for part in (sliding_window(page), source, output, page.locator(".sliding .sum"))]
    whole, left, right, total = (box for box in boxes if box)
    assert right["x"] >= left["x"] + left["width"]
    assert right["x"] + right["width"] <= whole["x"] + whole["width"]
    if width == 1440:
        assert total["x"] >= right["x"] + right["width"]
        assert total["x"] + total["width"] > whole["x"] + 0.95 * whole["width"]
