"""Draw, photograph or send a picture, as the sample that the data set would have of it."""

import numpy as np
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from cnnviz.data.arrays import Samples
from cnnviz.data.content import Content
from cnnviz.data.dataset import Dataset
from cnnviz.data.digits import DIGITS
from cnnviz.data.drawing import digit_sample, drawing_sample, is_light, read_drawing
from cnnviz.errors import CnnvizError
from cnnviz.imports.picture_read import read_one_picture
from cnnviz.shapes import numel
from cnnviz.ui.data.cache import RESULTS
from cnnviz.ui.data.content import load_content
from cnnviz.ui.inside.own_results import hold_file, own_result
from cnnviz.ui.widgets.drawing import drawing_area
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.uploader import received_path

DRAW, PHOTOGRAPH, SEND = "Draw", "Take a picture", "Send a file"
LOOKED_AT, MAX_LOOKED_AT_BYTES = 200, 16 * 2**20
"""Samples, and bytes of them, that are looked at, to know their values and whether ink is dark or light."""


def takes_pictures(dataset: Dataset) -> bool:
    """Returns whether a data set holds pictures with values from 0 to 1, grey or in colours."""
    if dataset.axes != ("channel", "height", "width") or dataset.shape[0] not in (1, 3):
        return False
    content = load_content(dataset)

    def look() -> bool:
        some = _first_samples(content)
        return bool(some.min() >= 0 and some.max() <= 1)

    return RESULTS.get(content, "takes-pictures", look)


def _first_samples(content: Content) -> Samples:
    return np.asarray(content.x[: min(LOOKED_AT, max(MAX_LOOKED_AT_BYTES // (4 * numel(content.shape)), 1))])


def own_picture(dataset: Dataset) -> Samples | None:
    """Draws the ways to give a picture, and returns it, (*shape) from 0 to 1; None, with the reason, without one."""
    way = st.segmented_control(
        "Your picture",
        [DRAW, PHOTOGRAPH, SEND],
        default=DRAW,
        required=True,
        key="own-picture-way",
        label_visibility="collapsed",
    )
    content = load_content(dataset)
    light = RESULTS.get(content, "light-pictures", lambda: is_light(_first_samples(content)))
    try:
        if way == PHOTOGRAPH:
            return _read(st.camera_input("Take a picture", key="own-photograph", width=420), dataset, light=light)
        if way == SEND:
            return _read(st.file_uploader("A .png or .jpg file", key="own-file", width=420), dataset, light=light)
        return _drawing(dataset, light=light)
    except CnnvizError as error:
        st.warning(escape_markdown(str(error)), icon=":material/error:")
        return None


def _drawing(dataset: Dataset, *, light: bool) -> Samples | None:
    text = drawing_area(key="own-drawing")
    if not text:
        st.caption("Draw with the mouse, a pen or a finger; with the keyboard, send a file instead.")
        return None
    ink = read_drawing(text)
    if dataset.name == DIGITS.name:
        return digit_sample(ink)
    sample = drawing_sample(ink, dataset.shape)
    return np.asarray(1 - sample if light else sample, np.float32)


def _read(file: UploadedFile | None, dataset: Dataset, *, light: bool) -> Samples | None:
    if file is None:
        return None
    hold_file(file)
    swaps = st.toggle(
        "Swap dark and light",
        value=not light and dataset.shape[0] == 1,
        key=f"own-swap-{dataset.name}",
        help="In this data set, ink is light on a dark ground." if not light else None,
    )
    sample = own_result(
        ("picture", dataset.shape), lambda: read_one_picture(received_path(file), file.name, dataset.shape)
    )
    return np.asarray(1 - sample if swaps else sample, np.float32)
