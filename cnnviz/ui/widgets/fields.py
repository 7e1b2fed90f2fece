"""Widgets for the fields of a pydantic model: declared once in the model, drawn here."""

import math
import re
from collections.abc import Callable
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

import streamlit as st
from annotated_types import Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cnnviz.errors import CnnvizError, NumberError
from cnnviz.numbers import format_number, parse_float, parse_int
from cnnviz.shapes import AXES
from cnnviz.words import unique_labels

OPTIONAL_BOOL = {None: "not set", True: "yes", False: "no"}
"""Label of each value of a field that is true, false or not set."""
FIELD_WIDTH = 126
"""Width of a field in the panel of a layer, in pixels; two fit side by side."""
OnChange = Callable[[str, object], None]
"""Takes a field's name and its new value; raises CnnvizError if the value is refused."""
AfterChange = Callable[[bool], None]
"""Called after a change; takes whether the reason below the widget has appeared or disappeared and needs redrawing."""


def attempt(key: str, action: Callable[[object], None], after_change: AfterChange | None = None) -> None:
    """Calls an action with the value of a widget; if it is refused, keeps the reason for `show_problem`."""
    problems: dict[str, tuple[object, str]] = st.session_state.setdefault("problems", {})
    had_problem = problems.pop(key, None) is not None
    value = st.session_state[key]
    try:
        action(value)
    except CnnvizError as error:
        problems[key] = value, str(error)
        had_problem = True
    if after_change:
        after_change(had_problem)


def problem(key: str) -> str | None:
    """Returns the reason why the value of a widget was refused; None if it was not."""
    value, reason = st.session_state.get("problems", {}).get(key, (None, None))
    return reason if reason and st.session_state.get(key) == value else None


def show_problem(key: str) -> None:
    """Draws the reason why the value of a widget was refused; called right after the widget."""
    if reason := problem(key):
        _show_reason(reason)


def field(
    model: BaseModel,
    name: str,
    *,
    key: str,
    on_change: OnChange,
    options: dict[str, str] | None = None,
    after_change: AfterChange | None = None,
    width: int | Literal["stretch"] = "stretch",
) -> None:
    """Draws the widget that fits the type of one field of `model`; `options` (value → label) make it a choice.

    A value that is refused stays in the widget with the reason below it.
    """
    info = type(model).model_fields[name]
    kind = _widget_type(info.annotation)
    value = getattr(model, name)
    read = _READERS.get(kind)
    label = info.title or name

    def apply(entered: object) -> None:
        try:
            on_change(name, read(str(entered)) if read else entered)
        except CnnvizError as error:  # the reason has the field's name; the page shows its label
            raise CnnvizError(re.sub(rf"^{name}:", f"{label}:", str(error))) from None

    def handle_change() -> None:
        attempt(key, apply, after_change)

    widget_args: dict[str, Any] = {
        "label": label,
        "key": key,
        "help": info.description,
        "on_change": handle_change,
        "width": width,
    }
    if options:
        options = unique_labels(options)
        st.selectbox(
            options=list(options), index=_option_index(options, value), format_func=options.__getitem__, **widget_args
        )
    elif get_origin(kind) is Literal:
        st.selectbox(options=get_args(kind), index=get_args(kind).index(value), **widget_args)
    elif kind is NoneType:
        st.selectbox(
            options=OPTIONAL_BOOL,
            index=list(OPTIONAL_BOOL).index(value),
            format_func=OPTIONAL_BOOL.__getitem__,
            **widget_args,
        )
    elif kind is bool:
        st.toggle(value=value, **widget_args)
    elif kind in (int, float):
        number_box(value=value, step=1.0 if kind is int else _step(info), placeholder="none", **widget_args)
    else:
        st.text_input(value=format_size(value), max_chars=40, placeholder=_placeholder(name), **widget_args)
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
    """Draws a field for one number, and returns its text as it was typed.

    It is a text field, because a browser's own number field silently drops what it does not expect, such as a decimal
    comma. `parse_float` or `parse_int` reads the text. The arrow keys and the two buttons that ui/widgets/steps adds
    change the number by `step`, which the script reads from the name of the container, in thousandths.
    """
    with st.container(key=f"step-{round(step * 1000)}-{key}", width=width):
        return str(st.text_input(label, format_number(value), key=key, **about))


