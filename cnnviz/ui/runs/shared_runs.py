"""What others share with a student: looked at and copied, but not changed."""

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import streamlit as st

from cnnviz.data import available_datasets
from cnnviz.presets import net_name
from cnnviz.runs.cluster import cluster
from cnnviz.runs.sharing import Share
from cnnviz.settings import Mode, settings
from cnnviz.table import parameter_count
from cnnviz.ui.navigation import open_page
from cnnviz.ui.runs.compare import compared_curves
from cnnviz.ui.runs.labels import dataset_titles, run_name, time_zone
from cnnviz.ui.runs.sharing import names_by_owner
from cnnviz.ui.state import current_config, current_owner, open_design, save_config
from cnnviz.ui.widgets.notice import notify_errors
from cnnviz.ui.widgets.row_selection import selectable_rows

PICKED_KEY = "shared"
"""Name of the table's selection."""
ROW_HEIGHT, MAX_ROWS = 35, 8
MAX_CURVES = 6
OWN_DATASET = "a data set of theirs"
DESIGN_ONLY = "a design, not trained"
COLUMNS = {
    "name": st.column_config.TextColumn("Name", width=300),
    "from": st.column_config.TextColumn("From", width=160),
    "accuracy": st.column_config.NumberColumn(
        "Val. accuracy", format="%.3f", help="Validation accuracy of the best epoch."
    ),
    "parameters": st.column_config.NumberColumn("Parameters", format="localized"),
    "data": st.column_config.TextColumn("Data"),
    "shared": st.column_config.DatetimeColumn("Shared", format="DD MMM HH:mm", width=118),
}


def shared_with_me() -> None:
    """Draws what others share with whoever uses this session; nothing where nobody does, as on a server alone."""
    if settings().mode == Mode.SINGLE:
        return
    shares = cluster().sharing.received(current_owner())
    if not shares:
        return
    st.subheader("Shared with me", anchor=False)
    buttons = st.container(horizontal=True, vertical_alignment="bottom", key="shared-acts")
    ids = selectable_rows(
        _shares_frame(shares),
        [str(share.id) for share in shares],
        name=PICKED_KEY,
        height=ROW_HEIGHT * (min(len(shares), MAX_ROWS) + 1) + 3,
        column_config=COLUMNS,
        placeholder="",
    )
    picked = [share for share in shares if str(share.id) in ids]
    with buttons:
        if st.button(
            "Open its net",
            icon=":material/content_copy:",
            key="shared-open",
            disabled=len(picked) != 1,
            help="Copies the net, and the settings of a run, to your own workbench. Undo brings your net back.",
        ):
            _open_copy(picked[0].id)
    runs = [share.run for share in picked if share.run]
    if runs:
        compared_curves(runs[:MAX_CURVES], name="shared")


def _shares_frame(shares: Sequence[Share]) -> pd.DataFrame:
    names, titles, zone = names_by_owner(), dataset_titles(), time_zone(st.context.timezone)
    runs = [share.run for share in shares]
    data = [titles.get(run.config.dataset, OWN_DATASET) if run else DESIGN_ONLY for run in runs]
    times = [datetime.fromtimestamp(share.created, tz=zone).replace(tzinfo=None) for share in shares]
    titled = [run_name(share.run) if share.run else net_name(share.architecture) for share in shares]
    return pd.DataFrame(
        {
            "name": pd.array(titled, dtype="str"),
            "from": pd.array([names.get(share.owner, "") for share in shares], dtype="str"),
            "accuracy": pd.array([run.score.accuracy if run else None for run in runs], dtype="Float64"),
            "parameters": [parameter_count(share.architecture) for share in shares],
            "data": pd.array(data, dtype="str"),
            "shared": times,
        }
    )


def _open_copy(share_id: int) -> None:
    """Opens what is shared at this moment; the next runs start from no run of the one whose net it is."""
    with notify_errors():
        share = cluster().sharing.read(current_owner(), share_id)
        open_design(share.architecture)
        if share.run:
            config, present = share.run.config, current_config()
            if config.dataset not in available_datasets(current_owner()):
                config = config.changed(dataset=present.dataset)
            save_config(config)
        open_page("pages/train.py" if share.run else "pages/design.py")
    st.rerun()  # which says why it was refused
