"""Why a net answers so, and what it answers to a spoken word, in a real browser."""

import re

from playwright.sync_api import BrowserContext, expect

from cnnviz.architecture import Architecture
from cnnviz.layers import AdaptiveAvgPool2d, Conv2d, Flatten, Linear, ReLU
from cnnviz.share import DESIGN_PARAM, to_token
from tests.browser.conftest import SPOKEN_WORD, TIMEOUT_MS, OpenApp
from tests.browser.test_main_job import set_number

SMALL_NET = Architecture(
    input_shape=(1, 99, 26),
    layers=[
        Conv2d(out_channels=32, kernel_size=(5, 26), stride=(2, 1)),
        ReLU(),
        Conv2d(out_channels=32, kernel_size=(5, 1), stride=(2, 1)),
        ReLU(),
        AdaptiveAvgPool2d(output_size=(3, 1)),
        Flatten(),
        Linear(out_features=35),
    ],
)
"""A net that learns the words in three epochs of about a second well enough for those that are said clearly."""


def test_a_word_said_into_the_microphone_is_heard_by_a_net_trained_for_seconds(
    open_app: OpenApp, warm_context: BrowserContext
) -> None:
    """From the page on which it trains to the answer, the timeline and the other views, all by hand."""
    warm_context.grant_permissions(["microphone"])
    page = open_app(f"?{DESIGN_PARAM}={to_token(SMALL_NET)}")
    page.get_by_role("link", name="Train").click()
    set_number(page, "Learning rate", "0.05")
    set_number(page, "Epochs", "3")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_text(re.compile("test accuracy"))).to_be_visible(timeout=4 * TIMEOUT_MS)
    page.get_by_role("link", name="Result").click()
    page.get_by_role("button", name="Try your own").click()
    page.get_by_role("button", name="Record", exact=True).click()
    page.wait_for_timeout(2500)  # as long as the word and what is around it
    page.get_by_role("button", name="Stop recording").click()
    expect(page.get_by_text(f"The net hears “{SPOKEN_WORD}”")).to_be_visible()
    expect(page.get_by_text(re.compile(f"^Heard: “{SPOKEN_WORD}” at"))).to_be_visible()
    expect(page.get_by_text("the same before and after")).to_be_visible()
    page.get_by_role("radio", name="Why this answer", exact=True).click()
    expect(page.get_by_text(f"What counts for “{SPOKEN_WORD}”")).to_be_visible()
    expect(page.get_by_text("Sample: your recording")).to_be_visible()
    page.get_by_role("radio", name="test", exact=True).click()
    expect(page.get_by_text("Sample: your recording")).to_have_count(0)


def test_what_decided_can_be_heard(open_app: OpenApp) -> None:
    page = open_app("inside")
    page.get_by_role("radio", name="Why this answer", exact=True).click()
    page.get_by_role("radio", name="Gradient", exact=True).click()
    expect(page.get_by_text("with only this")).to_be_visible()
    expect(page.locator("audio[controls]")).to_have_count(3)
    page.wait_for_function("() => [...document.querySelectorAll('audio')].every(audio => audio.duration === 1)")
