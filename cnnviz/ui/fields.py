"""Widgets for the fields of a pydantic model: declared once in the model, drawn here."""

import math
import re
from collections.abc import Callable
from itertools import count
from typing import Annotated, Any, Literal, get_args, get_origin

import streamlit as st
from annotated_types import Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cnnviz.errors import CnnvizError, NumberError
from cnnviz.numbers import format_number, parse_float, parse_int
from cnnviz.shapes import AXES

WIDTH = 126
"""Of a field in the panel of a layer, in pixels: two stand beside each other."""
Change = Callable[[str, object], None]
"""Takes a field's name and its new value; raises CnnvizError when it cannot be."""
Settled = Callable[[bool], None]
"""Called when a change is done; takes whether a reason stands or stood beside the widget, so that it is drawn anew."""


def attempt(key: str, action: Callable[[object], None], settled: Settled | None = None) -> None:
    """Do something with what was typed into a widget; if it cannot be, the reason is kept beside the widget."""
    problems: dict[str, tuple[object, str]] = st.session_state.setdefault("problems", {})
    told = problems.pop(key, None) is not None
    given = st.session_state[key]
    try:
        action(given)
    except CnnvizError as error:
        problems[key] = given, str(error)
        told = True
    if settled:
        settled(told)


def problem(key: str) -> str | None:
    """Why what stands in a widget was refused; None when it was not."""
    given, reason = st.session_state.get("problems", {}).get(key, (None, None))
    return reason if reason and st.session_state.get(key) == given else None


def show_problem(key: str) -> None:
    """Say under a widget why what stands in it was refused."""
    if reason := problem(key):
        _show_reason(reason)


def distinct(labels: dict[str, str]) -> dict[str, str]:
    """Labels told apart by a number where they are equal: a choice goes by its label.

    >>> distinct({"a": "My data", "b": "Words", "c": "My data"})
    {'a': 'My data', 'b': 'Words', 'c': 'My data (2)'}
    """
    used: set[str] = set()
    result = {}
    for name, label in labels.items():
        told = label
        for number in count(2):
            if told not in used:
                break
            told = f"{label} ({number})"
        used.add(told)
        result[name] = told
    return result


def field(
    model: BaseModel,
    name: str,
    *,
    key: str,
    on_change: Change,
    options: dict[str, str] | None = None,
    settled: Settled | None = None,
    width: int | Literal["stretch"] = "stretch",
) -> None:
    """Draw the widget that fits the type of one field of `model`; `options` (value → label) make it a choice.

    A value that is refused stays in the widget with the reason below it.
    """
    info = type(model).model_fields[name]
    kind = _kind(info.annotation)
    value = getattr(model, name)
    read = _READERS.get(kind)

    def changed() -> None:
        attempt(key, lambda given: on_change(name, read(str(given)) if read else given), settled)

    about: dict[str, Any] = {
        "label": info.title or name,
        "key": key,
        "help": info.description,
        "on_change": changed,
        "width": width,
    }
    if options:
        options = distinct(options)
        st.selectbox(options=list(options), index=_index(options, value), format_func=options.__getitem__, **about)
    elif get_origin(kind) is Literal:
        st.selectbox(options=get_args(kind), index=get_args(kind).index(value), **about)
    elif kind is bool:
        st.toggle(value=value, **about)
    elif kind in (int, float):
        number_box(value=value, step=1.0 if kind is int else _step(info), placeholder="none", **about)
    else:
        st.text_input(value=written(value), max_chars=40, **about)
    show_problem(key)


def number_box(
    label: str,
    value: float | None,
    *,
    step: float,
    key: str,
    width: int | Literal["stretch"] = "stretch",
    **about: Any,
) -> str:
    """Draw a field for one number and return what stands in it, as it was typed.

    A text field: a browser's own number field leaves out what it does not expect, a decimal comma among it, and says
    nothing. What is typed is read by `parse_float` or `parse_int`. The arrow keys and the two buttons that
    ui/steps adds to the field go `step` on, which it finds in the name of the container, in thousandths.
    """
    with st.container(key=f"step-{round(step * 1000)}-{key}", width=width):
        return str(st.text_input(label, format_number(value), key=key, **about))


def number(label: str, default: float, *, whole: bool, bounds: tuple[float, float], key: str, **about: Any) -> float:
    """Draw a field for a number that no model has, and return it; what is refused leaves the number as it was."""
    accepted: dict[str, float] = st.session_state.setdefault("accepted", {})
    text = number_box(label, default, key=key, **about)
    low, high = bounds
    try:
        value = parse_int(text) if whole else parse_float(text)
        if not low <= value <= high:
            raise NumberError(f"{label}: a number from {format_number(low)} to {format_number(high)} is wanted.")
        accepted[key] = value
    except NumberError as error:
        _show_reason(str(error))
    return accepted.get(key, default)


