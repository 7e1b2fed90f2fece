"""Who may come into the class: its code, the names on its list, and their PINs."""

from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

import pandas as pd
import streamlit as st

from cnnviz.identity.account import Account
from cnnviz.identity.person import Role
from cnnviz.identity.pin import PinHasher
from cnnviz.identity.roster import enroll, pin_sheet, read_roster
from cnnviz.runs.cluster import cluster
from cnnviz.secret_key import secret_key
from cnnviz.settings import settings
from cnnviz.ui.login.logins import logins
from cnnviz.ui.state import current_owner, new_pins, save_new_pins
from cnnviz.ui.teacher.roster import local_time
from cnnviz.ui.widgets.counter import count_up, counter
from cnnviz.ui.widgets.dataframe import dataframe
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.notice import notify_done, notify_errors
from cnnviz.words import count_label, unique_labels

ROW_HEIGHT, MAX_ROWS = 35, 14
NAMES_ADDED = "names-added"
"""Counter of the lists of names that were read in."""
PIN_STATES = {True: "chosen", False: "at the next visit"}
COLUMNS = {
    "name": st.column_config.TextColumn("Name", width=200),
    "role": st.column_config.TextColumn("Role", width=90),
    "pin": st.column_config.TextColumn("PIN", width=140),
    "email": st.column_config.TextColumn("E-mail", width=220),
    "created": st.column_config.DatetimeColumn("Since", format="DD MMM YYYY HH:mm", width=150),
}


def people_view() -> None:
    """Draws the code of the class, its list, and what can be done with it."""
    people = cluster().store.people
    st.markdown(f"Class code: **`{people.class_code()}`**. Students type it with their name and their PIN.")
    st.toggle(
        "Names that are not on the list may come in",
        people.list_is_open(),
        key="list-open",
        on_change=lambda: people.open_list(st.session_state["list-open"]),
    )
    accounts = people.all()
    dataframe(
        _people_frame(accounts),
        key="people-table",
        height=ROW_HEIGHT * (min(len(accounts), MAX_ROWS) + 1) + 3,
        column_config=COLUMNS,
        hide_index=True,
        placeholder="",
    )
    with st.container(horizontal=True, gap="large", key="people-tools"):
        with st.container(width=420):
            _one_person(accounts)
        with st.container(width=420):
            _more_names()


def _people_frame(accounts: list[Account]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": pd.array([account.person.name for account in accounts], dtype="str"),
            "role": pd.array([account.person.role.value for account in accounts], dtype="str"),
            "pin": pd.array([PIN_STATES[bool(account.pin_hash)] for account in accounts], dtype="str"),
            "email": pd.array([account.email for account in accounts], dtype="str"),
            "created": pd.Series([local_time(account.created) for account in accounts], dtype="datetime64[ns]"),
        }
    )


def _one_person(accounts: list[Account]) -> None:
    """Draws what can be done about one person."""
    people = cluster().store.people
    labels = unique_labels({account.owner: account.person.name for account in accounts})
    owner = st.selectbox(
        "Somebody on the list",
        list(labels),
        index=None,
        format_func=labels.__getitem__,
        placeholder="Choose a name",
        key="one-person",
    )
    account = next((account for account in accounts if account.owner == owner), None)
    is_other = account is not None and owner != current_owner()

    def act(label: str, icon: str, action: Callable[[str], None], told: str) -> None:
        def on_click() -> None:
            with notify_errors():
                action(str(owner))
                notify_done(told)

        st.button(label, icon=icon, disabled=not is_other, on_click=on_click, key=f"person-{label}")

    name = account.person.name if account else ""
    with st.container(horizontal=True):
        act(
            "Reset the PIN",
            ":material/lock_reset:",
            lambda _: logins().reset_pin(account) if account else None,
            f"{name} is logged out everywhere, and chooses another PIN at the next visit.",
        )
        act("Log out everywhere", ":material/logout:", people.end_logins, f"{name} is logged out everywhere.")
        if account and account.person.is_teacher:
            act("Make a student", ":material/person:", lambda one: people.change(one, role=Role.STUDENT), "Done.")
        else:
            act("Make a teacher", ":material/school:", lambda one: people.change(one, role=Role.TEACHER), "Done.")
        act("Take off the list", ":material/person_remove:", people.remove, f"{name} is off the list. The runs stay.")
    if account and not is_other:
        st.caption("That is you: another teacher can do this for you.")


def _more_names() -> None:
    key = f"names-{counter(NAMES_ADDED)}"
    st.text_area(
        "Names",
        key=key,
        height=110,
        max_chars=100_000,
        placeholder="One name in each line, or a CSV file's text with its headings",
    )
    with_pins = st.toggle("Give each a PIN, on a sheet to print", key="with-pins")

    def add() -> None:
        with notify_errors():
            hasher = PinHasher(secret_key(settings().data_dir)) if with_pins else None
            listed = enroll(cluster().store.people, read_roster(st.session_state[key].encode()), hasher)
            if with_pins and listed:
                save_new_pins(listed)
            count_up(NAMES_ADDED)
            notify_done(f"{count_label(len(listed), 'name')} added, or without a PIN until now.")

    st.button("Put them on the list", icon=":material/group_add:", on_click=add)
    listed, people = new_pins(), cluster().store.people
    if listed:
        st.download_button(
            f"Sheet with {count_label(len(listed), 'PIN')}",
            partial(pin_sheet, listed, people.class_code(), _public_address()),
            "pins.html",
            "text/html",
            icon=":material/print:",
        )
        st.caption(
            f"PINs of {escape_markdown(', '.join(one.name for one in listed[:3]))}"
            f"{' and others' if len(listed) > 3 else ''}. They are kept nowhere else: print them before you leave."
        )


def _public_address() -> str:
    """Returns the address by which this page was reached; empty where others cannot reach it by that."""
    address = urlsplit(st.context.url or "")
    return "" if address.hostname in (None, "localhost", "127.0.0.1", "::1") else f"{address.scheme}://{address.netloc}"
