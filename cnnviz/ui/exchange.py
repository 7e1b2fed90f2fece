"""Designs in and out: PyTorch code both ways, a file, a link, ONNX."""

from collections.abc import Callable
from urllib.parse import urlsplit

import streamlit as st

from cnnviz.architecture import Architecture, refusal, trace
from cnnviz.errors import CnnvizError, ShapeError
from cnnviz.export import to_onnx
from cnnviz.share import from_link, to_link
from cnnviz.source import STYLES, from_code, to_code
from cnnviz.ui.bench import EXCHANGE, VIEW
from cnnviz.ui.fields import attempt, escaped, show_problem
from cnnviz.ui.state import keep_workbench, told, workbench
from cnnviz.ui.workbench import FIRST

LINK = "design"
"""The query parameter that carries a design."""
PASTE_HINT = """model = nn.Sequential(
    nn.Conv2d(1, 10, kernel_size=10),
    nn.MaxPool2d(4),
    nn.ReLU(),
    …
)"""


def open_shared() -> None:
    """Open the design that the page's address carries, once; what was there before comes back by Undo."""
    token = st.query_params.get(LINK)
    if token is None:
        return
    del st.query_params[LINK]
    with told():
        _open(from_link(token), "The design of the link")


@st.fragment(key=EXCHANGE)
def exchange() -> None:
    """One of the ways in and out, as chosen; none at first, so that an edit need not draw it."""
    view = st.segmented_control("Take it home, bring it back", list(VIEWS), key=VIEW)
    if view:
        VIEWS[view]()


def _code() -> None:
    design = workbench().architecture
    if _refused(design, "The code"):
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


def _paste() -> None:
    st.caption(
        "A class with `forward` as in the lab, or an `nn.Sequential(…)`. It is read, never run; what is not understood"
        " is named with its line. The input shape is that of your design above unless the code names one."
    )
    st.text_area("PyTorch code", key="paste", height=320, placeholder=PASTE_HINT, max_chars=100_000)
    show_problem("paste")
    st.button("Open this net", icon=":material/input:", on_click=_read, key="read")


def _file() -> None:
    design = workbench().architecture
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**As a file**")
        st.download_button(
            "Download design.json", design.to_json(), "design.json", "application/json", icon=":material/download:"
        )
        generation = st.session_state.setdefault("json-generation", 0)
        st.file_uploader(
            "Open a design.json", type="json", key=f"json-{generation}", on_change=_upload, max_upload_size=1
        )
        show_problem(f"json-{generation}")
    with right:
        st.markdown("**As a link**")
        st.caption(
            "The whole design is in the address: whoever opens it has it. The server keeps no copy for the link."
        )
        try:
            st.code(f"{_address()}?{LINK}={to_link(design)}", language=None, wrap_lines=True)
        except CnnvizError as error:
            st.warning(escaped(str(error)), icon=":material/link_off:")


def _onnx() -> None:
    design = workbench().architecture
    st.caption(
        "The net with its untrained weights as an ONNX file, by torch's own exporter:"
        " [Netron](https://netron.app) draws it, and other frameworks read it."
    )
    if _refused(design, "The export"):
        return
    place = st.empty()
    made = st.session_state.get("onnx")
    if not made or made[0] != design:
        st.session_state.pop("onnx", None)
        if not place.button("Export as ONNX", icon=":material/deployed_code:", key="make-onnx"):
            return
        try:
            with st.spinner("Exporting …"):
                made = design, to_onnx(design)
        except CnnvizError as error:
            st.warning(escaped(str(error)), icon=":material/error:")
            return
        st.session_state["onnx"] = made  # the last one alone
    place.download_button("Download convnet.onnx", made[1], "convnet.onnx", icon=":material/download:", key="get-onnx")


VIEWS: dict[str, Callable[[], None]] = {
    "PyTorch code": _code,
    "Paste code": _paste,
    "File and link": _file,
    "ONNX": _onnx,
}
"""Every way in or out by what it is called."""


def _refused(design: Architecture, what: str) -> bool:
    refused = refusal(trace(design))
    if refused:
        st.warning(
            f"{escaped(refused.error or '')} {what} appears as soon as every layer fits.", icon=":material/build:"
        )
    return refused is not None


def _open(design: Architecture, what: str) -> None:
    keep_workbench(workbench().restructured(design, FIRST))
    st.toast(f"{what} is open. Undo brings your own back.", icon=":material/input:")


def _read() -> None:
    attempt(
        "paste",
        lambda text: _open(from_code(str(text), workbench().architecture.input_shape), "The pasted net"),
        _opened,
    )


def _opened(told: bool) -> None:  # the reason is told beside the widget, which is drawn with the rest
    del told
    st.rerun()


def _upload() -> None:
    generation = st.session_state["json-generation"]
    key = f"json-{generation}"
    if st.session_state[key] is None:
        return
    attempt(key, lambda file: _open(Architecture.from_json(_text(file.getvalue())), "The design of the file"), _taken)  # type: ignore[attr-defined]


def _taken(told: bool) -> None:
    if not told:
        st.session_state["json-generation"] += 1  # an empty uploader: the file is not kept
    st.rerun()


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ShapeError("This file is no text; a design is a JSON file in UTF-8.") from None


def _address() -> str:
    """The address of this page without what it carries."""
    parts = urlsplit(st.context.url or "")
    return f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.netloc else ""
