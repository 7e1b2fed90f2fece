"""The Train page in a real browser: what stays where it is, what is said, and what is really trained on."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect

from cnnviz.runs.store import Store
from tests.browser.conftest import ROOT, Server
from tests.browser.test_main_job import chart, open_digits, set_number, status, wait_epochs

LIMIT = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))["server"]["maxUploadSize"]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A pair of files that the digits' nets take: 200 samples of noise in ten classes."""
    folder = tmp_path_factory.mktemp("pair")
    np.save(folder / "feats.npy", np.random.default_rng(0).normal(size=(200, 8, 8)).astype(np.float32))
    np.save(folder / "labels.npy", np.arange(200) % 10)
    return folder / "feats.npy", folder / "labels.npy"


@pytest.fixture
def room(app: Page) -> Page:
    """The Train page with the net for digits."""
    open_digits(app)
    return app


def own_data(app: Page) -> Locator:
    return app.get_by_test_id("stExpander").filter(has_text="Bring your own data")


def choose_files(app: Page, *files: Path) -> None:
    """Give the two uploaders their files, one right after the other, and wait until the browser has sent them."""
    uploaders = own_data(app).get_by_test_id("stFileUploader")
    expect(uploaders).to_have_count(3)  # two for a pair, one for a .npz
    for uploader, file in zip(uploaders.all(), files, strict=False):
        uploader.locator("input[type=file]").set_input_files(file)
    for uploader, file in zip(uploaders.all(), files, strict=False):
        expect(uploader.get_by_test_id("stFileChip")).to_contain_text(file.name)
    expect(use_files(app)).to_be_enabled()


def use_files(app: Page) -> Locator:
    return own_data(app).get_by_role("button", name="Use these files")


def dataset_box(app: Page) -> Locator:
    return app.get_by_role("combobox", name="Data set")


def trained_on(server: Server) -> str:
    """The data set of the run that was started last, whoever started it."""
    store = Store(server.folder)
    try:
        return max(store.active(), key=lambda run: run.created).config.dataset
    finally:
        store.close()


def test_an_upload_is_what_the_next_run_learns_from(room: Page, server: Server, pair: tuple[Path, Path]) -> None:
    """The box once kept showing the digits, and the next click put the digits back without a word."""
    own_data(room).locator("summary").click()
    choose_files(room, *pair)
    use_files(room).click()
    expect(room.get_by_text("Your upload: 200 samples")).to_be_visible()
    expect(dataset_box(room)).to_have_value("My data")
    set_number(room, "Epochs", "1000")
    room.get_by_role("button", name="Train", exact=True).click()
    expect(status(room, "training")).to_be_visible()
    assert trained_on(server).startswith("upload-")
    expect(room.get_by_text("Your upload: 200 samples")).to_be_visible()
    room.get_by_role("button", name="Stop", exact=True).click()
    expect(status(room, "stopped")).to_be_visible()

    own_data(room).get_by_role("button", name="Remove", exact=True).click()
    expect(dataset_box(room)).to_have_value("Handwritten digits")
    room.get_by_role("button", name="Train", exact=True).click()
    expect(status(room, "training")).to_be_visible()
    assert trained_on(server) == "digits"
    room.get_by_role("button", name="Stop", exact=True).click()
    expect(status(room, "stopped")).to_be_visible()


def test_a_data_set_removed_in_another_tab_gives_way_to_one_that_is_there(
    room: Page, server: Server, pair: tuple[Path, Path]
) -> None:
    own_data(room).locator("summary").click()
    choose_files(room, *pair)
    use_files(room).click()
    expect(dataset_box(room)).to_have_value("My data")
    tab = room.context.new_page()
    tab.goto(f"{server.url}/train")
    own_data(tab).locator("summary").click()
    own_data(tab).get_by_role("button", name="Remove", exact=True).click()
    expect(own_data(tab).get_by_role("button", name="Remove", exact=True)).to_have_count(0)
    set_number(room, "Epochs", "2")
    expect(dataset_box(room)).to_have_value("Handwritten digits")
    room.get_by_role("button", name="Train", exact=True).click()
    expect(room.get_by_text(re.compile("test accuracy"))).to_be_visible()
    expect(dataset_box(room)).to_have_value("Handwritten digits")


