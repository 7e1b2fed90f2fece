from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from cnnviz.architecture import Architecture
from cnnviz.layers import PALETTE, Block, Residual
from cnnviz.presets import PRESETS
from cnnviz.runs.cluster import Cluster
from cnnviz.ui.server import FOLDER_GONE_MESSAGE, UNSAVED_MESSAGE
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.workbench import Workbench
from tests.pages.conftest import ROOT

OpenPage = Callable[..., AppTest]
LAB = PRESETS["lab-convnet"].architecture


def open_at(open_page: OpenPage, *path: int, design: Architecture = LAB) -> AppTest:
    """The Design page with one layer selected, as a click on the canvas does it."""
    return open_page("design", workbench=Workbench(design, selected=(path,)))


def current_workbench(app: AppTest) -> Workbench:
    workbench: Workbench = app.session_state["workbench"]
    return workbench


def kinds(app: AppTest) -> list[str]:
    return [layer.kind for layer in current_workbench(app).architecture.layers]


def key_of(app: AppTest, part: str) -> str:
    """The full key of the one widget whose key ends in `part`."""
    widgets = [*app.text_input, *app.selectbox, *app.toggle]
    (key,) = [w.key for w in widgets if w.key and w.key.endswith(part)]
    return str(key)


def code(app: AppTest) -> str:
    app.run()  # an edit has run the canvas alone
    app.segmented_control("view").set_value("PyTorch code").run()
    return str(app.code[0].value)


def net_name(app: AppTest) -> str:
    """What the page says above the canvas of the net that is open."""
    return next(str(text.value) for text in app.markdown if text.value.startswith("**Open: "))


def shows_reason(app: AppTest, text: str) -> bool:
    """Whether the page says under a widget why its value was refused."""
    return any(":red" in caption.value and text in caption.value for caption in app.markdown)


@pytest.fixture
def app(open_page: OpenPage) -> AppTest:
    return open_page("design")


def test_it_opens_with_the_labs_convnet_and_its_code(app: AppTest) -> None:
    assert current_workbench(app).architecture == LAB
    assert any("1 · Conv2d" in heading.value for heading in app.markdown)
    assert net_name(app).startswith("**Open: The lab's ConvNet.**")
    assert "nn.Linear(in_features=880, out_features=100)" in code(app)


def test_a_kernel_edit_changes_in_features_in_the_code(app: AppTest) -> None:
    app.text_input(key_of(app, "-1-kernel_size")).set_value("3").run()
    assert current_workbench(app).architecture == LAB.update_layer(0, kernel_size=3)
    assert "in_features=1440" in code(app)


def test_sizes_take_one_number_per_axis(app: AppTest) -> None:
    app.text_input(key_of(app, "-1-kernel_size")).set_value("3, 5").run()
    assert current_workbench(app).architecture.layers[0] == PALETTE["Conv2d"](out_channels=10, kernel_size=(3, 5))


@pytest.mark.parametrize("typed", ["0", "-3", "many", "3, 4, 5", "99999999", "", "1e3", "<b>3</b>"])
def test_a_value_that_cannot_be_is_told_and_changes_nothing(app: AppTest, typed: str) -> None:
    key = key_of(app, "-1-kernel_size")
    app.text_input(key).set_value(typed).run()
    assert not app.exception
    assert current_workbench(app).architecture == LAB
    assert app.text_input(key).value == typed
    assert any("kernel\\_size" in caption.value and ":red" in caption.value for caption in app.markdown)
    app.text_input(key).set_value("4").run()
    assert not any(":red" in caption.value for caption in app.markdown)


def test_a_layer_that_refuses_is_told_instead_of_code(app: AppTest) -> None:
    app.text_input(key_of(app, "-1-kernel_size")).set_value("30").run()
    app.run()
    app.segmented_control("view").set_value("PyTorch code").run()
    assert not app.code
    assert "a window of 30 does not fit a width of 26" in app.warning[0].value


@pytest.mark.parametrize("kind", PALETTE)
def test_the_panel_has_a_field_for_every_parameter(open_page: OpenPage, kind: str) -> None:
    fresh = PALETTE[kind].default((1, 99, 26))
    app = open_at(open_page, 0, design=LAB.insert_layer(0, fresh))
    fields = set() if isinstance(fresh, Block) else set(PALETTE[kind].model_fields) - {"kind"}
    drawn_fields = {str(w.key).rsplit("-", 1)[-1] for w in [*app.text_input, *app.selectbox, *app.toggle]}
    assert fields <= drawn_fields


