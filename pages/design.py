"""Design: stack layers, see every shape, get advice, take the code home."""

import streamlit as st

from cnnviz.ui.design import exchange, page
from cnnviz.ui.widgets.notice import show_notice

st.title("Design a net")
exchange.open_shared_design()
page.toolbar()
show_notice()
with st.container(horizontal=True, key="room"):
    with st.container(key="canvas"):
        page.canvas()
    with st.container(border=True, key="side"):
        page.layer_panel()
exchange.exchange_panel()
