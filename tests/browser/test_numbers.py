"""Number fields in a real browser: what is typed or pasted is what the app takes, or it is refused with a reason.

tests/pages/test_numbers.py enters every text of this kind in every field.
"""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect
from pydantic import BaseModel, ValidationError

from cnnviz.data.augmentation import Augmentation
from cnnviz.layers import PALETTE
from cnnviz.search.space import Space
from cnnviz.training.config import TrainConfig
from tests.browser.conftest import OpenApp

TYPED = {"0,05": 0.05, "1,5": 1.5, "1e-3": 0.001, "1.000,5": None}
"""Texts, and the number that each of them means; None where nobody knows."""
HIDDEN = {"Train": ("Prepare and augment", "Learning rate over time", "Finer settings"), "Search": ("Bounds",)}
"""Expanders with more number fields, by page."""


@pytest.fixture
def open_numbers(open_app: OpenApp, warm_context: BrowserContext) -> OpenApp:
    """Opens a page with all its number fields in sight, in a browser that may paste."""
    warm_context.grant_permissions(["clipboard-read", "clipboard-write"])

    def open_page(name: str) -> Page:
        page = open_app(name.lower())
        unfold(page, name)
        return page

    return open_page


def fields(app: Page) -> dict[str, Locator]:
    """The number fields in sight, by label."""
    expect(app.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    fields_found = app.get_by_role("spinbutton").filter(visible=True)
    labels = [str(field.get_attribute("aria-label")) for field in fields_found.all()]
    assert labels
    return {label: app.get_by_role("spinbutton", name=label, exact=True) for label in labels}


def reasons(app: Page) -> Locator:
    """Why numbers are refused, below their fields."""
    return app.locator("[data-testid=stMarkdown]").filter(has_text=re.compile("^error")).filter(visible=True)


def enter(field: Locator, text: str, *, paste: bool = False, leave: str = "Enter") -> None:
    """Type or paste in place of what stands in a field, and press the key that ends it."""
    field.press("Control+a")
    if paste:
        field.press("Control+v")
    else:
        field.press_sequentially(text)
    expect(field).to_have_value(text)
    field.press(leave)


def copy(page: Page, text: str) -> None:
    """Put a text where pasting takes it from."""
    page.evaluate("text => navigator.clipboard.writeText(text)", text)


def accepts(models: tuple[BaseModel, ...], label: str, value: float | None) -> bool:
    """Whether a field takes a number, by its type and bounds alone."""
    for model in models:
        for name, info in type(model).model_fields.items():
            if (info.title or name) == label:
                try:
                    type(model)(**dict(model) | {name: value})
                except ValidationError:
                    return False
                return value is not None
    return False  # one axis of a size: a whole number


def check(
    app: Page,
    text: str,
    models: tuple[BaseModel, ...],
    reopen_layer: Callable[[], None],
    *,
    paste: bool = False,
    one_by_one: bool = False,
) -> None:
    """Enter a text in every number field; each has the number that is meant, or its number of before and a reason.

    One by one, each is entered when the page has answered to the one before.
    """
    fields_found = fields(app)
    before = {label: field.input_value() for label, field in fields_found.items()}
    taken = {label: accepts(models, label, TYPED[text]) for label in fields_found}
    if paste:
        copy(app, text)
    refused = 0
    for label, field in fields_found.items():
        enter(field, text, paste=paste, leave="Enter" if one_by_one else "Tab")
        refused += not taken[label]
        if one_by_one:
            expect(reasons(app)).to_have_count(refused)
    expect(reasons(app)).to_have_count(refused)
    for field in fields_found.values():
        expect(field).to_have_value(text)  # refused or not, it stays
    reopen_layer()
    for label, field in fields(app).items():
        now = field.input_value()
        assert float(now) == TYPED[text] if taken[label] else now == before[label], f"{label}: {now} from “{text}”"


def unfold(app: Page, name: str) -> None:
    """Bring all number fields of a page into sight."""
    for expander in HIDDEN.get(name, ()):
        summary = app.get_by_text(expander, exact=True)
        summary.click()
        expect(app.locator("details", has=summary)).to_have_attribute("open", "")
    expect(app.get_by_role("spinbutton").filter(visible=True).last).to_be_visible()
    if name == "Train":
        expect(app.get_by_role("spinbutton", name="Warm-up")).to_be_visible()  # when all has unfolded to its end


def open_page(app: Page, name: str) -> None:
    """Leave the page that is open for another one and come back to it: fields show what the app has."""
    links = app.get_by_test_id("stTopNav")
    links.get_by_role("link", name="Runs").click()
    expect(app.get_by_role("heading", name="Runs", level=1)).to_be_visible()
    links.get_by_role("link", name=name).click()
    unfold(app, name)


@pytest.mark.parametrize(
    ("name", "models", "entries"),
    [
        ("Train", (TrainConfig(), Augmentation()), [(False, "0,05"), (True, "1.000,5")]),
        ("Search", (Space(goal=0.9),), [(True, "1e-3")]),
    ],
    ids=["Train", "Search"],
)
def test_every_field_takes_the_number_that_is_meant_or_refuses_it(
    open_numbers: OpenApp, name: str, models: tuple[BaseModel, ...], entries: list[tuple[bool, str]]
) -> None:
    page = open_numbers(name)
    for paste, text in entries:
        check(page, text, models, lambda: open_page(page, name), paste=paste)


@pytest.mark.parametrize(
    ("number", "kind", "texts"),
    [(1, "Conv2d", ["1,5"]), (4, "Dropout2d", ["0,05", "1.000,5"])],
    ids=["Conv2d", "Dropout2d"],
)
def test_every_field_of_a_layer_takes_the_number_that_is_meant_or_refuses_it(
    app: Page, number: int, kind: str, texts: list[str]
) -> None:

    def reopen_layer() -> None:
        app.get_by_role("row", name=re.compile("Layer 5, Flatten")).click()
        expect(app.get_by_text("5 · Flatten")).to_be_visible()
        app.get_by_role("row", name=re.compile(f"Layer {number}, ")).click()
        expect(app.get_by_text(f"{number} · {kind}")).to_be_visible()
        if kind == "Conv2d":
            app.get_by_text("Set each axis separately").click()
            expect(app.get_by_role("spinbutton", name="kernel_size · height")).to_be_visible()

    reopen_layer()
    for text in texts:
        check(app, text, (PALETTE[kind].default((1, 99, 26)),), reopen_layer, one_by_one=True)


def test_the_inverse_question_keeps_its_size_while_no_number_stands_there(open_numbers: OpenApp) -> None:
    page = open_numbers("Shapes")
    copy(page, "1,5")
    size_field = page.get_by_role("spinbutton", name="Wanted size")
    for text in ("1,5", "0,05", "1e-3", "1.000,5", "1.000"):
        enter(size_field, text, paste=text == "1,5")
        expect(reasons(page)).to_have_count(1)
        expect(page.get_by_text("a height of 99 into 90")).to_be_visible()
    enter(size_field, "4e1")
    expect(page.get_by_text("a height of 99 into 40")).to_be_visible()


def test_arrow_keys_and_buttons_go_a_step(open_numbers: OpenApp) -> None:
    page = open_numbers("Train")
    steps = {
        "Epochs": ("29", "30", "31"),
        "Learning rate": ("0,019", "0.02", "0.021"),
        "Momentum": (",4", "0.45", "0.5"),
    }
    for label, (typed, once, twice) in steps.items():
        field = page.get_by_role("spinbutton", name=label, exact=True)
        enter(field, typed)
        for key, value in (("ArrowUp", once), ("ArrowUp", twice), ("ArrowDown", once)):
            field.press(key)
            expect(field).to_have_value(value)
        for button, value in (("Increase", twice), ("Decrease", once)):
            page.get_by_role("button", name=f"{button} {label}", exact=True).click()
            expect(field).to_have_value(value)
    epochs = page.get_by_role("spinbutton", name="Epochs", exact=True)
    enter(epochs, "1.000")
    expect(reasons(page)).to_have_count(1)
    epochs.press("ArrowUp")
    page.get_by_role("button", name="Increase Epochs", exact=True).click()
    expect(epochs).to_have_value("1.000")  # of which nobody knows the next
    open_page(page, "Train")
    now = fields(page)
    assert {label: now[label].input_value() for label in steps} == {
        label: once for label, (_, once, _) in steps.items()
    }
