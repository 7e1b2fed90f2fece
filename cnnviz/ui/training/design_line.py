"""The net at hand, in a line above the settings: what the Train button trains."""

import streamlit as st

from cnnviz.architecture import trace
from cnnviz.presets import net_name
from cnnviz.shapes import format_shape
from cnnviz.ui.state import current_workbench, is_from_other_tab
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.words import count_label


def design_line() -> None:
    """Draws the name of the net at hand and its size."""
    design = current_workbench().architecture
    name = net_name(design)
    parameters = sum(step.parameters for step in trace(design))
    layers = count_label(len(design.layers), "layer")
    size = f"for {format_shape(design.input_shape)}, {parameters:,} parameters"
    st.markdown(
        f"**{escape_markdown(name[0].upper() + name[1:])}**"
        f" :gray[{'' if layers in name else f'{layers} '}{escape_markdown(size)}]"
        f"{' :orange[· as you have changed it in another tab]' * is_from_other_tab()}"
    )