def number(label: str, default: float, *, whole: bool, bounds: tuple[float, float], key: str, **about: Any) -> float:
    """Draws a field for a number that is in no model, and returns the number; a refused value does not change it."""
    accepted: dict[str, float] = st.session_state.setdefault("accepted", {})
    text = number_box(label, default, key=key, **about)
    low, high = bounds
    try:
        value = parse_int(text) if whole else parse_float(text)
        if not low <= value <= high:
            raise NumberError(f"{label} must be a number from {format_number(low)} to {format_number(high)}.")
        accepted[key] = value
    except NumberError as error:
        _show_reason(str(error))
    return accepted.get(key, default)


def per_axis_names(model: BaseModel) -> dict[str, int]:
    """Returns the fields of a model that take one number for all axes or one per axis, with the number of axes.

    >>> from cnnviz.layers import Conv2d, Linear
    >>> per_axis_names(Conv2d.default())["kernel_size"], per_axis_names(Linear.default())
    (2, {})
    """
    axis_counts = {name: _axis_count(info.annotation) for name, info in type(model).model_fields.items()}
    own = getattr(model, "axes", None)  # a padding has two numbers for each axis, which are typed as text
    return {name: axes for name, axes in axis_counts.items() if axes > 1 and axes == (own or axes)}


def axis_fields(
    model: BaseModel, name: str, *, key: str, on_change: OnChange, after_change: AfterChange | None = None
) -> None:
    """Draws a number field for each axis of one field of `model`, in the order depth, height, width."""
    axes = per_axis_names(model)[name]
    value = getattr(model, name)
    sizes = value if isinstance(value, tuple) else (value,) * axes
    info = type(model).model_fields[name]
    labels = AXES[axes + 1][1:]

    read = _float_or_none if _takes_factors(info.annotation) else _whole_or_none
    may_be_empty = _takes_none_for_an_axis(info.annotation)

    def handle_change(axis: int) -> None:
        def apply(entered: object) -> None:
            size = read(str(entered))
            now = [read(st.session_state[f"{key}-{axis_label}"]) for axis_label in labels]
            on_change(name, tuple(now) if may_be_empty or None not in now else size)

        attempt(f"{key}-{labels[axis]}", apply, after_change)

    with st.container(horizontal=True, gap="small", key=f"axes-{key}"):
        for axis, label in enumerate(labels):
            size = sizes[axis] if isinstance(sizes[axis], int | float) else None  # else 'same', or a pool's kernel_size
            number_box(
                f"{info.title or name} · {label}",
                size,
                step=0.05 if read is _float_or_none else 1,
                placeholder=format_size(sizes[axis]) or ("as input" if may_be_empty else _placeholder(name)),
                key=f"{key}-{label}",
                help=info.description,
                on_change=handle_change,
                args=(axis,),
                width=FIELD_WIDTH,
            )
            show_problem(f"{key}-{label}")


def escape_markdown(text: str) -> str:
    r"""Returns a text that Markdown shows literally.

    >>> print(escape_markdown("2 * 3 [x]"))
    2 \* 3 \[x\]
    """
    return re.sub(r"([\\`*_{}\[\]()#+!|<>~$:])", r"\\\1", text)


def parse_size(text: str) -> object:
    """Returns the size that a student has typed: a number, one per axis, a word, or nothing.

    A comma separates axes. Text that could be a single number, such as 0,05 or 1,000, is returned unchanged.

    >>> parse_size("3"), parse_size("3, 5"), parse_size("3 × 5"), parse_size("same"), parse_size(" ")
    (3, (3, 5), (3, 5), 'same', None)
    >>> parse_size("0,05")
    '0,05'
    """
    parts = [part for part in re.split(r"[\s,×x*()]+", text.strip()) if part]
    if not parts:
        return None
    if all(re.fullmatch(r"-?(0|[1-9]\d{0,14})", part) for part in parts):
        numbers = tuple(map(int, parts))
        return numbers if len(numbers) > 1 else numbers[0]
    return text.strip()


