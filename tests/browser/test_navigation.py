"""Every way from every page, in each of its views: where it leads, and that nothing goes wrong on it."""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.conftest import ROOT, TIMEOUT_MS, OpenApp, Server
from tests.browser.test_main_job import set_number, status
from tests.browser.test_results import choose

BUTTONS = {
    "data": {"Train on it": "train"},
    "train": {"Look closely": "result"},
    "runs": {"Look closely": "result", "Use its net and settings": "train"},
    "result": {"Watch its curves": "train", "Change something else": "design", "Try your own": "inside"},
    "search": {"Open the best net": "design", "Look closely at the best run": "result"},
}
"""The page that a button opens, by the page that it stands on and what it says."""
ATTEMPTS = ".st-key-result [class*='st-key-try-'] button"
"""The buttons of verdicts, which open the Train page: what they say depends on the numbers of the run."""
ELSEWHERE = "activations"
"""A page without views, by which a page is left whose next view is to be opened."""
CLICK_MS = 20_000.0
GUIDE = "guide"
"""The page that stands beside the others, at the right of the navigation."""
VIEWS = "Look at", "Curves", "Mistakes", "Take it home, bring it back"
"""What the choices among views of a page are called."""


def count_open_page_calls() -> int:
    """How often the sources open another page by a button."""
    sources = [*(ROOT / "pages").glob("*.py"), *(ROOT / "cnnviz/ui").rglob("*.py")]
    return sum(source.read_text(encoding="utf-8").count(' open_page("pages/') for source in sources)


