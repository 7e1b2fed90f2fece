"""Number fields in a real browser: what is typed or pasted is what the app takes, or it is refused with a reason."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from pydantic import BaseModel, ValidationError

from cnnviz.data.augmentation import Augmentation
from cnnviz.layers import PALETTE
from cnnviz.search.space import Space
from cnnviz.training.config import TrainConfig

TYPED = {"0,05": 0.05, "1,5": 1.5, "1e-3": 0.001, "1.000,5": None}
"""Texts, and the number that each of them means; None where nobody knows."""
HIDDEN = {"Train": ("Prepare and augment", "Learning rate over time", "Finer settings"), "Search": ("Bounds",)}
"""Expanders with more number fields, by page."""


@pytest.fixture
def numbers(app: Page) -> Page:
    """The app, in a browser that may paste."""
    app.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return app


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


def enter(field: Locator, text: str, *, paste: bool = False) -> None:
    """Type or paste in place of what stands in a field."""
    field.press("Control+a")
    if paste:
        field.page.evaluate("text => navigator.clipboard.writeText(text)", text)
        field.press("Control+v")
    else:
        field.press_sequentially(text)
    expect(field).to_have_value(text)
    field.press("Enter")


def takes(models: tuple[BaseModel, ...], label: str, value: float | None) -> bool:
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


def check(app: Page, text: str, models: tuple[BaseModel, ...], again: Callable[[], None], *, paste: bool) -> None:
    """Enter a text in every number field; each has the number that is meant, or its number of before and a reason."""
    fields_found = fields(app)
    before = {label: field.input_value() for label, field in fields_found.items()}
    taken = {label: takes(models, label, TYPED[text]) for label in fields_found}
    refused = 0
    for label, field in fields_found.items():
        enter(field, text, paste=paste)
        refused += not taken[label]
        expect(reasons(app)).to_have_count(refused)
    for field in fields_found.values():
        expect(field).to_have_value(text)  # refused or not, it stays
    again()
    for label, field in fields(app).items():
        now = field.input_value()
        assert float(now) == TYPED[text] if taken[label] else now == before[label], f"{label}: {now} from “{text}”"


def open_page(app: Page, name: str) -> None:
    """Leave the page that is open for another one, or come back to it: fields show what the app has."""
    links = app.get_by_test_id("stTopNav")
    links.get_by_role("link", name="Activations").click()
    expect(app.get_by_role("heading", name="Activation functions")).to_be_visible()
    links.get_by_role("link", name=name).click()
    for expander in HIDDEN.get(name, ()):
        app.get_by_text(expander, exact=True).click()
    expect(app.get_by_role("spinbutton").filter(visible=True).last).to_be_visible()


@pytest.mark.parametrize("paste", [False, True], ids=["typed", "pasted"])
@pytest.mark.parametrize(
    ("name", "models"),
    [("Train", (TrainConfig(), Augmentation())), ("Search", (Space(goal=0.9),))],
    ids=["Train", "Search"],
)
def test_every_field_takes_the_number_that_is_meant_or_refuses_it(
    numbers: Page, name: str, models: tuple[BaseModel, ...], paste: bool
) -> None:
    open_page(numbers, name)
    for text in TYPED:
        check(numbers, text, models, lambda: open_page(numbers, name), paste=paste)


@pytest.mark.parametrize("place", [(1, "Conv2d"), (4, "Dropout2d"), (6, "Linear")], ids=lambda place: str(place[1]))
def test_every_field_of_a_layer_takes_the_number_that_is_meant_or_refuses_it(
    numbers: Page, place: tuple[int, str]
) -> None:
    number, kind = place

    def again() -> None:
        numbers.get_by_role("row", name=re.compile("Layer 5, Flatten")).click()
        expect(numbers.get_by_text("5 · Flatten")).to_be_visible()
        numbers.get_by_role("row", name=re.compile(f"Layer {number}, ")).click()
        expect(numbers.get_by_text(f"{number} · {kind}")).to_be_visible()
        if kind == "Conv2d":
            numbers.get_by_text("Each axis apart").click()
            expect(numbers.get_by_role("spinbutton", name="kernel_size · height")).to_be_visible()

    again()
    for text in TYPED:
        check(numbers, text, (PALETTE[kind].default((1, 99, 26)),), again, paste=False)


def test_the_inverse_question_keeps_its_size_while_no_number_stands_there(numbers: Page) -> None:
    open_page(numbers, "Shapes")
    size_field = numbers.get_by_role("spinbutton", name="Wanted size")
    for text in ("1,5", "0,05", "1e-3", "1.000,5", "1.000"):
        enter(size_field, text, paste=text == "1,5")
        expect(reasons(numbers)).to_have_count(1)
        expect(numbers.get_by_text("a height of 99 into 90")).to_be_visible()
    enter(size_field, "4e1")
    expect(numbers.get_by_text("a height of 99 into 40")).to_be_visible()


def test_arrow_keys_and_buttons_go_a_step(numbers: Page) -> None:
    open_page(numbers, "Train")
    steps = {
        "Epochs": ("29", "30", "31"),
        "Learning rate": ("0,019", "0.02", "0.021"),
        "Momentum": (",4", "0.45", "0.5"),
    }
    for label, (typed, once, twice) in steps.items():
        field = numbers.get_by_role("spinbutton", name=label, exact=True)
        enter(field, typed)
        for key, value in (("ArrowUp", once), ("ArrowUp", twice), ("ArrowDown", once)):
            field.press(key)
            expect(field).to_have_value(value)
        for button, value in (("Increase", twice), ("Decrease", once)):
            numbers.get_by_role("button", name=f"{button} {label}", exact=True).click()
            expect(field).to_have_value(value)
    epochs = numbers.get_by_role("spinbutton", name="Epochs", exact=True)
    enter(epochs, "1.000")
    expect(reasons(numbers)).to_have_count(1)
    epochs.press("ArrowUp")
    numbers.get_by_role("button", name="Increase Epochs", exact=True).click()
    expect(epochs).to_have_value("1.000")  # of which nobody knows the next
    open_page(numbers, "Train")
    now = fields(numbers)
    assert {label: now[label].input_value() for label in steps} == {
        label: once for label, (_, once, _) in steps.items()
    }
