"""File uploaders that can be emptied, and the files that they have received."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import cast

import streamlit as st
from streamlit.runtime import exists
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from cnnviz.errors import DataError, LimitError
from cnnviz.ui.received_files import received_files
from cnnviz.ui.state import current_owner
from cnnviz.ui.upload_route import streamlit_files
from cnnviz.ui.widgets.fields import AfterChange, attempt, escape_markdown, show_problem
from cnnviz.words import format_mebibytes

_GENERATIONS_KEY = "uploader-generations"


def uploader_key(name: str, form: str = "") -> str:
    """Returns the key of a widget, which changes when its form is emptied; without `form`, it is its own form."""
    generations: dict[str, int] = st.session_state.get(_GENERATIONS_KEY, {})
    return f"{name}-{generations.get(form or name, 0)}"


def empty_uploaders(form: str) -> None:
    """Replaces the widgets of a form with empty ones, so that Streamlit drops their files."""
    generations: dict[str, int] = st.session_state.setdefault(_GENERATIONS_KEY, {})
    generations[form] = generations.get(form, 0) + 1


def received_path(file: UploadedFile) -> Path:
    """Returns where a file lies that an uploader or a recorder has received, until it is taken away or `forget` it.

    Raises LimitError with the reason where there was no room for it, DataError where it is no longer there.
    """
    session_id = _session_id()
    received = received_files().find(session_id, file.file_id)
    if received is None:
        content = file.getvalue()  # a page in a test has no address that browsers send files to
        if not content:
            raise DataError(f"“{file.name}” is empty, or no longer here. Send it again.")
        with received_files().receive(current_owner(), session_id, file.file_id, len(content)) as received:
            received.path.write_bytes(content)
    if received.refusal:
        raise LimitError(received.refusal)
    return received.path


def forget_files(*files: UploadedFile | None) -> None:
    """Deletes files that were used, and has Streamlit forget them."""
    for file in files:
        if file is not None:
            received_files().remove(_session_id(), file.file_id)
            if exists():
                streamlit_files().remove_file(_session_id(), file.file_id)


def kind_uploader(label: str, *, kind: str, key: str) -> None:
    """Draws an uploader for one file of a kind, such as "zip"; below it, why a file of another kind is not taken.

    Within a form that is told when the form is sent. Streamlit does not know the kind: it would refuse others in words
    of its own.
    """
    file = st.file_uploader(label, key=key)
    if file and (problem := wrong_kind(file, kind)):
        received_files().remove(_session_id(), file.file_id)  # its name is enough for the sentence
        st.error(escape_markdown(problem), icon=":material/error:")


def wrong_kind(file: UploadedFile | None, kind: str) -> str:
    """Returns why a file is not taken where one of a kind is wanted; "" for none, and for one of that kind."""
    if file is None or file.name.lower().endswith(f".{kind}"):
        return ""
    return f"“{file.name}” is not taken here: its name does not end in .{kind}. Choose a .{kind} file."


def _session_id() -> str:
    context = get_script_run_ctx()
    return context.session_id if context else ""


def instant_uploader(
    label: str,
    *,
    name: str,
    kind: str,
    max_megabytes: int,
    read: Callable[[Path], None],
    after_change: AfterChange | None = None,
) -> None:
    """Draws an uploader that reads its file as soon as it arrives; if the file is refused, the reason appears below."""
    key = uploader_key(name)
    st.file_uploader(
        label,
        key=key,
        on_change=partial(_read_file, name, key, kind, max_megabytes, read, after_change),
        max_upload_size=max_megabytes,
    )
    show_problem(key)


def _read_file(
    name: str, key: str, kind: str, max_megabytes: int, read: Callable[[Path], None], after_change: AfterChange | None
) -> None:
    # a browser may send a file again before it has heard that the widget is a new, empty one
    if key != uploader_key(name) or st.session_state.get(key) is None:
        return

    def read_and_empty(value: object) -> None:
        file = cast("UploadedFile", value)
        if problem := wrong_kind(file, kind):
            received_files().remove(_session_id(), file.file_id)
            raise DataError(problem)
        path = received_path(file)  # one that is refused stays, with the reason
        if (size := path.stat().st_size) > max_megabytes * 2**20:  # only browsers have kept to it
            raise LimitError(f"This file takes {format_mebibytes(size)}; at most {max_megabytes} MiB are read here.")
        read(path)
        forget_files(file)
        empty_uploaders(name)

    attempt(key, read_and_empty, after_change)
