"""Why a net answers so, and what it answers to a spoken word, in a real browser."""

import re

from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import OpenApp


def test_a_spoken_word_is_answered_at_once_and_the_page_says_what_the_net_got(
    open_app: OpenApp, warm_context: BrowserContext
) -> None:
    """Chromium's own microphone, which beeps, and the lab's net, untrained."""
    warm_context.grant_permissions(["microphone"])
    page = open_app("inside")
    page.get_by_role("radio", name="Try your own", exact=True).click()
    page.get_by_role("button", name="Record", exact=True).click()
    page.wait_for_timeout(1500)  # as long as the word
    page.get_by_role("button", name="Stop recording").click()
    expect(page.get_by_text(re.compile("The net hears “.+”"))).to_be_visible()
    expect(page.get_by_text("your recording").first).to_be_visible()


def test_what_decided_can_be_heard(open_app: OpenApp) -> None:
    page = open_app("inside")
    page.get_by_role("radio", name="Why this answer", exact=True).click()
    page.get_by_role("radio", name="Gradient", exact=True).click()
    expect(page.get_by_text("with only this")).to_be_visible()
    expect(page.locator("audio[controls]")).to_have_count(3)
    page.wait_for_function("() => [...document.querySelectorAll('audio')].every(audio => audio.duration === 1)")
