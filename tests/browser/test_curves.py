"""The live curves in a real browser: exact where one zooms in, other runs beside, the goal."""

import csv
import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.conftest import OpenApp, Server, open_digits
from tests.browser.test_main_job import set_number, status, wait_epochs

EPOCHS = "15"
LOSS = 1
"""Place of the chart on the page."""


def start(app: Page, epochs: str, batch: str = "64") -> None:
    set_number(app, "Epochs", epochs)
    set_number(app, "Batch size", batch)
    app.get_by_role("button", name="Train", exact=True).click()


@pytest.fixture
def train_page(digits: Page) -> Iterator[Page]:
    """The Train page with the net for digits; no run goes on behind a test."""
    yield digits
    digits.mouse.click(5, 5)  # closes the options, which keep all else from being found by its role
    stop = digits.get_by_test_id("stMain").get_by_role("button", name="Stop", exact=True)
    stop.dispatch_event("click")  # which does nothing where the run has ended, or ends just now
    expect(stop).to_be_disabled()


@pytest.fixture(scope="module")
def student_with_a_run(warm_context: BrowserContext, server: Server) -> str:
    """The cookie of a student whose run is over, of 1,350 steps in EPOCHS epochs; tests look at it, no more."""
    page = warm_context.new_page()
    try:
        page.goto(f"{server.url}/train")
        open_digits(page)
        start(page, EPOCHS, "16")
        expect(status(page, "done")).to_be_visible()
        return next(cookie["value"] for cookie in warm_context.cookies() if cookie["name"] == "cnnviz_student")
    finally:
        page.close()
        warm_context.clear_cookies()


@pytest.fixture
def finished(student_with_a_run: str, warm_context: BrowserContext, open_app: OpenApp, server: Server) -> Page:
    """The Train page as that student finds it later."""
    warm_context.add_cookies([{"name": "cnnviz_student", "value": student_with_a_run, "url": server.url}])
    page = open_app("train")
    expect(status(page, "done")).to_be_visible()
    expect(page.get_by_text(re.compile("test accuracy"))).to_be_visible()
    return page


def chart_marks(app: Page, place: int) -> Locator:
    return app.get_by_test_id("stVegaLiteChart").nth(place).locator("svg.marks")


def zoom_in(app: Page, place: int, times: int) -> None:
    chart_marks(app, place).hover()
    app.keyboard.down("Control")
    for _ in range(times):
        app.mouse.wheel(0, -400)
    app.keyboard.up("Control")


def point_count(app: Page, place: int) -> int:
    """Points of the first line of a chart, those beside the window included."""
    path = chart_marks(app, place).locator(".mark-line path").first.get_attribute("d") or ""
    return len(re.findall("[ML]", path))


def options(app: Page) -> Locator:
    app.get_by_role("button", name="Options").click()
    panel = app.get_by_test_id("stPopoverBody")
    expect(panel).to_be_visible()
    return panel


def test_zoomed_in_every_batch_loss_in_sight_is_drawn(finished: Page) -> None:
    assert point_count(finished, LOSS) <= 1000
    with finished.expect_download() as download:
        finished.get_by_role("button", name="Points as CSV").click()
    rows = list(csv.DictReader(download.value.path().read_text(encoding="utf-8").splitlines()))
    steps = sum(row["split"] == "batch" for row in rows)
    assert steps > 1200
    zoom_in(finished, LOSS, 4)
    drawn = finished.wait_for_function(
        """place => {
             const chart = document.querySelectorAll('[data-testid=stVegaLiteChart]')[place]
             const points = [...chart.querySelector('.mark-line path').getAttribute('d').matchAll(/[ML]([-0-9.]+),/g)]
             const width = chart.querySelector('.background').getBoundingClientRect().width
             const inside = points.filter(point => point[1] >= 0 && point[1] <= width).map(point => Number(point[1]))
             const gaps = inside.slice(1).map((x, i) => x - inside[i])
             return inside.length > 100 && Math.max(...gaps) < 1.5 * Math.min(...gaps) && gaps
           }""",
        arg=LOSS,
    ).json_value()  # one step of the optimizer lies as far from the next as any other: none is left out
    assert len(drawn) > 100


