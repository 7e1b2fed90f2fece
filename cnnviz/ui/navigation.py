"""Buttons that open another page."""

from typing import NoReturn

import streamlit as st


def open_page(path: str) -> NoReturn:
    """Opens another page, whatever the address of this one says.

    Left to itself, `st.switch_page` of Streamlit 1.67 raises where a widget is bound to a parameter of the address; it
    leaves the address bare all the same where the next page is said to take no parameters.
    """
    st.switch_page(path, query_params={})  # noqa: TID251
