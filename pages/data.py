"""Data: see, hear and count what a net learns from, prepare it, and bring your own."""

import streamlit as st

from cnnviz.runs.cluster import cluster
from cnnviz.ui.data import augmentation, page, samples, values
from cnnviz.ui.data.import_progress import import_status_line
from cnnviz.ui.data.recording import recording_view
from cnnviz.ui.data.upload import upload_view
from cnnviz.ui.state import current_owner, take_dataset_to_open
from cnnviz.ui.widgets.notice import show_notice

VIEWS = ("Samples", "Classes", "Values", "Augmentation", "Record yourself", "Bring your own")

st.title("Data: what a net learns from")
show_notice()
if name := take_dataset_to_open():
    page.use_dataset(name)
with st.container(horizontal=True, vertical_alignment="bottom", key="choice"):
    chosen_dataset = page.dataset_picker()
    split_kind = page.split_kind_picker(chosen_dataset)
    page.train_button(chosen_dataset, split_kind)
page.dataset_summary(chosen_dataset)
content = page.load_content(chosen_dataset)
rows = page.show_split(content, split_kind)
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
    recording_view(chosen_dataset, content)
elif rows is None:
    st.caption("Choose another split above.")
elif view == "Classes":
    values.classes_view(chosen_dataset, content, rows)
elif view == "Values":
    values.values_view(content, split_kind)
elif view == "Augmentation":
    augmentation.augmentation_view(chosen_dataset, content, rows, split_kind)
else:
    samples.sample_grid(chosen_dataset, content, rows)