def per_axis_names(model: BaseModel) -> dict[str, int]:
    """The fields of a model that take one number for all axes or one each, with the number of axes.

    >>> from cnnviz.layers import Conv2d, Linear
    >>> per_axis_names(Conv2d.fresh())["kernel_size"], per_axis_names(Linear.fresh())
    (2, {})
    """
    found = {name: _axes(info.annotation) for name, info in type(model).model_fields.items()}
    return {name: axes for name, axes in found.items() if axes > 1}


def axis_fields(model: BaseModel, name: str, *, key: str, on_change: Change, settled: Settled | None = None) -> None:
    """Draw a number field for each axis of one field of `model`, in the order depth, height, width."""
    axes = per_axis_names(model)[name]
    value = getattr(model, name)
    sizes = value if isinstance(value, tuple) else (value,) * axes
    info = type(model).model_fields[name]
    labels = AXES[axes + 1][1:]

    def changed(axis: int) -> None:
        def replace(given: object) -> None:
            size = _whole_or_none(str(given))
            now = [_whole_or_none(st.session_state[f"{key}-{each}"]) for each in labels]
            on_change(name, size if None in now else tuple(now))

        attempt(f"{key}-{labels[axis]}", replace, settled)

    with st.container(horizontal=True, gap="small"):
        for axis, label in enumerate(labels):
            size = sizes[axis] if isinstance(sizes[axis], int) else None  # 'same', or the kernel_size of a pool
            number_box(
                f"{info.title or name} · {label}",
                size,
                step=1,
                placeholder=written(sizes[axis]) or "as kernel_size",
                key=f"{key}-{label}",
                help=info.description,
                on_change=changed,
                args=(axis,),
                width=WIDTH,
            )
            show_problem(f"{key}-{label}")


def escaped(text: str) -> str:
    r"""Text as Markdown shows it literally.

    >>> print(escaped("2 * 3 [x]"))
    2 \* 3 \[x\]
    """
    return re.sub(r"([\\`*_{}\[\]()#+!|<>~$:])", r"\\\1", text)


def parse(text: str) -> object:
    """What a student types for a size: a number, one per axis, a word, or nothing.

    A comma stands between axes. What can only be a part of another number, as in 0,05 or 1,000, is left as it is.

    >>> parse("3"), parse("3, 5"), parse("3 × 5"), parse("same"), parse(" "), parse("0,05")
    (3, (3, 5), (3, 5), 'same', None, '0,05')
    """
    parts = [part for part in re.split(r"[\s,×x*()]+", text.strip()) if part]
    if not parts:
        return None
    if all(re.fullmatch(r"-?(0|[1-9]\d{0,14})", part) for part in parts):
        numbers = tuple(map(int, parts))
        return numbers if len(numbers) > 1 else numbers[0]
    return text.strip()


def written(value: object) -> str:
    """A size as a student types it.

    >>> written((3, 5)), written(3), written(None)
    ('3, 5', '3', '')
    """
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _float_or_none(text: str) -> float | None:
    return parse_float(text) if text.strip() else None


def _whole_or_none(text: str) -> int | None:
    return parse_int(text) if text.strip() else None


_READERS: dict[object, Callable[[str], object]] = {int: _whole_or_none, float: _float_or_none, object: parse}
"""What reads the text that was typed, by the kind of a field."""


def _show_reason(reason: str) -> None:
    st.markdown(f":small[:red[:material/error: {escaped(reason)}]]")


def _kind(annotation: Any) -> Any:
    """int, float, bool or a Literal; object for all that is typed as text."""
    if get_origin(annotation) is Annotated:
        return _kind(get_args(annotation)[0])
    given = [each for each in get_args(annotation) if each is not type(None)]
    if len(given) == 1 and _kind(given[0]) is float:  # float | None
        return float
    return annotation if annotation in (int, float, bool) or get_origin(annotation) is Literal else object


def _axes(annotation: Any) -> int:
    """Numbers in the longest tuple that an annotation takes; 0 where it takes none of a fixed length."""
    of = get_args(annotation)
    if get_origin(annotation) is tuple:
        return 0 if Ellipsis in of else len(of)
    return max(map(_axes, of), default=0)


def _step(info: FieldInfo) -> float:
    """By how much an arrow key changes a number."""
    most = _most(info)
    return 0.05 if most <= 1 else 0.001 if most <= 10 else 1.0


def _most(info: FieldInfo) -> float:
    """The upper bound of a field."""
    bounds = (m.le if isinstance(m, Le) else m.lt for m in info.metadata if isinstance(m, Le | Lt))
    return next((float(str(bound)) for bound in bounds), math.inf)


def _index(options: dict[str, str], value: object) -> int | None:
    return list(options).index(str(value)) if value in options else None
