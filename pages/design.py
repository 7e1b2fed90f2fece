"""Design: stack layers, see every shape, hear advice, take the code."""

import streamlit as st

from cnnviz.errors import ShapeError
from cnnviz.source import to_code
from cnnviz.ui import bench, counsel
from cnnviz.ui.fields import escaped
from cnnviz.ui.state import show_notice, workbench

st.title("Design a net")
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
st.subheader("The same net in PyTorch")
try:
    code = to_code(workbench().architecture)
except ShapeError as error:
    st.warning(f"{escaped(str(error))} The code appears as soon as every layer fits.", icon=":material/build:")
else:
    st.download_button("Download convnet.py", code, "convnet.py", "text/x-python", icon=":material/download:")
    st.code(code, language="python")
