"""The lab's printed trace as a worked example."""

import streamlit as st

from cnnviz.calculator.lab import BATCH, printed_trace
from cnnviz.ui.fields import escaped


def worked_trace() -> None:
    """Every line that the lab's net prints, beside the arithmetic that leads to it."""
    for number, line in enumerate(printed_trace()):
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"printed-{number}"):
            with st.container(width=250):
                st.code(line.text, language=None)
            with st.container(width="stretch"):
                for text in line.explained:
                    st.markdown(escaped(text).replace(r"\*\*", "**"))
                if not line.printed:
                    st.caption("Not printed: the lab's last print stands before its last Linear.")
    st.caption(
        f"The batch of {BATCH} stays as it is in every line: a layer does the same to each sample. The third line, the"
        " Dropout's, equals the second, and the sixth equals the fifth: Dropout zeroes values, it removes none."
    )
