"""Number fields: what is typed is what the app takes, or it is refused with a reason.

tests/browser/test_numbers.py types and pastes into them in a real browser.
"""

import re
from collections.abc import Callable, Iterator

import pytest
from pydantic import BaseModel, ValidationError
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, TextInput

from cnnviz.data.augmentation import Augmentation
from cnnviz.layers import PALETTE
from cnnviz.presets import PRESETS
from cnnviz.search.space import Space
from cnnviz.training.config import TrainConfig
from cnnviz.ui.workbench import Workbench

OpenPage = Callable[..., AppTest]
TYPED = {"0,05": 0.05, "1,5": 1.5, "1e-3": 0.001, "1.000,5": None, "1e1": 10}
"""Texts, and the number that each of them means; None where nobody knows."""
ALL = slice(None)
LAB = PRESETS["lab-convnet"].architecture
NUMBER_BOX = re.compile(r"-step-\d+-")
"""What the id of a number field's container has, and no other."""


def number_fields(block: Block) -> Iterator[TextInput]:
    """The number fields of a page, from top to bottom."""
    for child in block.children.values():
        if isinstance(child, Block):
            yield from number_fields(child)
        elif isinstance(child, TextInput) and NUMBER_BOX.search(str(getattr(block.proto, "id", ""))):
            yield child


def number_key(field: TextInput) -> str:
    """The key of a number field without the revision of the form that it was drawn for."""
    return re.sub(r"\d+", "", str(field.key))


def shown(app: AppTest) -> dict[str, str]:
    """The texts in the number fields, by key."""
    return {number_key(field): str(field.value) for field in number_fields(app.main)}


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
    # one axis of a size: a whole number
    return value is not None and value == int(value)


def check(
    app: AppTest, text: str, models: tuple[BaseModel, ...], reopen: Callable[[], None], entered: slice = ALL
) -> None:
    """Enter a text in number fields at once; each has the number that is meant, or that of before and a reason."""
    before = shown(app)
    fields = list(number_fields(app.main))[entered]
    assert fields
    taken = {number_key(field): takes(models, str(field.label), TYPED[text]) for field in fields}
    for field in fields:
        field.set_value(text)
    app.run()
    assert not app.exception
    reasons = [caption.value for caption in app.markdown if caption.value.startswith(":small[:red")]
    assert len(reasons) == list(taken.values()).count(False)
    after = shown(app)
    # refused or not, it stays; an accepted edit of a layer has run the canvas alone
    assert {after.get(key, text) for key in taken} == {text}
    reopen()
    for key, now in shown(app).items():
        assert float(now) == TYPED[text] if taken.get(key) else now == before[key], f"{key}: {now} from “{text}”"


@pytest.mark.parametrize("text", TYPED)
@pytest.mark.parametrize(
    ("name", "models"),
    [("train", (TrainConfig(), Augmentation())), ("search", (Space(goal=0.9),))],
    ids=["Train", "Search"],
)
def test_every_field_takes_the_number_that_is_meant_or_refuses_it(
    open_page: OpenPage, name: str, models: tuple[BaseModel, ...], text: str
) -> None:
    app = open_page(name)

    def reopen() -> None:
        app.switch_page("pages/runs.py").run()
        app.switch_page(f"pages/{name}.py").run()

    check(app, text, models, reopen)


@pytest.mark.parametrize("kind", ["Conv2d", "Dropout2d", "Linear", "LeakyReLU", "BatchNorm2d"])
def test_every_field_of_a_layer_takes_the_number_that_is_meant_or_refuses_it(open_page: OpenPage, kind: str) -> None:
    layer = PALETTE[kind].default(LAB.input_shape)
    app = open_page("design", workbench=Workbench(LAB.insert_layer(0, layer), selected=((0,),)))

    def reopen() -> None:
        app.switch_page("pages/runs.py").run()
        app.switch_page("pages/design.py").run()
        for toggle in app.toggle:
            if str(toggle.key).startswith("apart-"):
                toggle.set_value(True)
        app.run()

    reopen()
    for index in range(len(shown(app))):
        for text in TYPED:
            check(app, text, (layer,), reopen, slice(index, index + 1))