def test_the_points_come_as_json(finished: Page) -> None:
    with finished.expect_download() as download:
        finished.get_by_role("button", name="Points as JSON").click()
    points = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert {point["split"] for point in points} >= {"batch", "train", "validation", "test"}
    assert max(point["epoch"] for point in points) == int(EPOCHS)


def test_options_stay_open_and_chosen_while_a_run_goes_on_and_the_chart_stays(train_page: Page) -> None:
    start(train_page, "1000")
    expect(train_page.get_by_text(re.compile("best validation accuracy"))).to_be_visible()
    panel = options(train_page)
    panel.get_by_role("spinbutton", name="Goal").fill("0.5")
    panel.get_by_role("spinbutton", name="Goal").press("Enter")
    panel.get_by_text("Log axis for the loss").click()
    expect(train_page.get_by_text(re.compile(r"Goal for the validation accuracy, 0\.50"))).to_be_visible()
    expect(chart_marks(train_page, LOSS).locator("[aria-label*='log scale']")).to_have_count(1)
    chart_marks(train_page, LOSS).evaluate("node => { node.marked = true }")
    wait_epochs(train_page, 10)
    expect(panel.get_by_role("spinbutton", name="Goal")).to_have_value("0.5")
    assert chart_marks(train_page, LOSS).evaluate("node => node.marked")


def test_the_goal_is_marked_where_it_is_reached_and_told_in_words(finished: Page) -> None:
    status_text = finished.get_by_text(
        re.compile(r"Goal for the validation accuracy, 0\.90: reached in epoch \d+, with 0\.9")
    )
    expect(status_text).to_be_visible()
    reached = re.search(r"epoch (\d+)", status_text.inner_text())
    assert reached
    expect(chart_marks(finished, 0).get_by_text(f"0.90 reached: epoch {reached[1]}", exact=True)).to_be_visible()


def test_another_run_is_drawn_beside_this_one_and_named(train_page: Page) -> None:
    for seed, epochs in (("1", "3"), ("2", "4")):  # else the first run could be taken for the second
        set_number(train_page, "Seed", seed)
        start(train_page, epochs)
        expect(train_page.get_by_text(re.compile(f"epoch {epochs} of {epochs}"))).to_be_visible()
        expect(status(train_page, "done")).to_be_visible()
    lines = chart_marks(train_page, 0).locator(".mark-line path[stroke='#E0701A']")
    expect(lines).to_have_count(1)
    panel = options(train_page)
    panel.get_by_role("combobox", name="Compare with").click()
    other = train_page.get_by_role("option").first
    name = other.inner_text()
    other.click()
    expect(lines).to_have_count(2)
    expect(chart_marks(train_page, 0).locator(".mark-line path[stroke-dasharray='6,3']")).to_have_count(1)
    expect(chart_marks(train_page, 0).get_by_text("this run", exact=True)).to_be_visible()
    expect(chart_marks(train_page, 0).get_by_text(name, exact=True)).to_be_visible()


def test_a_run_without_measured_layers_says_so(finished: Page) -> None:
    expect(finished.get_by_test_id("stVegaLiteChart")).to_have_count(2)
    for view in ("Top-5 and F1", "Gradients", "Device"):
        finished.locator(".st-key-look").get_by_text(view).click()
        status_text = finished.get_by_text("This run has no such curves")
        expect(status_text.or_(finished.get_by_test_id("stVegaLiteChart")).first).to_be_visible()
    finished.locator(".st-key-look").get_by_text("Accuracy and loss").click()
    expect(finished.get_by_test_id("stVegaLiteChart")).to_have_count(2)
