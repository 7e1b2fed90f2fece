"""An uploader that reads its file at once, and is empty then."""

from io import BytesIO

import pytest
import streamlit as st

from cnnviz.ui.widgets import uploader
from cnnviz.ui.widgets.uploader import uploader_key


def test_a_file_that_is_sent_twice_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time, the widget that it came from was there no longer, and the page failed."""
    monkeypatch.setattr(st, "session_state", {})
    key = uploader_key("run-zip")
    st.session_state[key] = BytesIO(b"a zip")
    read: list[bytes] = []
    for _ in range(2):
        uploader._read_file("run-zip", key, read.append, None)
        st.session_state.pop(key, None)  # Streamlit forgets a widget that is drawn no more
    assert read == [b"a zip"]
    assert uploader_key("run-zip") != key
