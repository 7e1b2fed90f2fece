from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from cnnviz.data.augmentation import Augmentation
from cnnviz.data.form import PictureForm
from cnnviz.errors import CnnvizError, DataError, TrainingError
from cnnviz.search.space import Space
from cnnviz.training.config import TrainConfig
from cnnviz.validation import MAX_PLACE_LENGTH, FrozenModel, describe_error


class Box(FrozenModel):
    width: Annotated[int, Field(ge=1, le=9)] = 1
    labels: tuple[str, ...] = ()


class Crate(FrozenModel):
    box: Box = Box()


def problem(values: object, within: str = "") -> str:
    with pytest.raises(ValidationError) as caught:
        Crate.model_validate(values)
    return describe_error(caught.value, within)


@given(st.integers(1, 9))
def test_a_change_is_a_validated_copy(width: int) -> None:
    old = Box()
    assert old.changed(width=width) == Box(width=width)
    assert old == Box()


@pytest.mark.parametrize("value", [0, 10, "3", None])
def test_a_refused_change_is_told_and_changes_nothing(value: object) -> None:
    old = Box(width=2)
    with pytest.raises(CnnvizError, match=r"^width: should be .* \(received .*\)\.$"):
        old.changed(width=value)
    assert old == Box(width=2)


def test_several_fields_change_at_once() -> None:
    assert Box().changed(width=3, labels=("a",)) == Box(width=3, labels=("a",))


@pytest.mark.parametrize(
    ("model", "error"),
    [
        (TrainConfig(), TrainingError),
        (Space(), TrainingError),
        (Augmentation(), TrainingError),
        (PictureForm(), DataError),
    ],
)
def test_every_room_refuses_with_its_own_error(model: FrozenModel, error: type[CnnvizError]) -> None:
    with pytest.raises(error, match=r"^magic: there is no parameter of this name here"):
        model.changed(magic=1)


def test_a_problem_is_placed_in_the_file_and_in_the_field() -> None:
    assert problem({"box": {"width": 0}}) == "box, width: should be greater than or equal to 1 (received 0)."
    assert problem({"box": {"width": 0}}, "x.json").startswith("x.json, box, width: should be ")
    assert problem([], "x.json").startswith("x.json: should be ")


@given(st.text(min_size=1), st.text())
def test_a_sentence_is_short_and_printable_whatever_a_stranger_wrote(name: str, value: str) -> None:
    sentence = problem({"box": value, name + "!": value})
    assert len(sentence) < 2 * MAX_PLACE_LENGTH
    assert sentence.isprintable()
