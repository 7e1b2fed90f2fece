"""The Train page in a real browser: what stays where it is, what is said, and what is really trained on."""

import re
import tomllib
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

from tests.browser.conftest import ROOT, OpenApp, Server, open_digits
from tests.browser.test_main_job import set_number, status, wait_epochs

LIMIT = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))["server"]["maxUploadSize"]


def test_settings_and_the_way_back_survive_a_reload(app: Page) -> None:
    open_digits(app)
    set_number(app, "Epochs", "1000")
    set_number(app, "Seed", "5")
    app.get_by_role("link", name="Activations").click()
    expect(app.get_by_role("heading", name="Activation functions")).to_be_visible()
    app.reload()
    app.get_by_role("link", name="Train").click()
    for label, value in (("Epochs", "1000"), ("Seed", "5")):
        expect(app.get_by_role("spinbutton", name=label)).to_have_value(value)
    app.get_by_role("link", name="Design").click()
    expect(app.get_by_role("row", name="Layer 1, Conv2d, shape 16 × 8 × 8")).to_be_visible()
    app.get_by_role("button", name="Undo (Ctrl+Z)").click()
    expect(app.get_by_role("row", name="Layer 1, Conv2d, shape 10 × 90 × 17")).to_be_visible()


def test_the_knobs_fill_the_width_and_the_buttons_are_in_sight(open_app: OpenApp) -> None:
    page = open_app("train")
    expect(page.get_by_role("spinbutton", name="Seed")).to_be_visible()
    for width in (1440, 900):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function("width => innerWidth === width", arg=width)
        for name in ("Train", "Find a learning rate"):
            expect(page.get_by_role("button", name=name, exact=True)).to_be_in_viewport(ratio=1)
        room = page.locator(".st-key-knobs").bounding_box()
        assert room
        rows: dict[int, float] = {}
        for knob in page.locator("[class*='-knobs'] [class*='st-key-config-']").all():
            box = knob.bounding_box()
            assert box
            rows[round(box["y"])] = max(rows.get(round(box["y"]), 0), box["x"] + box["width"])
        assert rows
        for right in rows.values():
            assert abs(right - room["x"] - room["width"]) <= 1, f"{width} pixels wide"


@pytest.fixture
def console_messages(warm_context: BrowserContext) -> Iterator[list[str]]:
    """What the browser's console says."""
    messages: list[str] = []

    def note_message(message: ConsoleMessage) -> None:
        messages.append(message.text)

    warm_context.on("console", note_message)
    yield messages
    warm_context.remove_listener("console", note_message)


def test_the_page_goes_to_a_started_run_and_the_console_is_quiet_while_it_grows(
    console_messages: list[str], digits: Page
) -> None:
    digits.set_viewport_size({"width": 900, "height": 900})
    set_number(digits, "Epochs", "1000")
    for more_epochs in (3, 0):
        digits.get_by_role("button", name="Train", exact=True).click()
        expect(status(digits, "training")).to_be_visible()
        if more_epochs:
            expect(digits.get_by_text(re.compile("best validation accuracy"))).to_be_visible()
            wait_epochs(digits, more_epochs)
        for part in (status(digits, "training"), digits.get_by_role("button", name="Pause", exact=True)):
            expect(part).to_be_in_viewport(ratio=1)
        digits.get_by_test_id("stMain").get_by_role("button", name="Stop", exact=True).click()
        expect(status(digits, "stopped")).to_be_visible()
        digits.get_by_role(
            "button", name="Points as CSV"
        ).scroll_into_view_if_needed()  # and from there to the next run
        expect(status(digits, "stopped")).not_to_be_in_viewport()
    assert not [text for text in console_messages if "extent" in text]


def test_no_page_asks_another_host_for_anything(browser: Browser, server: Server) -> None:
    """On a closed network a font from elsewhere is waited for in vain."""
    page = browser.new_context().new_page()
    requests: list[str] = []

    def note_request(request: Request) -> None:
        requests.append(request.url)

    page.on("request", note_request)
    page.on("websocket", lambda socket: requests.append(socket.url.replace("ws://", "http://", 1)))
    pages = {
        "": "Design a net",
        "shapes": "Shapes",
        "data": "Data",
        "train": "Train it",
        "activations": "Activation functions",
    }
    for path, heading in pages.items():
        page.goto(f"{server.url}/{path}")
        expect(page.get_by_role("heading", name=heading).first).to_be_visible()
        expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    assert requests
    assert [url for url in requests if not url.startswith((server.url, "data:", "blob:"))] == []
    page.context.close()
