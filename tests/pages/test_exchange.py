"""Designs in and out on the Design page."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from cnnviz.architecture import Architecture
from cnnviz.presets import PRESETS
from cnnviz.share import to_token
from cnnviz.source import to_code
from cnnviz.ui.design.exchange import VIEWS
from cnnviz.ui.workbench import Workbench

OpenPage = Callable[..., AppTest]
LAB = PRESETS["lab-convnet"].architecture
OTHER = PRESETS["keywords-four-blocks"].architecture
REFUSED = LAB.update_layer(0, kernel_size=50)


def design(app: AppTest) -> Architecture:
    workbench: Workbench = app.session_state["workbench"]
    return workbench.architecture


def view(app: AppTest, name: str) -> AppTest:
    app.segmented_control("view").set_value(name).run()
    assert not app.exception
    return app


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize(
    "architecture", [LAB, REFUSED, Architecture(input_shape=(3,))], ids=["lab", "refused", "empty"]
)
def test_every_view_opens_for_every_design(open_page: OpenPage, name: str, architecture: Architecture) -> None:
    app = view(open_page("design", workbench=Workbench(architecture)), name)
    refused = architecture is REFUSED and name in ("PyTorch code", "ONNX")
    assert any("as soon as every layer fits" in warning.value for warning in app.warning) == refused


def test_the_code_comes_in_two_styles(open_page: OpenPage) -> None:
    app = view(open_page("design"), "PyTorch code")
    assert app.code[0].value == to_code(LAB, "class").strip()
    app.segmented_control("style").set_value("sequential").run()
    assert app.code[0].value == to_code(LAB, "sequential").strip()


def test_pasted_code_is_opened_and_can_be_undone(open_page: OpenPage) -> None:
    app = view(open_page("design"), "Paste code")
    app.text_area("paste").set_value(to_code(OTHER, "sequential")).run()
    app.button("read").click().run()
    assert design(app) == OTHER
    assert [toast.value for toast in app.toast] == ["The pasted net is open. Undo brings your own back."]
    assert app.session_state["canvas"]["opened"] == 1
    assert app.session_state["workbench"].undo().architecture == LAB


def test_what_the_code_does_and_a_design_does_not_is_told_until_the_code_changes(open_page: OpenPage) -> None:
    app = view(open_page("design"), "Paste code")
    text = (
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.relu = nn.ReLU()\n"
        "        self.spare = nn.Linear(9, 9)\n\n    def forward(self, x):\n        return self.relu(x)"
    )
    app.text_area("paste").set_value(text).run()
    app.button("read").click().run()
    assert [layer.kind for layer in design(app).layers] == ["ReLU"]
    assert any(r"self.spare \(nn.Linear, line 5\)" in info.value for info in app.info)
    app.text_area("paste").set_value("").run()
    assert not any("self.spare" in info.value for info in app.info)


def test_pasted_code_that_is_not_understood_is_told_with_its_line(open_page: OpenPage) -> None:
    app = view(open_page("design"), "Paste code")
    app.text_area("paste").set_value("model = nn.Sequential(\n    nn.Linear(2574, 35),\n    nn.LSTM(3, 4),\n)").run()
    app.button("read").click().run()
    assert design(app) == LAB
    assert any("Line 3" in markdown.value and ":red" in markdown.value for markdown in app.markdown)
    assert "nn.LSTM" in app.text_area("paste").value


def test_the_net_is_exported_as_onnx_until_it_is_edited(open_page: OpenPage) -> None:
    app = view(open_page("design"), "ONNX")
    app.button("make-onnx").click().run(timeout=90)
    assert not app.exception
    ((exported, content),) = app.session_state["onnx"].items()
    assert exported == LAB
    assert b"/conv1/Conv" in content
    app.text_input("input-0").set_value("1, 99, 27").run()
    assert app.button("make-onnx")


def test_the_link_carries_the_design(open_page: OpenPage) -> None:
    app = view(open_page("design"), "File and link")
    assert app.code[0].value.endswith(f"?design={to_token(LAB)}")


def opened_by_link(open_page: OpenPage, token: str) -> AppTest:
    app = open_page("design")
    app.query_params["design"] = token
    app.run()
    assert not app.exception
    return app


def test_a_link_opens_its_design_once(open_page: OpenPage) -> None:
    app = opened_by_link(open_page, to_token(OTHER))
    assert design(app) == OTHER
    assert "design" not in app.query_params
    assert app.session_state["workbench"].undo().architecture == LAB


@pytest.mark.parametrize("damage", [lambda t: t[:-3], lambda t: t[:20] + "A" + t[21:], lambda _: "", lambda _: "%00"])
def test_a_damaged_link_is_told_and_changes_nothing(open_page: OpenPage, damage: Callable[[str], str]) -> None:
    app = opened_by_link(open_page, damage(to_token(OTHER)))
    assert design(app) == LAB
    assert "link" in app.error[0].value.lower()


def test_a_json_file_is_opened(open_page: OpenPage) -> None:
    app = view(open_page("design"), "File and link")
    app.file_uploader[0].upload("design.json", OTHER.to_json().encode(), "application/json").run()
    assert design(app) == OTHER


def test_a_file_of_another_kind_is_told_which_one_is_taken(open_page: OpenPage) -> None:
    """Streamlit says “text/csv files are not allowed.”, and “Error: files are not allowed.” of some."""
    app = view(open_page("design"), "File and link")
    app.file_uploader[0].upload("marks.csv", OTHER.to_json().encode(), "text/csv").run()
    assert design(app) == LAB
    sentence = "“marks.csv” is not taken here: its name does not end in .json. Choose a .json file."
    assert any(sentence in markdown.value.replace("\\", "") for markdown in app.markdown)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"\xff\xfe\x00", "UTF-8"), (b"[", "cannot be read"), (b'{"input_shape": [0]}', "cannot be read")],
)
def test_a_file_that_is_no_design_is_told(open_page: OpenPage, content: bytes, sentence: str) -> None:
    app = view(open_page("design"), "File and link")
    app.file_uploader[0].upload("design.json", content, "application/json").run()
    assert design(app) == LAB
    assert any(sentence in markdown.value and ":red" in markdown.value for markdown in app.markdown)
