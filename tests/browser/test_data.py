"""The Data page in a real browser: what is brought, in files, zips and words, and what is trained on then."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from cnnviz.runs.store import Store
from tests.browser.conftest import ROOT, OpenApp, Server
from tests.browser.test_main_job import chart, set_number, status
from tests.data.upload_files import sound_bytes, tone, zip_bytes

LIMIT = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))["server"]["maxUploadSize"]


@pytest.fixture(scope="module")
def array_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A pair of files that the digits' nets take: 200 samples of noise in ten classes."""
    folder = tmp_path_factory.mktemp("pair")
    np.save(folder / "feats.npy", np.random.default_rng(0).normal(size=(200, 8, 8)).astype(np.float32))
    np.save(folder / "labels.npy", np.arange(200) % 10)
    return folder / "feats.npy", folder / "labels.npy"


@pytest.fixture
def data_page(digits: Page) -> Page:
    """The Data page, with the digits and the net for them; its place to bring data is open."""
    open_data(digits)
    return digits


@pytest.fixture
def uploads(open_app: OpenApp) -> Page:
    """The place to bring data, as a new student opens it by its address."""
    page = open_app("data?look=Bring+your+own")
    expect(page.get_by_test_id("stForm").get_by_test_id("stFileUploader")).to_have_count(3)
    return page


def open_data(app: Page, view: str = "Bring your own") -> None:
    app.get_by_role("link", name="Data", exact=True).click()
    expect(app.get_by_role("heading", name="Data: what a net learns from")).to_be_visible()
    app.get_by_role("radio", name=view, exact=True).click()


def choose_files(app: Page, *files: Path) -> None:
    """Give the uploaders their files, one right after the other, and wait until the browser has sent them."""
    uploaders = app.get_by_test_id("stForm").get_by_test_id("stFileUploader")
    expect(uploaders).to_have_count(3)  # two for a pair, one for a .npz
    for uploader, file in zip(uploaders.all(), files, strict=False):
        uploader.locator("input[type=file]").set_input_files(file)
    for uploader, file in zip(uploaders.all(), files, strict=False):
        expect(uploader.get_by_test_id("stFileChip")).to_contain_text(file.name)
    expect(app.get_by_role("button", name="Use these files")).to_be_enabled()


def dataset_of_last_run(server: Server) -> str:
    """The data set of the run that was started last, whoever started it."""
    store = Store(server.folder)
    try:
        return max(store.active_runs(), key=lambda run: run.created).config.dataset
    finally:
        store.close()


def test_what_is_brought_is_what_the_next_run_learns_from(
    data_page: Page, server: Server, array_files: tuple[Path, Path]
) -> None:
    """The box once kept showing the digits, and the next click put the digits back without a word."""
    choose_files(data_page, *array_files)
    data_page.get_by_role("button", name="Use these files").click()
    expect(data_page.get_by_text("200 samples of 1 × 8 × 8, 10 classes.")).to_be_visible()
    expect(data_page.get_by_role("combobox", name="Data set")).to_have_value("My data")
    data_page.get_by_role("link", name="Train").click()
    expect(data_page.get_by_role("combobox", name="Data set")).to_have_value("My data")
    set_number(data_page, "Epochs", "1000")
    data_page.get_by_role("button", name="Train", exact=True).click()
    expect(status(data_page, "training")).to_be_visible()
    assert dataset_of_last_run(server).startswith("upload-")
    data_page.get_by_test_id("stMain").get_by_role("button", name="Stop", exact=True).click()
    expect(status(data_page, "stopped")).to_be_visible()

    tab = data_page.context.new_page()
    tab.goto(f"{server.url}/data")
    tab.get_by_role("radio", name="Bring your own", exact=True).click()
    tab.get_by_role("button", name="Remove", exact=True).click()
    expect(tab.get_by_role("button", name="Remove", exact=True)).to_have_count(0)
    set_number(data_page, "Epochs", "2")
    expect(data_page.get_by_role("combobox", name="Data set")).to_have_value("Spoken words")


def test_a_refused_upload_is_told_and_its_files_stay(uploads: Page, array_files: tuple[Path, Path]) -> None:
    choose_files(uploads, array_files[0], array_files[0])
    uploads.get_by_role("button", name="Use these files").click()
    expect(uploads.get_by_text("expected is one label per sample")).to_be_visible()
    expect(uploads.get_by_test_id("stForm").get_by_test_id("stFileChip")).to_have_count(2)
    uploads.get_by_role("radio", name="Samples", exact=True).click()
    expect(uploads.get_by_text("expected is one label per sample")).to_have_count(0)


def test_one_file_alone_is_told_and_kept(uploads: Page, array_files: tuple[Path, Path]) -> None:
    form = uploads.get_by_test_id("stForm")
    form.locator("input[type=file]").first.set_input_files(array_files[0])
    expect(form.get_by_test_id("stFileChip")).to_have_count(1)
    uploads.get_by_role("button", name="Use these files").click()
    expect(uploads.get_by_text("Choose both files")).to_be_visible()
    expect(form.get_by_test_id("stFileChip")).to_have_count(1)


def test_files_chosen_stay_chosen_when_another_data_set_is_looked_at(
    uploads: Page, array_files: tuple[Path, Path]
) -> None:
    choose_files(uploads, *array_files)
    uploads.get_by_role("combobox", name="Data set").click()
    uploads.get_by_role("option", name="Voxel shapes").click()
    expect(uploads.get_by_text("1 × 16 × 16 × 16").first).to_be_visible()
    expect(uploads.get_by_test_id("stForm").get_by_test_id("stFileChip")).to_have_count(2)
    uploads.get_by_role("button", name="Use these files").click()
    expect(uploads.get_by_text("200 samples of 1 × 8 × 8, 10 classes.")).to_be_visible()


