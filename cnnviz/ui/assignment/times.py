"""Times as students read them: in the time zone of their browser."""

from datetime import datetime

import streamlit as st

from cnnviz.ui.runs.labels import time_zone


def local_datetime(seconds: float) -> datetime:
    """Returns a time in seconds since 1970 in the time zone of the browser."""
    return datetime.fromtimestamp(seconds, tz=time_zone(st.context.timezone))


def local_time(seconds: float) -> str:
    """Returns a time with its day, such as “Mon 4 May 2026, 14:05”."""
    at = local_datetime(seconds)
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M}"


def local_clock(seconds: float) -> str:
    """Returns a time of this day, such as “14:05”."""
    return f"{local_datetime(seconds):%H:%M}"
