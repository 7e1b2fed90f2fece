"""Hypothesis strategies for messages, drawn from the fields of their models."""

import dataclasses
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from pydantic import BaseModel

from cnnviz.architecture import Architecture
from cnnviz.data.form import PictureForm, SoundForm
from cnnviz.processes.pipe import PipeMessage
from cnnviz.training.config import TrainConfig
from tests.strategies import architectures

KNOWN: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=20),
    int: st.integers(),
    float: st.floats(allow_nan=False),
    bool: st.booleans(),
    NoneType: st.none(),
    Path: st.text("abc/. é", min_size=1).map(Path),
    Architecture: architectures(),
    TrainConfig: st.builds(TrainConfig, epochs=st.integers(1, 9), seed=st.integers(0, 9)),
    SoundForm: st.builds(SoundForm, seconds=st.floats(0.1, 30)),
    PictureForm: st.builds(PictureForm, height=st.integers(4, 512), grey=st.booleans()),
}


def values(annotation: Any) -> st.SearchStrategy[Any]:  # noqa: PLR0911 (a kind of type, a line)
    """Values of a type that occurs in messages."""
    arguments = get_args(annotation)
    if annotation in KNOWN:
        return KNOWN[annotation]
    if get_origin(annotation) is Annotated:
        return values(arguments[0])
    if get_origin(annotation) is Literal:
        return st.sampled_from(arguments)
    if get_origin(annotation) in (Union, UnionType):
        return st.one_of(*map(values, arguments))
    if get_origin(annotation) is tuple:
        if arguments[-1] is Ellipsis:
            return st.lists(values(arguments[0]), max_size=3).map(tuple)
        return st.tuples(*map(values, arguments))
    if issubclass(annotation, Enum):
        return st.sampled_from(annotation)
    if issubclass(annotation, BaseModel):
        return st.builds(
            annotation, **{name: values(field.annotation) for name, field in annotation.model_fields.items()}
        )
    assert issubclass(annotation, tuple) or dataclasses.is_dataclass(annotation)
    return st.builds(annotation, **{name: values(kind) for name, kind in get_type_hints(annotation).items()})


def kinds_of(union: Any) -> list[type[PipeMessage]]:
    """The models in a union."""
    return list(get_args(union)) or [union]
