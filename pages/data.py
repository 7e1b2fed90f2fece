"""Data: see, hear and count what a net learns from, prepare it, and bring your own."""

import streamlit as st

from cnnviz.runs.cluster import cluster
from cnnviz.ui import augmenting, dataset, samples, values
from cnnviz.ui.bringing import bring, under_way
from cnnviz.ui.recording import record
from cnnviz.ui.state import show_notice
from cnnviz.ui.student import owner

VIEWS = ("Samples", "Classes", "Values", "Augmentation", "Record yourself", "Bring your own")

st.title("Data: what a net learns from")
show_notice()
if name := st.session_state.pop("to-view", None):
    dataset.brought(name)
with st.container(horizontal=True, vertical_alignment="bottom", key="choice"):
    chosen = dataset.chosen()
    way = dataset.way(chosen)
    dataset.train_button(chosen, way)
dataset.described(chosen)
content = dataset.loaded(chosen)
rows = dataset.split(content, way)
view = st.segmented_control(
    "Look at", VIEWS, default=VIEWS[0], required=True, key="look", bind="query-params", persist_state="session"
)
if view == "Bring your own":
    bring()
    st.stop()
importing = cluster().imports.of(owner())
if importing and importing.active:
    under_way()
if view == "Record yourself":
    record(chosen, content)
elif rows is None:
    st.caption("Choose another way to split, above.")
elif view == "Classes":
    values.classes(chosen, content, rows)
elif view == "Values":
    values.values(content, way)
elif view == "Augmentation":
    augmenting.preview(chosen, content, rows, way)
else:
    samples.grid(chosen, content, rows)
