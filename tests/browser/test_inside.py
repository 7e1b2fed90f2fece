"""The Inside page in a browser: the three zooms, and the stepper over one value."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenApp


@pytest.fixture
def inside(open_app: OpenApp) -> Page:
    app = open_app("inside")
    expect(app.get_by_role("heading", name="Inside the net", level=1)).to_be_visible()
    return app


def open_view(app: Page, name: str) -> None:
    app.get_by_role("radio", name=name, exact=True).click()
    expect(app.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def test_every_layer_has_its_maps_with_the_names_of_their_axes(inside: Page) -> None:
    charts = inside.get_by_test_id("stPlotlyChart")
    expect(charts).to_have_count(10)  # the input and the lab's nine layers
    expect(charts.nth(1).locator(".xtitle")).to_have_text("time")
    expect(charts.nth(1).locator(".ytitle")).to_have_text("band")


def test_one_value_is_stepped_through_by_keys(inside: Page) -> None:
    open_view(inside, "One value")
    board = inside.get_by_role("group", name=re.compile("The sliding window"))
    expect(board.locator(".term")).to_have_count(100)  # the lab's kernel of 10 × 10
    position = inside.locator("output.position")
    expect(position).to_have_text("1 / 16")
    before = board.locator(".result").inner_text()
    board.press("ArrowRight")
    expect(position).to_have_text("2 / 16")
    expect(board.locator(".result")).not_to_have_text(before)
    expect(board.locator(".where")).to_have_text(re.compile("time .+, band .+"))


def test_another_kernel_changes_the_map(inside: Page) -> None:
    open_view(inside, "One map")
    inside.get_by_role("combobox", name="Kernel").click()
    inside.get_by_role("option", name="Identity").click()
    expect(inside.get_by_role("combobox", name="Kernel")).to_have_value("Identity")
    expect(inside.get_by_test_id("stException")).to_have_count(0)
    expect(inside.get_by_text("Map 0 is")).to_be_visible()


def test_a_click_on_a_point_of_the_embedding_opens_its_sample(inside: Page) -> None:
    open_view(inside, "What it has learned")
    open_view(inside, "Embedding")
    expect(inside.get_by_text("Its nearest training samples")).to_be_visible(timeout=90_000)
    points = inside.locator(".scatterlayer .trace").nth(-2).locator(".points path")  # the last class in colour
    points.first.click(force=True)
    expect(inside.get_by_role("heading", name="1 sample selected")).to_be_visible()
    opened = inside.get_by_role("button", name=re.compile("^Open sample")).first
    number = opened.inner_text().removeprefix("Open sample ")
    opened.click()
    expect(inside.get_by_text(f"Sample {number}:")).to_be_visible()
