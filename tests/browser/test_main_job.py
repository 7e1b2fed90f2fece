"""The whole main job, as a student does it."""

import re

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.conftest import OpenApp, open_digits


def edit_kernel(app: Page, size: str) -> None:
    field = app.get_by_role("textbox", name="kernel_size")
    field.fill(size)
    field.press("Enter")


def status(app: Page, text: str) -> Locator:
    return app.locator(".st-key-status").get_by_text(text)


def set_number(app: Page, label: str, value: str) -> None:
    field = app.get_by_role("spinbutton", name=label).or_(app.get_by_role("textbox", name=label)).first
    field.fill(value)
    field.press("Enter")


def epoch(app: Page) -> int:
    text = app.get_by_text(re.compile(r"epoch \d+ of")).inner_text()
    match = re.search(r"epoch (\d+)", text)
    assert match
    return int(match.group(1))


def chart(app: Page) -> Locator:
    """The accuracy chart."""
    return app.get_by_test_id("stVegaLiteChart").first.locator("svg.marks")


def epochs_on_axis(app: Page) -> list[str]:
    return chart(app).locator(".role-axis").filter(has_text="epoch").locator(".role-axis-label text").all_inner_texts()


def wait_epochs(app: Page, more: int) -> None:
    """Until the page shows that the run is so many epochs further."""
    app.wait_for_function(
        """target => [...document.querySelectorAll('p')].some(p => {
             const match = p.innerText.match(/^epoch (\\d+) of/)
             return match && Number(match[1]) >= target
           })""",
        arg=epoch(app) + more,
    )


def test_design_train_watch_stop_reload_and_find_the_run_again(app: Page) -> None:
    # design: a kernel edit is followed by every shape, formula and in_features
    edit_kernel(app, "3")
    expect(app.get_by_role("row", name="Layer 1, Conv2d, shape 10 × 97 × 24")).to_be_visible()
    expect(app.get_by_text("⌊(99 + 2·0 − 3) / 1⌋ + 1 = 97")).to_be_visible()
    expect(app.get_by_text("in_features=1440", exact=False).first).to_be_visible()
    app.get_by_role("radio", name="PyTorch code").or_(app.get_by_role("button", name="PyTorch code")).first.click()
    expect(app.get_by_text("self.fc1 = nn.Linear(in_features=1440")).to_be_visible()
    edit_kernel(app, "5")
    expect(app.get_by_text("self.fc1 = nn.Linear(in_features=1150")).to_be_visible()

    # train on digits
    open_digits(app)
    set_number(app, "Epochs", "1000")
    app.get_by_role("button", name="Train", exact=True).click()
    expect(status(app, "training")).to_be_visible()
    expect(chart(app)).to_be_visible()
    expect(app.get_by_text(re.compile("best validation accuracy"))).to_be_visible()
    first = epoch(app)
    wait_epochs(app, 3)

    # a reload in mid-training finds it going on
    app.reload()
    expect(status(app, "training")).to_be_visible()
    assert epoch(app) >= first

    # stop, reload, find the run
    app.get_by_test_id("stMain").get_by_role("button", name="Stop", exact=True).click()
    expect(status(app, "stopped")).to_be_visible()
    expect(app.get_by_test_id("stMain").get_by_role("button", name="Stop", exact=True)).to_be_disabled()
    stopped_at = epoch(app)
    app.reload()
    expect(status(app, "stopped")).to_be_visible()
    assert epoch(app) == stopped_at

    # the design is where it was left
    app.get_by_role("link", name="Design").click()
    expect(app.get_by_role("row", name="Layer 1, Conv2d, shape 16 × 8 × 8")).to_be_visible()


