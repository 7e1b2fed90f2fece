"""Data: see, hear and count what a net learns from, prepare it, and bring your own."""

import streamlit as st

from cnnviz.runs.cluster import cluster
from cnnviz.ui.data import augmentation, chosen_dataset, samples, values
from cnnviz.ui.data.content import load_content
from cnnviz.ui.data.import_progress import import_status_line
from cnnviz.ui.data.recording import recording_view
from cnnviz.ui.data.upload import upload_view
from cnnviz.ui.state import current_owner, take_dataset_to_open
from cnnviz.ui.widgets.notice import show_notice

VIEWS = ("Samples", "Classes", "Values", "Augmentation", "Record yourself", "Bring your own")

st.title("Data: what a net learns from")
show_notice()
if name := take_dataset_to_open():
    chosen_dataset.use_dataset(name)
with st.container(horizontal=True, vertical_alignment="bottom", key="choice"):
    dataset = chosen_dataset.dataset_picker()
    split_kind = chosen_dataset.split_kind_picker(dataset)
    chosen_dataset.train_button(dataset, split_kind)
chosen_dataset.dataset_summary(dataset)
content = load_content(dataset)
rows = chosen_dataset.show_split(content, split_kind)
view = st.segmented_control(
    "Look at", VIEWS, default=VIEWS[0], required=True, key="look", bind="query-params", persist_state="session"
)
if view == "Bring your own":
    upload_view()
    st.stop()
current_import = cluster().imports.progress_of(current_owner())
if current_import and current_import.active:
    import_status_line()
if view == "Record yourself":
    recording_view(dataset, content)
elif rows is None:
    st.caption("Choose another split above.")
elif view == "Classes":
    values.classes_view(dataset, content, rows)
elif view == "Values":
    values.values_view(content, split_kind)
elif view == "Augmentation":
    augmentation.augmentation_view(dataset, content, rows, split_kind)
else:
    samples.sample_grid(dataset, content, rows)
