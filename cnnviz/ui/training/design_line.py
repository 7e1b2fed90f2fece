"""Which net is which on the Train page: the one at hand, which the Train button trains, and that of the run shown."""

import streamlit as st

from cnnviz.architecture import Architecture
from cnnviz.presets import net_name
from cnnviz.runs.run import Run
from cnnviz.shapes import format_shape
from cnnviz.table import parameter_count
from cnnviz.ui.state import current_workbench, is_from_other_tab
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.words import count_label


def design_line() -> None:
    """Draws the name of the net at hand and its size, in a line above the settings: what comes next."""
    design = current_workbench().architecture
    name = net_name(design)
    st.markdown(
        f":gray[To be trained next:] **{escape_markdown(name[0].upper() + name[1:])}**"
        f":gray[{escape_markdown(_size_text(design, name))}]"
        f"{' :orange[· as you have changed it in another tab]' * is_from_other_tab()}"
    )


def run_net_line(run: Run) -> None:
    """Draws the net of a run and its size, and whether that is the one at hand."""
    name = net_name(run.architecture)
    net = f"{escape_markdown(name)}{escape_markdown(_size_text(run.architecture, name))}"
    if run.architecture == current_workbench().architecture:
        st.caption(f"A run of the net that is open now: {net}.")
    else:
        st.caption(f"A run of **another net than the one to be trained next**: {net}.")


def _size_text(design: Architecture, name: str) -> str:
    """Returns what follows the name of a net: its layers, unless the name says how many, its input and parameters.

    >>> _size_text(Architecture(input_shape=(3,)), "net of 0 layers")
    ' for 3, 0 parameters'
    """
    layers = count_label(len(design.layers), "layer")
    size = f"for {format_shape(design.input_shape)}, {parameter_count(design):,} parameters"
    return f" {size}" if layers in name else f", {layers} {size}"
