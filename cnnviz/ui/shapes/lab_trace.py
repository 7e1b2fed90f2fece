"""The lab's printed trace as a worked example."""

import streamlit as st

from cnnviz.calculator.lab_trace import BATCH_SIZE, printed_trace
from cnnviz.ui.widgets.fields import escape_markdown


def lab_trace() -> None:
    """Draws every line that the lab's net prints, beside the arithmetic behind it."""
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
        f"The batch of {BATCH_SIZE} stays as it is in every line: a layer does the same to each sample. The third line,"
        " the"
        " Dropout's, equals the second, and the sixth equals the fifth: Dropout sets values to zero and removes none."
    )
