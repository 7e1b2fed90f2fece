"""An uploader that reads its file at once, and is empty then."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

from cnnviz.settings import settings
from cnnviz.ui.received_files import received_files
from cnnviz.ui.widgets import uploader
from cnnviz.ui.widgets.uploader import uploader_key


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("CNNVIZ_DATA_DIR", str(tmp_path))
    for cached in (settings, received_files):
        cached.cache_clear()
    yield tmp_path / "received"
    for cached in (settings, received_files):
        cached.cache_clear()


def test_a_file_that_is_sent_twice_is_read_once_and_kept_no_longer(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    """The second time, the widget that it came from was there no longer, and the page failed."""
    monkeypatch.setattr(st, "session_state", {"owner": "s"})
    key = uploader_key("run-zip")
    record = UploadedFileRec("1", "run.zip", "application/zip", b"a zip")
    st.session_state[key] = UploadedFile(record, FileURLs())
    read: list[bytes] = []
    for _ in range(2):
        uploader._read_file("run-zip", key, "zip", 1, lambda path: read.append(path.read_bytes()), None)
        st.session_state.pop(key, None)  # Streamlit forgets a widget that is drawn no more
    assert read == [b"a zip"]
    assert uploader_key("run-zip") != key
    assert list(folder.iterdir()) == []


def test_a_file_larger_than_the_uploader_says_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Browsers keep to the limit; others need not."""
    monkeypatch.setattr(st, "session_state", {"owner": "s"})
    key = uploader_key("json")
    st.session_state[key] = UploadedFile(UploadedFileRec("1", "a.json", "", bytes(2**20 + 1)), FileURLs())
    read: list[Path] = []
    uploader._read_file("json", key, "json", 1, read.append, None)
    assert read == []
    assert st.session_state["problems"][key][1].startswith("This file takes 1 MiB; at most 1 MiB are read here.")


def test_a_file_without_room_says_why_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "session_state", {"owner": "s"})
    received_files().refuse("s", "", "1", "The server's disk is full.")
    key = uploader_key("json")
    st.session_state[key] = UploadedFile(UploadedFileRec("1", "a.json", "", b""), FileURLs())
    uploader._read_file("json", key, "json", 1, lambda path: pytest.fail("there is nothing to read"), None)
    assert st.session_state["problems"][key][1] == "The server's disk is full."
