"""The pages of what came of runs, in a real browser: what stays chosen, what is compared, what comes back."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_main_job import set_number, status

ROW = 35
"""Pixels of a row of the table, which is drawn as one picture."""


@pytest.fixture
def two_runs(digits: Page) -> Page:
    """The page of all runs of a student who has trained twice, once longer."""
    for epochs in ("2", "3"):
        set_number(digits, "Epochs", epochs)
        digits.get_by_role("button", name="Train", exact=True).click()
        expect(digits.get_by_text(re.compile(f"epoch {epochs} of {epochs}"))).to_be_visible()
        expect(status(digits, "done")).to_be_visible()
    digits.get_by_role("link", name="Runs").click()
    expect(digits.get_by_text("What accuracy costs")).to_be_visible()
    return digits


def choose(page: Page, *rows: int) -> None:
    """Click the boxes of rows of the table, the first one 1."""
    box = page.get_by_test_id("stDataFrame").first.bounding_box()
    assert box
    for row in rows:
        page.mouse.click(box["x"] + 16, box["y"] + ROW * row + ROW / 2)


def compared_named_deleted_and_brought_back(page: Page) -> None:
    choose(page, 1, 2)
    expect(page.get_by_text("2 runs chosen")).to_be_visible()
    page.get_by_role("radio", name="Curves").click()
    expect(page.get_by_text("Thick: validation.")).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(2)
    page.get_by_role("radio", name="Differences").click()
    expect(page.get_by_test_id("stDataFrame")).to_have_count(2)
    choose(page, 2)
    expect(page.get_by_text("1 run chosen")).to_be_visible()
    page.reload()
    expect(page.get_by_text("1 run chosen")).to_be_visible()
    page.get_by_role("button", name="Name and tags").click()
    page.get_by_role("textbox", name="Name").fill("the longer one")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Save")).to_have_count(0)  # the form has closed
    page.get_by_role("textbox", name="Find").fill("longer")
    page.get_by_role("textbox", name="Find").press("Enter")
    expect(page.get_by_text("1 run chosen")).to_be_visible()  # in another table, the same choice
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("None of your runs matches this filter.")).to_be_visible()
    page.get_by_role("button", name="Bring it back").click()
    expect(page.get_by_text("None of your runs matches this filter.")).to_have_count(0)
    page.get_by_role("textbox", name="Find").fill("")
    page.get_by_role("textbox", name="Find").press("Enter")
    expect(page.get_by_text("Choose runs in the table", exact=True)).to_be_visible()


def test_runs_are_compared_a_choice_is_kept_while_one_goes_on_and_one_is_looked_at_and_taken_home(
    two_runs: Page, tmp_path: Path
) -> None:
    page = two_runs
    compared_named_deleted_and_brought_back(page)
    page.get_by_role("link", name="Train").click()
    set_number(page, "Epochs", "1000")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_text(re.compile(r"epoch \d+ of 1000"))).to_be_visible()
    page.get_by_role("link", name="Runs").click()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    choose(page, 2)
    expect(page.get_by_text("1 run chosen")).to_be_visible()
    choose(page, 1)
    expect(page.get_by_text("2 runs chosen")).to_be_visible()  # while the table is drawn again every second
    page.get_by_role("link", name="Train").click()
    page.get_by_test_id("stMain").get_by_role("button", name="Stop", exact=True).click()
    expect(status(page, "stopped")).to_be_visible()
    page.get_by_role("link", name="Runs").click()
    expect(page.get_by_text("2 runs chosen")).to_be_visible()
    choose(page, 1)
    expect(page.get_by_text("1 run chosen")).to_be_visible()
    page.get_by_role("button", name="Look closely").click()
    expect(page.get_by_role("heading", name="One run in detail")).to_be_visible()
    page.get_by_role("radio", name="Mistakes").click()
    chart = page.get_by_test_id("stVegaLiteChart").locator("path[aria-roledescription='rect mark']")
    expect(chart).to_have_count(100)
    chart.first.click()
    expect(page.get_by_role("heading", name=re.compile("× 0, recognised"))).to_be_visible()
    expect(page.locator("[class*='st-key-samples-cell'] img").first).to_be_visible()
    page.get_by_role("radio", name="Take it home").click()
    page.get_by_role("button", name="Make it").first.click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download run.zip").click()
    download.value.save_as(tmp_path / "run.zip")
    page.get_by_role("link", name="Runs").click()
    page.get_by_text("Import a run").click()
    page.locator("input[type=file]").set_input_files(tmp_path / "run.zip")
    expect(page.get_by_text("is now one of your runs")).to_be_visible()
    page.locator("input[type=file]").set_input_files(
        {"name": "run.zip", "mimeType": "application/zip", "buffer": b"no zip at all"}
    )
    expect(page.get_by_text(re.compile("zip")).last).to_be_visible()