def parse_factors(text: str) -> object:
    """Returns the number that a student has typed, or several, which spaces, ×, ; or a comma and a space separate.

    Raises NumberError for a comma between digits that may be a decimal comma or stand between two factors; behind a 0
    it is a decimal comma, as no factor is 0. None for nothing.

    >>> parse_factors("1.5"), parse_factors("0,5"), parse_factors("2, 1.5"), parse_factors("2 × 3"), parse_factors(" ")
    (1.5, 0.5, (2.0, 1.5), (2.0, 3.0), None)
    >>> parse_factors("2,3")
    Traceback (most recent call last):
    ...
    cnnviz.errors.NumberError: “2,3” can be read as 2.3 and as two factors; write 2.3, or 2, 3 with a space.
    """
    parts = [part for part in re.split(r",?\s+|[×x*;()]+", text.strip()) if part]
    numbers = tuple(map(parse_float, parts))
    for part, number in zip(parts, numbers, strict=True):
        if re.match(r"[+−-]?\d+,\d", part) and not part.startswith("0,"):
            first, second = part.split(",")
            raise NumberError(
                f"“{part}” can be read as {format_number(number)} and as two factors; write {format_number(number)}, or"
                f" {first}, {second} with a space."
            )
    return (numbers if len(numbers) > 1 else numbers[0]) if numbers else None


def format_size(value: object) -> str:
    """Returns a size as a student would type it.

    >>> format_size((3, 5)), format_size(3), format_size(None)
    ('3, 5', '3', '')
    """
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value).removesuffix(".0")


def _placeholder(name: str) -> str:
    """Returns what stands in an empty field for sizes: a pool's stride follows its kernel_size."""
    return "as kernel_size" if name == "stride" else ""


def _float_or_none(text: str) -> float | None:
    return parse_float(text) if text.strip() else None


def _whole_or_none(text: str) -> int | None:
    return parse_int(text) if text.strip() else None


_READERS: dict[object, Callable[[str], object]] = {
    int: _whole_or_none,
    float: _float_or_none,
    tuple: parse_factors,
    object: parse_size,
}
"""Type of a field → the function that reads its text."""


def _show_reason(reason: str) -> None:
    st.markdown(f":small[:red[:material/error: {escape_markdown(reason)}]]")


def _widget_type(annotation: Any) -> Any:
    """Returns int, float, bool or a Literal; NoneType for a bool that may be unset.

    Values of any other type are typed as text: tuple stands for one that takes factors, object for the rest.
    """
    if get_origin(annotation) is Annotated:
        return _widget_type(get_args(annotation)[0])
    members = [member for member in get_args(annotation) if member is not type(None)]
    if len(members) == 1 and _widget_type(members[0]) is float:  # float | None
        return float
    if len(members) == 1 and _widget_type(members[0]) is bool:  # bool | None
        return NoneType
    if annotation in (int, float, bool) or get_origin(annotation) is Literal:
        return annotation
    return tuple if _takes_factors(annotation) else object


def _takes_factors(annotation: Any) -> bool:
    """Whether a value may have decimals."""
    return annotation is float or any(map(_takes_factors, get_args(annotation)))


def _takes_none_for_an_axis(annotation: Any) -> bool:
    """Whether an axis may be left empty in a tuple with a number for each."""
    args = get_args(annotation)
    if get_origin(annotation) is tuple:
        return any(NoneType in get_args(arg) for arg in args)
    return any(map(_takes_none_for_an_axis, args))


def _axis_count(annotation: Any) -> int:
    """Returns the length of the longest tuple that an annotation takes; 0 if it takes none of a fixed length."""
    args = get_args(annotation)
    if get_origin(annotation) is tuple:
        return 0 if Ellipsis in args else len(args)
    return max(map(_axis_count, args), default=0)


def _step(info: FieldInfo) -> float:
    """Returns the amount by which an arrow key changes a number."""
    upper_bound = _upper_bound(info)
    return 0.05 if upper_bound <= 1 else 0.001 if upper_bound <= 10 else 1.0


def _upper_bound(info: FieldInfo) -> float:
    """Returns the upper bound of a field, infinity if it has none."""
    bounds = (m.le if isinstance(m, Le) else m.lt for m in info.metadata if isinstance(m, Le | Lt))
    return next((float(str(bound)) for bound in bounds), math.inf)


def _option_index(options: dict[str, str], value: object) -> int | None:
    return list(options).index(str(value)) if value in options else None