def heading(name: str) -> str:
    """The title of a page."""
    match = re.search(
        r'^ *st\.title\("(.+?)"', Path(ROOT, f"pages/{name}.py").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert match
    return match.group(1)


def target(link: Locator) -> str:
    """The name of the page that a link leads to."""
    return urlsplit(link.get_attribute("href") or "").path.strip("/") or "design"


def expect_page(app: Page, name: str) -> None:
    """Wait until a page is there as a whole, and nothing went wrong."""
    expect(app.get_by_role("heading", name=heading(name), level=1)).to_be_visible()
    expect(app.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    expect(app.get_by_text("Something went wrong")).to_have_count(0)
    expect(app.get_by_test_id("stException")).to_have_count(0)


def navigation(app: Page) -> dict[str, Locator]:
    """The links at the top by the names of their pages."""
    links = app.get_by_test_id("stTopNav").get_by_role("link")
    expect(links.filter(has_text="Activations")).to_be_visible()  # the last of them
    return {target(link): link for link in links.all()}


def open_page(app: Page, name: str) -> None:
    navigation(app)[name].click()
    expect_page(app, name)


def views(app: Page) -> list[str]:
    """The views of the page that is open; one without a name where there is no choice."""
    groups = [app.get_by_test_id("stMain").get_by_role("radiogroup", name=name, exact=True) for name in VIEWS]
    return [radio.inner_text() for group in groups for radio in group.get_by_role("radio").all()] or [""]


class Answers:
    """Counts the runs of the page's script that have ended, by what the server sends of them."""

    def __init__(self, app: Page) -> None:
        self._app, self._ended = app, 0
        app.on("websocket", lambda socket: socket.on("framereceived", self._note))
        app.reload()

    def after(self, click: Callable[[], None]) -> None:
        """Click, and wait until a run has ended since: until it begins, the page looks as if it were over."""
        ended = self._ended
        click()
        deadline = time.monotonic() + TIMEOUT_MS / 1000
        while self._ended == ended:
            assert time.monotonic() < deadline, "the server does not answer"
            self._app.wait_for_timeout(20)

    def _note(self, frame: str | bytes) -> None:
        self._ended += isinstance(frame, bytes) and ForwardMsg.FromString(frame).HasField("script_finished")


def open_view(app: Page, answers: Answers, name: str, view: str) -> None:
    """Open a page, where it is not open, in one of its views; what it folds away is unfolded."""
    if not is_open(app, name):
        open_page(app, name)
    main = app.get_by_test_id("stMain")
    own = main.get_by_role("radio", name="your own", exact=True)
    if own.count() and own.is_checked():  # “Try your own” has led here: there are views as soon as there is a sample
        answers.after(main.get_by_role("radio", name="test", exact=True).click)
        expect_page(app, name)
    if view:
        radio = main.get_by_role("radio", name=view, exact=True)
        if not radio.is_checked():  # a second click takes some choices back
            answers.after(radio.click)
            expect(radio).to_be_checked()
            expect_page(app, name)
    app.evaluate("document.querySelectorAll('details:not([open]) > summary').forEach(summary => summary.click())")
    expect(app.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def is_open(app: Page, name: str) -> bool:
    """Whether the address is that of a page."""
    return (urlsplit(app.url).path.strip("/") or "design") == name


def exits(app: Page, name: str) -> Iterator[tuple[str, Locator, str]]:
    """What leads elsewhere from the view that is open: what it says, itself, and where it leads."""
    main = app.get_by_test_id("stMain")
    for link in main.get_by_test_id("stPageLink").get_by_role("link").all():
        if target(link) == GUIDE:  # on every page the same: it has a test of its own
            continue
        yield link.get_by_role("paragraph").inner_text(), link, target(link)
    for label, page in BUTTONS.get(name, {}).items():
        if (button := main.get_by_role("button", name=label, exact=True)).count():
            yield label, button, page
    if app.locator(ATTEMPTS).count():
        yield "try", app.locator(ATTEMPTS).first, "train"


def views_of_pages(app: Page, names: Iterable[str]) -> list[tuple[str, str]]:
    """The views of some pages with the names of their pages: the first view of each, then the second ones, …"""
    numbered = []
    for name in names:
        open_page(app, name)
        numbered += [(number, name, view) for number, view in enumerate(views(app))]
    return [(name, view) for _, name, view in sorted(numbered, key=itemgetter(0))]


def leave(app: Page, element: Locator, page: str) -> None:
    """Click on a way out, and once more where that was lost on a busy machine, as a part that redraws itself moved."""
    element.click()
    path = "" if page == "design" else page
    try:
        expect(app).to_have_url(re.compile(rf"://[^/]+/{path}(\?|$)"), timeout=CLICK_MS)
    except AssertionError:
        if element.is_visible():  # else the page is on its way
            element.click()


def use_all_exits(app: Page, names: Iterable[str]) -> set[tuple[str, str]]:
    """Go from each view of some pages by every way in it, and by a link at the top to the next view.

    The page and the words of every way in it.
    """
    used_exits, answers = set(), Answers(app)
    for name, view in views_of_pages(app, names):
        if is_open(app, name):
            open_page(app, ELSEWHERE)
        open_view(app, answers, name, view)
        for label, element, page in list(exits(app, name)):
            if not is_open(app, name):
                open_view(app, answers, name, view)
            leave(app, element, page)
            expect_page(app, page)
            used_exits.add((name, label))
    open_page(app, ELSEWHERE)
    return used_exits


@pytest.fixture
def trained(digits: Page) -> Page:
    """A student with a short run and a short search, both over; at so low a rate, verdicts have something to try."""
    set_number(digits, "Epochs", "3")
    set_number(digits, "Learning rate", "1e-6")
    digits.get_by_role("button", name="Train", exact=True).click()
    expect(status(digits, "done")).to_be_visible()
    open_page(digits, "search")
    set_number(digits, "Runs", "1")
    set_number(digits, "Epochs of a run", "3")
    digits.get_by_role("button", name="Start the search").click()
    expect(digits.get_by_role("button", name="Look closely at the best run")).to_be_enabled()
    expect(digits.get_by_role("button", name="Stop the search")).to_be_disabled()
    open_page(digits, "runs")
    choose(digits, 1)
    expect(digits.get_by_text("1 run chosen")).to_be_visible()
    return digits


def test_every_page_leads_to_its_part_of_the_guide_and_the_theme_can_be_chosen(open_app: OpenApp) -> None:
    app = open_app("activations")
    for name in ("activations", "shapes"):
        open_page(app, name)
        app.get_by_test_id("stMain").get_by_role("link", name="Guide").click()
        expect_page(app, GUIDE)
        expect(app.get_by_role("radio", name=name.capitalize(), exact=True)).to_be_checked()
        expect(app.get_by_role("heading", name=name.capitalize(), level=2)).to_be_visible()
    app.get_by_test_id("stMainMenu").click()
    app.get_by_role("menuitemradio", name="Dark").click()
    expect(app.get_by_test_id("stApp")).to_have_css("background-color", "rgb(16, 21, 28)")


def test_every_way_of_a_new_student_leads_where_it_says(open_app: OpenApp) -> None:
    """“Train on it” once failed in every view of the Data page but the first: the others stand in the address."""
    used_exits = use_all_exits(open_app("data"), ["data", "runs", "result"])
    assert used_exits == {("data", "Train on it"), ("runs", "Train"), ("result", "Train")}


def test_every_way_leads_where_it_says(trained: Page) -> None:
    used_exits = use_all_exits(trained, [name for name in navigation(trained) if name != "data"])
    buttons = {used for used in used_exits if used[1] in BUTTONS.get(used[0], {})}
    assert ("result", "try") in used_exits, "no verdict had a button"
    # one more is on the Data page, walked above; one call stands for all buttons of verdicts, and one for that of a
    # change that was chosen, which tests/pages/test_result.py presses, and that below doubtful samples;
    # tests/pages/test_inside.py that below a mistake, and test_assignment.py and test_sharing.py those of a class
    assert len(buttons) + 7 == count_open_page_calls(), "a button to another page was not walked"


def test_the_view_is_in_the_address_and_is_found_again(open_app: OpenApp, server: Server) -> None:
    app = open_app("data?look=Classes")
    expect_page(app, "data")
    app.get_by_role("button", name="Train on it").click()
    expect_page(app, "train")
    open_page(app, "data")
    expect(app.get_by_role("radio", name="Classes", exact=True)).to_be_checked()
    expect(app).to_have_url(f"{server.url}/data?look=Classes")
