"""Forms that let the class, or one classmate, see a run or a design, and end that again."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from cnnviz.architecture import Architecture
from cnnviz.presets import net_name
from cnnviz.runs.cluster import cluster
from cnnviz.runs.run import Run
from cnnviz.runs.sharing import CLASS, Share
from cnnviz.ui.state import current_owner
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.notice import notify_errors, show_notice
from cnnviz.words import unique_labels

THE_CLASS = "the whole class"


def share_run_form(run: Run) -> None:
    """Draws with whom a run is to be shared, and with whom it is."""
    st.caption("Whoever you share it with sees its net, settings and curves, and can copy them, but change nothing.")
    _share_form(run.id, partial(cluster().sharing.share_run, current_owner(), run.id))
    _present_shares(cluster().sharing.given(current_owner(), run.id), run.id)


def share_design_form(architecture: Architecture) -> None:
    """Draws with whom a design is to be shared as it is now, and all designs that are."""
    _share_form("design", partial(cluster().sharing.share_design, current_owner(), architecture))
    _present_shares(cluster().sharing.given(current_owner()), "design")


def names_by_owner() -> dict[str, str]:
    """Returns the names of all who have an account, all different, by owner."""
    return unique_labels({account.owner: account.person.name for account in cluster().store.people.all()})


def _share_form(name: str, share: Callable[[str], None]) -> None:
    """Draws the choice of a recipient and the button; `name` tells the forms of several things apart."""
    labels = {CLASS: THE_CLASS} | {
        owner: label for owner, label in names_by_owner().items() if owner != current_owner()
    }
    recipient = st.selectbox("With", list(labels), format_func=labels.__getitem__, key=f"share-with-{name}", width=280)

    def on_click() -> None:
        with notify_errors("share"):
            share(recipient)

    st.button("Share it", icon=":material/visibility:", key=f"share-{name}", on_click=on_click)
    show_notice("share")


def _present_shares(shares: Sequence[Share], name: str) -> None:
    """Draws the shares of something, each with a button that ends it."""
    names = names_by_owner()
    for share in shares:
        recipient = THE_CLASS if share.recipient == CLASS else names.get(share.recipient, "")
        what = "" if share.run else f"{escape_markdown(net_name(share.architecture))}: "
        with st.container(horizontal=True, vertical_alignment="center", key=f"shared-{name}-{share.id}"):
            st.markdown(f"{what}shared with **{escape_markdown(recipient)}**", width="stretch")
            st.button(
                "Revoke", icon=":material/visibility_off:", key=f"revoke-{share.id}", on_click=_revoke, args=(share.id,)
            )


def _revoke(share_id: int) -> None:
    with notify_errors("share"):
        cluster().sharing.revoke(current_owner(), share_id)
