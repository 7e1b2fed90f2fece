"""File uploaders that can be emptied: Streamlit keeps a file for as long as the widget keeps its key."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from cnnviz.ui.widgets.fields import AfterChange, attempt, show_problem

_GENERATIONS_KEY = "uploader-generations"


def uploader_key(name: str, form: str = "") -> str:
    """Returns the key of a widget, which changes when its form is emptied; without `form`, it is its own form."""
    generations: dict[str, int] = st.session_state.get(_GENERATIONS_KEY, {})
    return f"{name}-{generations.get(form or name, 0)}"


def empty_uploaders(form: str) -> None:
    """Replaces the widgets of a form with empty ones, so that Streamlit drops their files."""
    generations: dict[str, int] = st.session_state.setdefault(_GENERATIONS_KEY, {})
    generations[form] = generations.get(form, 0) + 1


def instant_uploader(
    label: str,
    *,
    name: str,
    kind: str,
    max_megabytes: int,
    read: Callable[[bytes], None],
    after_change: AfterChange | None = None,
) -> None:
    """Draws an uploader that reads its file as soon as it arrives; if the file is refused, the reason appears below."""
    key = uploader_key(name)
    st.file_uploader(
        label,
        type=kind,
        key=key,
        on_change=partial(_read_file, name, key, read, after_change),
        max_upload_size=max_megabytes,
    )
    show_problem(key)


def _read_file(name: str, key: str, read: Callable[[bytes], None], after_change: AfterChange | None) -> None:
    # a browser may send a file again before it has heard that the widget is a new, empty one
    if key != uploader_key(name) or st.session_state.get(key) is None:
        return

    def read_and_empty(file: object) -> None:
        read(file.getvalue())  # type: ignore[attr-defined]
        empty_uploaders(name)

    attempt(key, read_and_empty, after_change)
