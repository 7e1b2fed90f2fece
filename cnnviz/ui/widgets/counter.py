"""Counters of a session, such as how often “Other samples” was pressed, and a check for changed values."""

import streamlit as st


def counter(key: str) -> int:
    """Returns how often `count_up` was called with this key."""
    return int(st.session_state.get(key, 0))


def count_up(key: str) -> None:
    """Adds one to a counter; used as the callback of a button."""
    st.session_state[key] = counter(key) + 1


def is_news(key: str, value: object) -> bool:
    """Whether the value differs from the one at the last call with this key."""
    if st.session_state.get(key) == value:
        return False
    st.session_state[key] = value
    return True
