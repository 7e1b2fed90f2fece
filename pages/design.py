"""Design: stack layers, see every shape, hear advice, take the code."""

import streamlit as st

from cnnviz.ui import bench, counsel, exchange
from cnnviz.ui.state import show_notice

st.title("Design a net")
exchange.open_shared()
bench.toolbar()
show_notice()
remarks = counsel.remarks()
with st.container(horizontal=True, key="room"):
    with st.container(key="canvas"):
        bench.canvas(remarks)
    with st.container(key="side"), st.container(border=True, key="panel"):
        bench.panel()
        counsel.beside(remarks)
counsel.below(remarks)
exchange.exchange()
