"""Designs exported and imported: as PyTorch code, as a file, as a link; exported as ONNX."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st

from cnnviz.architecture import Architecture, find_refusing_step, trace
from cnnviz.errors import CnnvizError, ShapeError
from cnnviz.onnx_export import to_onnx
from cnnviz.settings import Mode, settings
from cnnviz.share import DESIGN_PARAM, from_token, to_token
from cnnviz.source import STYLES, Reading, read_code, to_code
from cnnviz.ui.design.page import EXCHANGE_KEY, EXCHANGE_VIEW_KEY, count_opened_design
from cnnviz.ui.runs.sharing import share_design_form
from cnnviz.ui.state import code_remarks, current_workbench, open_design, save_code_remarks, session_dict
from cnnviz.ui.widgets.fields import attempt, escape_markdown, show_problem
from cnnviz.ui.widgets.notice import notify_done, notify_errors
from cnnviz.ui.widgets.uploader import instant_uploader

SHARE_VIEW = "Share with the class"
"""View that is there on a server for a class alone."""
PASTE_PLACEHOLDER = """model = nn.Sequential(
    nn.Conv2d(1, 10, kernel_size=10),
    nn.MaxPool2d(4),
    nn.ReLU(),
    …
)"""


def open_shared_design() -> None:
    """Opens the design in the address of the page, once; Undo brings the previous design back."""
    token = st.query_params.get(DESIGN_PARAM)
    if token is None:
        return
    del st.query_params[DESIGN_PARAM]
    with notify_errors():
        _open_design(from_token(token), "The design of the link")


@st.fragment(key=EXCHANGE_KEY)
def exchange_panel() -> None:
    """The chosen view of `VIEWS`; none at first, so that an edit need not draw one."""
    names = [name for name in VIEWS if name != SHARE_VIEW or settings().mode == Mode.CLASS]
    view = st.segmented_control("Take it home, bring it back", names, key=EXCHANGE_VIEW_KEY)
    if view:
        VIEWS[view]()


def _code_view() -> None:
    design = current_workbench().architecture
    if _warn_if_refused(design, "The code"):
        return
    style = st.segmented_control(
        "Style",
        list(STYLES),
        format_func=lambda style: STYLES[style].title,
        default="class",
        key="style",
        required=True,
    )
    code = to_code(design, style or "class")
    st.download_button("Download convnet.py", code, "convnet.py", "text/x-python", icon=":material/download:")
    st.code(code, language="python")


def _paste_view() -> None:
    st.caption(
        "A class with `forward` as in the lab, an `nn.Sequential(…)`, or a `Sequential` of Keras. It is read, never"
        " run; if a line cannot be understood, you are told which one. The input shape is that of your design above"
        " unless the code names one."
    )
    st.text_area("PyTorch code", key="paste", height=320, placeholder=PASTE_PLACEHOLDER, max_chars=100_000)
    show_problem("paste")
    _show_remarks()
    st.button("Open this net", icon=":material/input:", on_click=_open_pasted_code, key="read")


def _file_and_link_view() -> None:
    design = current_workbench().architecture
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**As a file**")
        st.download_button(
            "Download design.json", design.to_json(), "design.json", "application/json", icon=":material/download:"
        )
        instant_uploader(
            "Open a design.json",
            name="json",
            kind="json",
            max_megabytes=1,
            read=_open_uploaded_file,
            after_change=_rerun_page,
        )
    with right:
        st.markdown("**As a link**")
        st.caption("The link contains the whole design: whoever opens it gets the design. The server keeps no copy.")
        try:
            st.code(f"{_page_address()}?{DESIGN_PARAM}={to_token(design)}", language=None, wrap_lines=True)
        except CnnvizError as error:
            st.warning(escape_markdown(str(error)), icon=":material/link_off:")


def _onnx_view() -> None:
    design = current_workbench().architecture
    st.caption(
        "The net with its untrained weights as an ONNX file, written by torch's own exporter:"
        " [Netron](https://netron.app) draws it, and other frameworks read it."
    )
    if _warn_if_refused(design, "The export"):
        return
    placeholder = st.empty()
    files: dict[Architecture, bytes] = session_dict("onnx")
    if design not in files:
        files.clear()
        if not placeholder.button("Export as ONNX", icon=":material/deployed_code:", key="make-onnx"):
            return
        try:
            with st.spinner("Exporting …"):
                files[design] = to_onnx(design)
        except CnnvizError as error:
            st.warning(escape_markdown(str(error)), icon=":material/error:")
            return
    placeholder.download_button(
        "Download convnet.onnx", files[design], "convnet.onnx", icon=":material/download:", key="get-onnx"
    )


def _share_view() -> None:
    st.caption("Others find it on their Runs page as it is now, and can copy it. They cannot change yours.")
    share_design_form(current_workbench().architecture)


VIEWS: dict[str, Callable[[], None]] = {
    "PyTorch code": _code_view,
    "Paste code": _paste_view,
    "File and link": _file_and_link_view,
    "ONNX": _onnx_view,
    SHARE_VIEW: _share_view,
}
"""Every form of a design that can be exported or imported, by its label."""


def _warn_if_refused(design: Architecture, what: str) -> bool:
    refused_step = find_refusing_step(trace(design))
    if refused_step:
        st.warning(
            f"{escape_markdown(refused_step.error or '')} {what} appears as soon as every layer fits.",
            icon=":material/build:",
        )
    return refused_step is not None


def _open_design(design: Architecture, what: str) -> None:
    open_design(design)
    count_opened_design()
    notify_done(f"{what} is open. Undo brings your own back.")


def _open_pasted_code() -> None:
    attempt(
        "paste",
        lambda text: _open_reading(str(text), read_code(str(text), current_workbench().architecture.input_shape)),
        _rerun_page,
    )


def _open_reading(text: str, reading: Reading) -> None:
    _open_design(reading.architecture, "The pasted net")
    save_code_remarks(text, reading.remarks)


def _show_remarks() -> None:
    """Draws what to know of the net that was read, for as long as its code stands in the field above."""
    if remarks := code_remarks(st.session_state.get("paste", "")):
        st.info("\n\n".join(map(escape_markdown, remarks)), icon=":material/info:")


def _rerun_page(had_problem: bool) -> None:  # the problem is shown beside the widget, which is drawn with the page
    del had_problem
    st.rerun()


def _open_uploaded_file(path: Path) -> None:
    _open_design(Architecture.from_json(_decode_text(path.read_bytes())), "The design of the file")


def _decode_text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ShapeError("This file is not text; a design is a JSON file in UTF-8.") from None


def _page_address() -> str:
    """Returns the address of this page without its query parameters."""
    parts = urlsplit(st.context.url or "")
    return f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.netloc else ""
