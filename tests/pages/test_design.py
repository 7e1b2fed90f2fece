from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from cnnviz.layers import PALETTE
from cnnviz.presets import PRESETS
from cnnviz.ui.workbench import Workbench

OpenPage = Callable[..., AppTest]
LAB = PRESETS["lab-convnet"].architecture


def bench(app: AppTest) -> Workbench:
    kept: Workbench = app.session_state["workbench"]
    return kept


def kinds(app: AppTest) -> list[str]:
    return [layer.kind for layer in bench(app).architecture.layers]


def keyed(app: AppTest, part: str) -> str:
    """The full key of the one widget whose key ends in `part`."""
    widgets = [*app.text_input, *app.number_input, *app.selectbox, *app.toggle]
    (key,) = [w.key for w in widgets if w.key and w.key.endswith(part)]
    return str(key)


def told(app: AppTest, text: str) -> bool:
    """Whether the page says under a widget why its value was refused."""
    return any(":red" in caption.value and text in caption.value for caption in app.caption)


@pytest.fixture
def app(open_page: OpenPage) -> AppTest:
    return open_page("design")


def test_it_opens_with_the_labs_convnet_and_its_code(app: AppTest) -> None:
    assert bench(app).architecture == LAB
    assert "nn.Linear(in_features=880, out_features=100)" in app.code[0].value
    assert any("92,645" in caption.value for caption in app.caption)


def test_a_kernel_edit_changes_in_features_in_the_code(app: AppTest) -> None:
    app.text_input(keyed(app, "-0-kernel_size")).set_value("3").run()
    assert bench(app).architecture == LAB.replaced(0, kernel_size=3)
    assert "in_features=1440" in app.code[0].value


def test_sizes_take_one_number_per_axis(app: AppTest) -> None:
    app.text_input(keyed(app, "-0-kernel_size")).set_value("3, 5").run()
    assert bench(app).architecture.layers[0] == PALETTE["Conv2d"](out_channels=10, kernel_size=(3, 5))


@pytest.mark.parametrize("typed", ["0", "-3", "many", "3, 4, 5", "99999999", "", "1e3", "<b>3</b>"])
def test_a_value_that_cannot_be_is_told_and_changes_nothing(app: AppTest, typed: str) -> None:
    key = keyed(app, "-0-kernel_size")
    app.text_input(key).set_value(typed).run()
    assert not app.exception
    assert bench(app).architecture == LAB
    assert app.text_input(key).value == typed
    assert any("kernel\\_size" in caption.value and ":red" in caption.value for caption in app.caption)
    app.text_input(key).set_value("4").run()
    assert not any(":red" in caption.value for caption in app.caption)


def test_a_layer_that_refuses_is_told_instead_of_code(app: AppTest) -> None:
    app.text_input(keyed(app, "-0-kernel_size")).set_value("30").run()
    assert not app.code
    assert "a window of 30 does not fit a width of 26" in app.warning[0].value


@pytest.mark.parametrize("kind", PALETTE)
def test_every_kind_can_be_added_edited_and_deleted(app: AppTest, kind: str) -> None:
    app.selectbox(keyed(app, "add-0")).select(kind).run()
    assert not app.exception
    assert kinds(app) == ["Conv2d", kind, *[layer.kind for layer in LAB.layers[1:]]]
    assert bench(app).selected == 1
    fields = set(PALETTE[kind].model_fields) - {"kind"}
    drawn = {str(w.key).rsplit("-", 1)[-1] for w in [*app.text_input, *app.number_input, *app.selectbox, *app.toggle]}
    assert fields <= drawn
    app.button("delete").click().run()
    assert bench(app).architecture == LAB


def test_up_down_and_duplicate_act_on_the_selected_layer(app: AppTest) -> None:
    app.button("down").click().run()
    assert kinds(app)[:3] == ["MaxPool2d", "Conv2d", "ReLU"]
    assert bench(app).selected == 1
    app.button("up").click().run()
    assert bench(app).architecture == LAB
    app.button("duplicate").click().run()
    assert kinds(app)[:3] == ["Conv2d", "Conv2d", "MaxPool2d"]


def test_undo_and_redo_walk_through_every_edit(app: AppTest) -> None:
    app.text_input(keyed(app, "-0-kernel_size")).set_value("3").run()
    app.button("delete").click().run()
    assert len(kinds(app)) == 8
    app.button("undo").click().run()
    assert bench(app).architecture == LAB.replaced(0, kernel_size=3)
    assert app.text_input(keyed(app, "-0-kernel_size")).value == "3"
    app.button("undo").click().run()
    assert bench(app).architecture == LAB
    assert app.button("undo").disabled
    app.button("redo").click().run()
    app.button("redo").click().run()
    assert len(kinds(app)) == 8
    assert app.button("redo").disabled


def test_a_deleted_layer_leaves_no_values_to_its_neighbour(app: AppTest) -> None:
    app.button("duplicate").click().run()
    app.number_input(keyed(app, "-1-out_channels")).set_value(77).run()
    app.button("delete").click().run()
    app.selectbox(keyed(app, "selected-2-1")).select(0).run()
    assert app.number_input(keyed(app, "-0-out_channels")).value == 10


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_loaded_and_undone(app: AppTest, name: str) -> None:
    app.button("delete").click().run()
    before = bench(app).architecture
    app.selectbox(keyed(app, "preset-1")).select(name).run()
    assert bench(app).architecture == PRESETS[name].architecture
    app.button("undo").click().run()
    assert bench(app).architecture == before


def test_the_input_shape_can_be_changed_and_nonsense_is_told(app: AppTest) -> None:
    app.text_input(keyed(app, "input-0")).set_value("3, 64, 64").run()
    assert bench(app).architecture.input_shape == (3, 64, 64)
    app.text_input(keyed(app, "input-0")).set_value("wide").run()
    assert bench(app).architecture.input_shape == (3, 64, 64)
    assert told(app, "one to four whole numbers")
    app.run()
    assert told(app, "one to four whole numbers")  # as long as it stands there
    app.text_input(keyed(app, "input-0")).set_value("0, 1").run()
    assert told(app, "should be greater than or equal to 1")
    app.text_input(keyed(app, "input-0")).set_value("3, 9, 9").run()
    assert not told(app, "")


def test_a_refused_value_is_forgotten_with_its_widget(app: AppTest) -> None:
    app.text_input(keyed(app, "-0-kernel_size")).set_value("0").run()
    assert told(app, "greater than or equal to 1")
    app.selectbox(keyed(app, "selected-0-0")).select(1).run()
    app.selectbox(keyed(app, "selected-0-1")).select(0).run()
    assert app.text_input(keyed(app, "-0-kernel_size")).value == "10"
    assert not told(app, "")


def test_an_empty_net_says_what_to_do(app: AppTest) -> None:
    for _ in LAB.layers:
        app.button("delete").click().run()
    assert not app.exception
    assert "add a layer above" in app.info[0].value


def test_the_design_is_found_again_in_a_new_session_of_the_same_student(open_page: OpenPage) -> None:
    first = open_page("design", owner="a" * 32)
    first.text_input(keyed(first, "-0-kernel_size")).set_value("7").run()
    assert bench(open_page("design", owner="a" * 32)).architecture == LAB.replaced(0, kernel_size=7)
    assert bench(open_page("design", owner="b" * 32)).architecture == LAB