def test_live_curves_neither_blink_nor_lose_their_zoom(digits: Page) -> None:
    set_number(digits, "Epochs", "1000")
    digits.get_by_role("button", name="Train", exact=True).click()
    expect(digits.get_by_text(re.compile("best validation accuracy"))).to_be_visible()
    chart(digits).evaluate(
        """node => { node.marked = true; window.gone = 0
             new MutationObserver(changes => changes.forEach(change =>
               change.removedNodes.forEach(removed => { window.gone += removed.contains?.(node) ? 1 : 0 })
             )).observe(document.body, { childList: true, subtree: true }) }"""
    )
    whole = epochs_on_axis(digits)
    chart(digits).hover()
    digits.keyboard.down("Control")
    digits.mouse.wheel(0, -400)
    digits.keyboard.up("Control")
    wait_epochs(digits, 3)
    zoomed = epochs_on_axis(digits)
    assert zoomed != whole
    wait_epochs(digits, 20)
    assert epochs_on_axis(digits) == zoomed
    digits.get_by_test_id("stMain").get_by_role("button", name="Stop", exact=True).click()
    expect(status(digits, "stopped")).to_be_visible()
    assert chart(digits).evaluate("node => node.marked && window.gone === 0")
    assert epochs_on_axis(digits) == zoomed


def test_a_second_tab_shows_the_same_run_and_another_student_sees_none_of_it(
    digits: Page, open_app: OpenApp, warm_context: BrowserContext
) -> None:
    set_number(digits, "Epochs", "2")
    digits.get_by_role("button", name="Train", exact=True).click()
    expect(digits.get_by_text(re.compile("test accuracy"))).to_be_visible()
    second_tab = open_app("train")
    expect(second_tab.get_by_text(re.compile("test accuracy"))).to_be_visible()
    warm_context.clear_cookies()  # which makes another student
    expect(open_app("train").get_by_text("watch the loss fall and the accuracy rise, live")).to_be_visible()


def test_a_refusing_layer_is_mended_in_one_click(app: Page) -> None:
    edit_kernel(app, "30")
    expect(app.get_by_role("row", name=re.compile("Layer 1, Conv2d, refuses"))).to_be_visible()
    app.get_by_role("button", name="Set kernel_size to (30, 26)").click()
    expect(app.get_by_role("row", name="Layer 1, Conv2d, shape 10 × 70 × 1")).to_be_visible()
    app.get_by_role("button", name="Undo (Ctrl+Z)").click()
    expect(app.get_by_role("row", name=re.compile("Layer 1, Conv2d, refuses"))).to_be_visible()
    app.get_by_role("button", name="Undo (Ctrl+Z)").click()
    expect(app.get_by_role("row", name="Layer 1, Conv2d, shape 10 × 90 × 17")).to_be_visible()


def test_layers_are_selected_by_click_and_by_keyboard(app: Page) -> None:
    app.get_by_role("row", name=re.compile("Layer 6, Linear")).click()
    expect(
        app.get_by_role("spinbutton", name="out_features").or_(app.get_by_role("textbox", name="out_features")).first
    ).to_have_value("100")
    app.get_by_role("row", name=re.compile("Layer 6, Linear")).press("ArrowUp")
    app.get_by_role("row", name=re.compile("Layer 5, Flatten")).press("ArrowUp")
    app.get_by_role("row", name=re.compile("Layer 4, Dropout2d")).press("Enter")
    expect(app.get_by_text("Zeroes whole feature maps", exact=False).first).to_be_visible()
    expect(app.get_by_role("row", name=re.compile("Layer 4, Dropout2d"))).to_be_focused()


def test_code_is_downloaded_as_a_file(app: Page) -> None:
    app.get_by_role("radio", name="PyTorch code").or_(app.get_by_role("button", name="PyTorch code")).first.click()
    with app.expect_download() as download:
        app.get_by_role("button", name="Download convnet.py").click()
    text = download.value.path().read_text(encoding="utf-8")
    assert download.value.suggested_filename == "convnet.py"
    assert "self.fc1 = nn.Linear(in_features=880, out_features=100)" in text