def test_a_refused_upload_is_told_and_moves_nothing(room: Page, pair: tuple[Path, Path]) -> None:
    """The notice once pushed all below it to other places, where browsers draw them anew: closed, and blank."""
    set_number(room, "Epochs", "1000")
    room.get_by_role("button", name="Train", exact=True).click()
    expect(room.get_by_text(re.compile("best validation accuracy"))).to_be_visible()
    own_data(room).locator("summary").click()
    feats, _ = pair
    choose_files(room, feats, feats)
    chart(room).evaluate("node => { window.chart = node }")
    use_files(room).click()
    expect(room.get_by_text("one label per sample is expected")).to_be_visible()
    wait_epochs(room, 3)
    assert chart(room).evaluate("node => node === window.chart")
    expect(use_files(room)).to_be_visible()
    expect(own_data(room).get_by_test_id("stFileChip")).to_have_count(2)
    room.get_by_role("button", name="Stop", exact=True).click()
    expect(status(room, "stopped")).to_be_visible()
    expect(room.get_by_text("one label per sample is expected")).to_have_count(0)
    assert chart(room).evaluate("node => node === window.chart")
    expect(use_files(room)).to_be_visible()


def test_files_chosen_stay_chosen_when_the_design_is_made_to_fit(app: Page, pair: tuple[Path, Path]) -> None:
    app.get_by_role("link", name="Train").click()
    own_data(app).locator("summary").click()
    choose_files(app, *pair)
    app.get_by_role("button", name=re.compile("Open “ConvNet for handwritten digits”")).click()
    expect(app.get_by_role("button", name="Train", exact=True)).to_be_enabled()
    use_files(app).click()
    expect(app.get_by_text("Your upload: 200 samples")).to_be_visible()


def test_one_file_alone_is_told_and_kept(room: Page, pair: tuple[Path, Path]) -> None:
    own_data(room).locator("summary").click()
    own_data(room).locator("input[type=file]").first.set_input_files(pair[0])
    expect(own_data(room).get_by_test_id("stFileChip")).to_have_count(1)
    use_files(room).click()
    expect(room.get_by_text("Choose both files")).to_be_visible()
    expect(own_data(room).get_by_test_id("stFileChip")).to_have_count(1)


def test_a_file_over_the_limit_is_refused_in_a_sentence(room: Page, tmp_path: Path) -> None:
    own_data(room).locator("summary").click()
    expect(own_data(room).get_by_text(f"{LIMIT}MB per file").first).to_be_visible()
    large = tmp_path / "large.npy"
    with large.open("wb") as file:
        file.truncate((LIMIT + 1) * 2**20)  # sparse: takes no room on the disk
    own_data(room).locator("input[type=file]").first.set_input_files(large)
    sentence = own_data(room).get_by_role("alert")
    expect(sentence).to_have_text(re.compile(rf"File must be {LIMIT}(\.0)?MB or smaller"))
    box, chip = sentence.bounding_box(), own_data(room).get_by_test_id("stFileUploader").first.bounding_box()
    assert box
    assert chip
    assert box["height"] >= 12
    assert box["width"] >= 150
    assert chip["x"] <= box["x"]
    assert box["x"] + box["width"] <= chip["x"] + chip["width"]


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


@pytest.mark.parametrize("width", [1440, 900])
def test_the_knobs_fill_the_width(app: Page, width: int) -> None:
    app.set_viewport_size({"width": width, "height": 1000})
    app.get_by_role("link", name="Train").click()
    expect(app.get_by_role("spinbutton", name="Seed")).to_be_visible()
    room = app.locator(".st-key-knobs").bounding_box()
    assert room
    rows: dict[int, float] = {}
    for knob in app.locator(".st-key-knobs [class*='st-key-config-']").all():
        box = knob.bounding_box()
        assert box
        rows[round(box["y"])] = max(rows.get(round(box["y"]), 0), box["x"] + box["width"])
    assert rows
    for right in rows.values():
        assert abs(right - room["x"] - room["width"]) <= 1


@pytest.fixture
def heard(page: Page) -> Iterator[list[str]]:
    """What the browser's console says."""
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        said.append(message.text)

    page.on("console", hear)
    yield said
    page.remove_listener("console", hear)


def test_the_console_is_quiet_while_a_run_grows(heard: list[str], room: Page) -> None:
    set_number(room, "Epochs", "1000")
    room.get_by_role("button", name="Train", exact=True).click()
    expect(room.get_by_text(re.compile("best validation accuracy"))).to_be_visible()
    wait_epochs(room, 3)
    room.get_by_role("button", name="Stop", exact=True).click()
    expect(status(room, "stopped")).to_be_visible()
    assert not [text for text in heard if "extent" in text]


def test_no_page_asks_another_host_for_anything(browser: Browser, server: Server) -> None:
    """On a closed network a font from elsewhere is waited for in vain."""
    page = browser.new_context().new_page()
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.on("websocket", lambda socket: asked.append(socket.url.replace("ws://", "http://", 1)))
    pages = {"": "Design a net", "shapes": "Shapes", "train": "Train it", "activations": "Activation functions"}
    for path, heading in pages.items():
        page.goto(f"{server.url}/{path}")
        expect(page.get_by_role("heading", name=heading).first).to_be_visible()
        expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    assert asked
    assert [url for url in asked if not url.startswith((server.url, "data:", "blob:"))] == []
    page.context.close()
