"""A worked example: the trace that the lab prints."""

import streamlit as st

from cnnviz.calculator.lab_trace import BATCH_SIZE, printed_trace
from cnnviz.ui.widgets.fields import escape_markdown


def lab_trace() -> None:
    """Draws every line that the lab's net prints, next to the arithmetic that leads to it."""
    for number, line in enumerate(printed_trace()):
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"printed-{number}"):
            with st.container(width=250):
                st.code(line.text, language=None)
            with st.container(width="stretch"):
                for text in line.explanations:
                    st.markdown(escape_markdown(text).replace(r"\*\*", "**"))
                if not line.printed:
                    st.caption("Not printed: the lab's last print comes before its last Linear.")
    st.caption(
        f"The batch size, {BATCH_SIZE}, is the same in every line, because a layer treats each sample alike. The third"
        " line, after Dropout, equals the second, and the sixth equals the fifth: Dropout sets values to zero and"
        " removes none."
    )