def test_data_removed_in_another_tab_are_told_at_train_and_the_chart_stays(
    data_page: Page, server: Server, array_files: tuple[Path, Path]
) -> None:
    """The notice once pushed all below it to other places, where browsers draw them anew: closed, and blank."""
    choose_files(data_page, *array_files)
    data_page.get_by_role("button", name="Use these files").click()
    expect(data_page.get_by_role("combobox", name="Data set")).to_have_value("My data")
    data_page.get_by_role("link", name="Train").click()
    set_number(data_page, "Epochs", "2")
    data_page.get_by_role("button", name="Train", exact=True).click()
    expect(data_page.get_by_text(re.compile("test accuracy"))).to_be_visible()
    tab = data_page.context.new_page()
    tab.goto(f"{server.url}/data?look=Bring+your+own")
    tab.get_by_role("button", name="Remove", exact=True).click()
    expect(tab.get_by_role("button", name="Remove", exact=True)).to_have_count(0)
    chart(data_page).evaluate("node => { window.chart = node }")
    data_page.get_by_role("button", name="Train", exact=True).click()
    expect(data_page.get_by_text("There is no data set")).to_be_visible()
    expect(data_page.get_by_role("combobox", name="Data set")).to_have_value("Spoken words")
    assert chart(data_page).evaluate("node => node === window.chart")
    set_number(data_page, "Epochs", "3")
    expect(data_page.get_by_text("There is no data set")).to_have_count(0)
    assert chart(data_page).evaluate("node => node === window.chart")


def test_a_file_over_the_limit_is_refused_in_a_sentence(uploads: Page, tmp_path: Path) -> None:
    form = uploads.get_by_test_id("stForm")
    expect(form.get_by_text(f"{LIMIT}MB per file").first).to_be_visible()
    large = tmp_path / "large.npy"
    with large.open("wb") as file:
        file.truncate((LIMIT + 1) * 2**20)  # sparse: takes no room on the disk
    form.locator("input[type=file]").first.set_input_files(large)
    sentence = form.get_by_role("alert")
    expect(sentence).to_have_text(re.compile(rf"File must be {LIMIT}(\.0)?MB or smaller"))
    box, chip = sentence.bounding_box(), form.get_by_test_id("stFileUploader").first.bounding_box()
    assert box
    assert chip
    assert box["height"] >= 12
    assert box["width"] >= 150
    assert chip["x"] <= box["x"]
    assert box["x"] + box["width"] <= chip["x"] + chip["width"]


def test_a_zip_is_read_with_progress_can_be_cancelled_and_is_heard(uploads: Page, tmp_path: Path) -> None:
    sound = sound_bytes(tone(440, 8000, 0.1), 8000)
    files = {f"{'high' if number % 2 else 'low'}/s{number % 7}_{number}.wav": sound for number in range(6000)}
    (tmp_path / "many.zip").write_bytes(zip_bytes(files))
    zip_box = uploads.get_by_role("region", name="zip", exact=True).locator("input[type=file]")
    (tmp_path / "tones.zip").write_bytes(zip_bytes(dict(list(files.items())[:80])))
    with uploads.expect_response(re.compile("upload_file")):  # before it is there, there is nothing to read
        zip_box.set_input_files(tmp_path / "many.zip")
    uploads.get_by_role("button", name="Read the zip").click()
    being_read = uploads.get_by_text(re.compile(r"Reading “many”: [1-9][\d,]* of 6,000 files"))
    expect(being_read).to_be_visible()
    uploads.get_by_role("button", name="Cancel").click()
    expect(uploads.get_by_text("It was cancelled; nothing was kept.")).to_be_visible()
    expect(uploads.locator("[data-testid=stAlertContentInfo]")).to_have_count(1)
    uploads.get_by_role("button", name="Import another one").click()

    with uploads.expect_response(re.compile("upload_file")):
        zip_box.set_input_files(tmp_path / "tones.zip")
    uploads.get_by_role("button", name="Read the zip").click()
    expect(uploads.get_by_text("“tones” is ready. 80 sounds were read.")).to_be_visible()
    expect(uploads.get_by_role("combobox", name="Data set")).to_have_value("tones")
    uploads.get_by_role("radio", name="By speaker").click()
    expect(uploads.get_by_text("Speakers: 5, 1, 1, each in one part only.")).to_be_visible()
    uploads.get_by_role("radio", name="Samples", exact=True).click()
    expect(uploads.get_by_test_id("stImage")).to_have_count(12)
    picture = uploads.get_by_test_id("stImage").nth(3).get_by_role("img")
    name = picture.get_attribute("alt") or ""
    picture.click(force=True)  # the button below it takes the click
    expect(uploads.get_by_text(re.compile(name.partition(",")[0].capitalize()))).to_be_visible()
    audio = uploads.locator("audio")
    expect(audio).to_have_count(1)
    uploads.wait_for_function("() => document.querySelector('audio').duration === 1")


def test_a_word_can_be_recorded_and_is_shown_as_the_net_gets_it(
    open_app: OpenApp, warm_context: BrowserContext
) -> None:
    """Chromium's own microphone, which beeps."""
    warm_context.grant_permissions(["microphone"])
    page = open_app("data")
    page.get_by_role("combobox", name="Data set").click()
    page.get_by_role("option", name="Handwritten digits").click()
    page.get_by_role("radio", name="Record yourself", exact=True).click()
    page.get_by_role("button", name="Record", exact=True).click()
    page.wait_for_timeout(1500)  # as long as the word
    page.get_by_role("button", name="Stop recording").click()
    expect(page.get_by_text("As a spectrogram, its shape is 1 × 99 × 26, as the lab's nets expect.")).to_be_visible()
    expect(page.locator("audio[controls]")).to_have_count(1)
