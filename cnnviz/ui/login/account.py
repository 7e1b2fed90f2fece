"""The name of whoever is logged in, in the frame of the app."""

import html

import streamlit as st

from cnnviz.settings import Mode, settings
from cnnviz.ui.login.routes import DOOR
from cnnviz.ui.state import current_person


def account_link() -> None:
    """Draws the name of whoever is logged in, which leads to their page with the ways out; nothing on a server alone.

    `frame.css` puts it at the top, left of the link to the guide.
    """
    if settings().mode == Mode.SINGLE:
        return
    person = current_person()
    role = ", teacher" if person.is_teacher else ""
    with st.container(key="account-link"):
        st.html(f'<a href="{DOOR}" target="_self" title="Account and log out">{html.escape(person.name)}{role}</a>')
