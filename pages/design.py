"""Design: stack layers, see every shape, hear advice, take the code."""

import streamlit as st

from cnnviz.ui import bench, exchange
from cnnviz.ui.state import show_notice

st.title("Design a net")
exchange.open_shared()
bench.toolbar()
show_notice()
with st.container(horizontal=True, key="room"):
    with st.container(key="canvas"):
        bench.canvas()
    with st.container(border=True, key="side"):
        bench.panel()
exchange.exchange()
