"""Takes pictures of every page of a running app, light and dark.

streamlit run app.py --server.port 8501
python tools/screenshots.py http://localhost:8501 docs/images
"""

import argparse
import re
import shutil
from pathlib import Path
from typing import Literal

import numpy as np
from playwright.sync_api import Page, expect, sync_playwright

from cnnviz.data.spoken_words import SAMPLE_RATE, SoundClips, read_sounds
from cnnviz.data.wav import encode_wav

BROWSER_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
SETTLE_MS = 1500  # milliseconds until fonts and charts are drawn
TRAINING_MS = 600_000  # milliseconds until a net has learned the words
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SPOKEN = (("six", 15), ("seven", 18), ("yes", 75), ("stop", 81), ("sheila", 33), ("three", 27))
"""Words, and which of their recordings are said."""


def design(page: Page) -> None:
    """Opens the lab's ConvNet."""
    expect(page.get_by_role("row", name=re.compile("Layer 9, LogSoftmax"))).to_be_visible(timeout=30_000)


def refusal(page: Page) -> None:
    """Enters a kernel that does not fit."""
    field = page.get_by_role("textbox", name="kernel_size")
    field.fill("30")
    field.press("Enter")
    expect(page.get_by_role("button", name="Set kernel_size to (30, 26)")).to_be_visible()


def shapes(page: Page) -> None:
    """Opens the lab's pool, at the last position of its window."""
    page.get_by_test_id("stTopNav").get_by_role("link", name="Shapes").click()
    page.get_by_role("combobox", name="Example").click()
    page.get_by_role("option", name="The lab's pool").click()
    expect(page.get_by_text("Output 2 × 2")).to_be_visible()
    page.get_by_role("group", name="The sliding window").press("End")


def data(page: Page) -> None:
    """Opens the spoken words, split by speaker."""
    page.get_by_test_id("stTopNav").get_by_role("link", name="Data").click()
    expect(page.get_by_text("for training")).to_be_visible(timeout=60_000)
    page.get_by_role("radio", name="By speaker").click()
    expect(page.get_by_text("each in one part only")).to_be_visible()
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(2)


def train(page: Page) -> None:
    """Trains on the digits."""
    page.get_by_role("link", name="Train").click()
    page.get_by_role("combobox", name="Data set").click()
    page.get_by_role("option", name="Handwritten digits").click()
    page.get_by_role("button", name=re.compile("Open “ConvNet for handwritten digits”")).click()
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_text(re.compile("test accuracy"))).to_be_visible(timeout=60_000)


def runs(page: Page) -> None:
    """Opens the list of runs."""
    page.get_by_role("link", name="Runs").click()
    expect(page.get_by_text("Pareto front").last).to_be_visible()


def result(page: Page) -> None:
    """Opens the confusion matrix of the finished run."""
    page.get_by_role("link", name="Result").click()
    page.get_by_role("radio", name="Mistakes").click()
    expect(page.get_by_text("Click a cell")).to_be_visible()


def search(page: Page) -> None:
    """Searches a net for the digits."""
    page.get_by_role("link", name="Search").click()
    goal = page.get_by_role("spinbutton", name="Goal")
    goal.fill("0.97")
    goal.press("Enter")
    page.get_by_role("button", name="Start the search").click()
    expect(page.get_by_text("On the test samples, used once")).to_be_visible(timeout=120_000)


def activations(page: Page) -> None:
    """Opens the activation functions."""
    page.get_by_role("link", name="Activations").click()
    expect(page.get_by_text("The vanishing gradient")).to_be_visible()


def inside(page: Page) -> None:
    """Opens the answer of a net that was trained on the spoken words to a recording of six of them."""
    page.get_by_role("link", name="Train").click()
    page.get_by_role("combobox", name="Data set").click()
    page.get_by_role("option", name="Spoken words", exact=True).click()
    train_button = page.get_by_role("button", name="Train", exact=True)
    opening = page.get_by_role("button", name=re.compile("Open “"))
    expect(opening.or_(page.get_by_text("1 × 99 × 26")).first).to_be_visible()
    if opening.count():
        opening.click()
    expect(train_button).to_be_enabled()
    train_button.click()
    expect(page.get_by_text(re.compile("test accuracy"))).to_be_visible(timeout=TRAINING_MS)
    page.get_by_role("link", name="Result").click()
    page.get_by_role("button", name="Try your own").click()
    send_recording(page)


def send_recording(page: Page) -> None:
    """Sends a recording of six words to the Inside page."""
    page.get_by_role("radio", name="Send a file").click()
    recording = {"name": "six words.wav", "mimeType": "audio/wav", "buffer": encode_wav(_six_words(), SAMPLE_RATE)}
    page.locator("input[type=file]").set_input_files(recording)  # type: ignore[arg-type]
    expect(page.get_by_text(re.compile("^Heard:"))).to_be_visible(timeout=60_000)


def inside_why(page: Page) -> None:
    """Asks why, by occlusion, beside the same net with random weights."""
    page.get_by_role("radio", name="Why this answer").click()
    page.get_by_role("radio", name="Occlusion").click()
    page.get_by_text("The same net with random weights").click()
    expect(page.get_by_text(re.compile("Rank correlation"))).to_be_visible(timeout=60_000)


def _six_words() -> SoundClips:
    silence = np.zeros(SAMPLE_RATE // 2, np.int16)
    return np.concatenate(
        [silence, *(part for word, number in SPOKEN for part in (read_sounds(word)[number], silence))]
    )


SCENES = {
    "design": design,
    "refusal": refusal,
    "shapes": shapes,
    "data": data,
    "train": train,
    "runs": runs,
    "result": result,
    "search": search,
    "activations": activations,
    "inside": inside,
    "inside-why": inside_why,
}
HEIGHTS = {"design": 900, "refusal": 900, "shapes": 1300, "data": 1350, "train": 960} | {
    "runs": 1150,
    "result": 1500,
    "search": 1450,
    "activations": 1700,
    "inside": 1720,
    "inside-why": 1560,
}


def main() -> None:
    """Takes all pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--width", type=int, default=1440)
    parser.add_argument("--scenes", nargs="+", choices=SCENES, default=list(SCENES), help="only these, in their order")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_ARGUMENTS)
        page = browser.new_context().new_page()
        page.goto(arguments.url)
        for name in arguments.scenes:
            page.set_viewport_size({"width": arguments.width, "height": HEIGHTS[name]})
            SCENES[name](page)
            photograph(page, arguments.folder, name)
        browser.close()


def photograph(page: Page, folder: Path, name: str) -> None:
    """Takes the picture of a page in both themes, from its top."""
    page.evaluate("document.activeElement.blur()")
    page.mouse.move(0, 0)
    page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, 0)")
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(SETTLE_MS)
        page.screenshot(path=folder / f"{name}-{scheme}.png")
    page.emulate_media(color_scheme="light")


if __name__ == "__main__":
    main()
