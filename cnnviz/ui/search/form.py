"""The form of a search: from which net it starts, what may vary, and how far it may go."""

import streamlit as st

from cnnviz.data import available_datasets
from cnnviz.errors import CnnvizError
from cnnviz.presets import net_name
from cnnviz.search.space import (
    VARIABLE_FIELDS,
    Space,
    choices_from_params,
    config_for_choices,
    search_parameters,
)
from cnnviz.searches.searches import searches
from cnnviz.settings import settings
from cnnviz.shapes import format_shape
from cnnviz.table import parameter_count
from cnnviz.training.readiness import check_trainable
from cnnviz.ui.offers import offered_datasets
from cnnviz.ui.state import choose_search, current_config, current_owner, current_space, current_workbench, save_space
from cnnviz.ui.widgets.fields import escape_markdown, field, problem
from cnnviz.ui.widgets.notice import notify_errors

MAIN_FIELDS, BOUND_FIELDS = (
    ("runs", "epochs", "goal"),
    ("lowest_rate", "highest_rate", "most_convolutions", "most_multiply_adds", "one_cycle"),
)
"""Fields that stand beside each other, and those that hardly anybody changes."""


def search_form() -> None:
    """Draws the form and the Start button, and why it cannot be pressed."""
    design, config, space = current_workbench().architecture, current_config(), current_space()
    datasets = offered_datasets()
    data = datasets.get(config.dataset) or next(iter(datasets.values()))
    parameters = f"{parameter_count(design):,} parameters"
    net = f"{escape_markdown(net_name(design))}, {format_shape(design.input_shape)}, {parameters}"
    schedule = " and a one-cycle schedule" * space.one_cycle
    st.markdown(
        f"The search starts from **your design** ({net}) on **{escape_markdown(data.title)}**, with the settings of the"
        f" Train page, but with {space.epochs} epochs{schedule}. Its runs are listed with yours and take your share"
        " of the device."
    )
    st.markdown("**May vary**")
    with st.container(horizontal=True, gap="small", key="varied"):
        for name in VARIABLE_FIELDS:
            _space_field(space, name)
    with st.container(horizontal=True, key="search-main"):
        for name in MAIN_FIELDS:
            _space_field(space, name)
    with st.expander("Bounds", icon=":material/tune:"), st.container(horizontal=True, key="search-bounds"):
        for name in BOUND_FIELDS:
            _space_field(space, name)
    with st.container(key="search-start"):
        _start_button(space)


def _start_button(space: Space) -> None:
    design, config = current_workbench().architecture, current_config()
    refused = [name for name in Space.model_fields if problem(_field_key(name))]
    reason = "The value of a field above cannot be used; the reason is below the field." if refused else ""
    try:
        data = available_datasets(current_owner()).get(config.dataset)
        if data is not None and not reason:
            check_trainable(design, config_for_choices(config, space, choices_from_params({})), data, settings())
            search_parameters(space, design, config)
    except CnnvizError as error:
        reason = str(error)
    st.button(
        "Start the search",
        key="start-search",
        type="primary",
        icon=":material/travel_explore:",
        width="stretch",
        disabled=bool(reason),
        on_click=_start_search,
    )
    if reason:
        st.warning(escape_markdown(reason), icon=":material/build:")


def _start_search() -> None:
    with notify_errors():
        choose_search(
            searches().start(current_owner(), current_workbench().architecture, current_config(), current_space())
        )


def _field_key(name: str) -> str:
    return f"space-{name}"


def _space_field(space: Space, name: str) -> None:
    with st.container():
        field(space, name, key=_field_key(name), on_change=_change_space)


def _change_space(name: str, value: object) -> None:
    save_space(current_space().changed(**{name: value}))