def test_a_layer_in_a_block_is_edited_in_the_panel(open_page: OpenPage) -> None:
    block = Residual.default((10, 22, 4))
    app = open_at(open_page, 2, 0, 0, design=LAB.insert_layer(2, block))
    app.text_input(key_of(app, "-kernel_size")).set_value("5").run()
    edited = current_workbench(app).architecture.layer_at((2, 0, 0))
    assert edited == block.layers[0].model_copy(update={"kernel_size": 5})


def test_several_or_no_selected_layers_are_told(open_page: OpenPage) -> None:
    two = open_page("design", workbench=Workbench(LAB, selected=((0,), (1,))))
    assert any("2 layers are selected" in caption.value for caption in two.caption)
    none = open_page("design", workbench=Workbench(LAB, selected=()))
    assert any("Select a layer" in caption.value for caption in none.caption)


def test_axes_apart_take_a_number_each(open_page: OpenPage) -> None:
    app = open_at(open_page, 0)
    app.toggle(key_of(app, "apart-0-1")).set_value(True).run()
    app.text_input(key_of(app, "-kernel_size-width")).set_value("3").run()
    app.run()
    assert current_workbench(app).architecture.layers[0] == PALETTE["Conv2d"](out_channels=10, kernel_size=(10, 3))
    app.text_input(key_of(app, "-stride-height")).set_value("0").run()
    assert shows_reason(app, "greater than or equal to 1")
    pool = open_at(open_page, 1)
    pool.toggle(key_of(pool, "apart-0-2")).set_value(True).run()
    assert pool.text_input(key_of(pool, "-stride-height")).value == ""
    pool.text_input(key_of(pool, "-stride-height")).set_value("2").run()
    pool.run()
    assert current_workbench(pool).architecture.layers[1] == PALETTE["MaxPool2d"](kernel_size=4, stride=2)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_loaded_and_undone(app: AppTest, name: str) -> None:
    app.selectbox(key_of(app, "preset-0")).select(name).run()
    assert current_workbench(app).architecture == PRESETS[name].architecture
    assert escape_markdown(PRESETS[name].title) in net_name(app)
    app.text_input(key_of(app, "input-1")).set_value("3, 50, 60").run()
    assert net_name(app).startswith("**Open: a net of your own**")
    app.session_state["workbench"] = current_workbench(app).undo()
    assert current_workbench(app).undo().architecture == LAB


def test_the_input_shape_can_be_changed_and_nonsense_is_told(app: AppTest) -> None:
    app.text_input(key_of(app, "input-0")).set_value("3, 64, 64").run()
    assert current_workbench(app).architecture.input_shape == (3, 64, 64)
    app.text_input(key_of(app, "input-0")).set_value("wide").run()
    assert current_workbench(app).architecture.input_shape == (3, 64, 64)
    assert shows_reason(app, "one to four whole numbers")
    app.run()
    assert shows_reason(app, "one to four whole numbers")  # as long as it stands there
    app.text_input(key_of(app, "input-0")).set_value("0, 1").run()
    assert shows_reason(app, "should be greater than or equal to 1")
    app.text_input(key_of(app, "input-0")).set_value("3, 9, 9").run()
    assert not shows_reason(app, "")


def test_the_design_is_found_again_in_a_new_session_of_the_same_student(open_page: OpenPage) -> None:
    first = open_page("design", owner="s" + "a" * 31)
    first.text_input(key_of(first, "-1-kernel_size")).set_value("7").run()
    assert current_workbench(open_page("design", owner="s" + "a" * 31)).architecture == LAB.update_layer(
        0, kernel_size=7
    )
    assert current_workbench(open_page("design", owner="s" + "b" * 31)).architecture == LAB


def test_a_data_directory_that_is_gone_is_told_in_the_frame_of_every_page(
    server: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    for gone in (True, False):
        monkeypatch.setattr(Cluster, "folder_is_gone", gone)
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
        assert [error.value for error in app.error] == [FOLDER_GONE_MESSAGE] * gone


def test_what_is_not_written_yet_is_told(server: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.drafts, "is_unsaved", lambda owner: True)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert UNSAVED_MESSAGE in [warning.value for warning in app.warning]
