"""Every control of the Train page changes the run that it starts."""

import math
import re
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from cnnviz.architecture import Architecture
from cnnviz.data import DATASETS
from cnnviz.data.spoken_words import WORDS
from cnnviz.layers import AvgPool2d, Flatten, Linear, LogSoftmax
from cnnviz.presets import PRESETS
from cnnviz.runs.cluster import Cluster
from cnnviz.runs.drafts import Draft
from cnnviz.runs.run import Run, Status
from cnnviz.settings import Settings
from cnnviz.table import parameter_count
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import Point
from cnnviz.training.recommended import RECOMMENDED
from cnnviz.ui.state import SAVED_UNDO_STEPS
from cnnviz.ui.training import settings_form
from cnnviz.ui.workbench import Workbench
from cnnviz.words import format_duration
from tests.pages.conftest import wait_for
from tests.points import without_device_points

OpenPage = Callable[..., AppTest]
DIGITS = PRESETS["digits-convnet"].architecture
SHORT = TrainConfig(dataset="digits", epochs=2)
BUILT_IN = [dataset.title for dataset in DATASETS.values()]


def press_train(app: AppTest, server: Cluster) -> tuple[Run, list[Point]]:
    """Presses Train, waits for the end of the run, and returns it with its points."""
    app.button("train").click().run()
    assert not app.exception
    assert not app.error
    run_id = app.session_state["run"]
    wait_for(lambda: not server.store.run(run_id).active)
    run = server.store.run(run_id)
    assert run
    return run, [point for _, point in server.store.points(run_id)]


def config_widget(widgets: Any, name: str) -> Any:
    """The widget of one field of the configuration."""
    (match,) = [widget for widget in widgets if str(widget.key).startswith(f"config-{name}-")]
    return match


@pytest.fixture
def app(open_page: OpenPage) -> AppTest:
    return open_page("train", workbench=Workbench(DIGITS), config=SHORT)


@pytest.fixture(scope="module")
def plain(server: Cluster) -> list[Point]:
    """The points of a run with nothing changed."""
    run = server.submit("s" + "c" * 31, DIGITS, SHORT)
    wait_for(lambda: not server.store.run(run.id).active)
    return [point for _, point in server.store.points(run.id)]


def test_pressing_train_trains_this_design_with_these_settings(
    app: AppTest, server: Cluster, plain: list[Point]
) -> None:
    run, points = press_train(app, server)
    assert (run.status, run.architecture, run.config) == (Status.DONE, DIGITS, SHORT)
    assert without_device_points(points) == without_device_points(plain)
    app.run()
    assert any("test accuracy" in markdown.value for markdown in app.markdown)


@pytest.mark.parametrize(
    ("control", "value"),
    [("epochs", 3), ("batch_size", 32), ("learning_rate", 0.05), ("momentum", 0.5), ("seed", 7)],
)
def test_each_number_changes_the_run(
    app: AppTest, server: Cluster, plain: list[Point], control: str, value: float
) -> None:
    config_widget(app.text_input, control).set_value(str(value)).run()
    run, points = press_train(app, server)
    assert run.config == SHORT.model_copy(update={control: value})
    assert points != plain


@pytest.mark.parametrize("optimizer", ["Adam", "AdamW"])
def test_the_optimizer_changes_the_run(app: AppTest, server: Cluster, plain: list[Point], optimizer: str) -> None:
    config_widget(app.selectbox, "optimizer").select(optimizer).run()
    assert not any("momentum" in str(widget.key) for widget in app.text_input)
    run, points = press_train(app, server)
    assert run.config.optimizer == optimizer
    assert points != plain


def test_the_loss_changes_the_run(open_page: OpenPage, server: Cluster) -> None:
    scores = DIGITS.remove_layer(len(DIGITS.layers) - 1)
    app = open_page("train", workbench=Workbench(scores), config=SHORT)
    assert config_widget(app.selectbox, "loss").value == "auto"
    usual = press_train(app, server)[1]
    config_widget(app.selectbox, "loss").select("NLLLoss").run()
    run, points = press_train(app, server)
    assert run.config == SHORT.changed(loss="NLLLoss")
    assert points != usual


@pytest.mark.parametrize(("control", "value"), [("learning_rate", -1.0), ("epochs", 0), ("batch_size", 100_000)])
def test_nothing_is_trained_while_a_number_stands_there_that_cannot_be_used(
    app: AppTest, control: str, value: float
) -> None:
    config_widget(app.text_input, control).set_value(str(value)).run()
    assert app.button("train").disabled
    assert "the reason is below the field" in app.warning[0].value
    assert app.session_state["config"] == SHORT
    config_widget(app.text_input, control).set_value(str(getattr(SHORT, control))).run()
    assert not app.button("train").disabled


def test_the_split_changes_the_run(open_page: OpenPage, server: Cluster) -> None:
    small = Architecture(
        input_shape=WORDS.shape, layers=[AvgPool2d(kernel_size=13), Flatten(), Linear(out_features=35), LogSoftmax()]
    )
    config = TrainConfig(dataset="words", epochs=1, batch_size=512, learning_rate=1e-3)
    app = open_page("train", workbench=Workbench(small), config=config)
    assert any("samples like those it has seen" in caption.value for caption in app.caption)
    usual = press_train(app, server)[1]
    config_widget(app.selectbox, "split_kind").select("speaker").run()
    assert any("a voice that it has never heard" in caption.value for caption in app.caption)
    run, points = press_train(app, server)
    assert run.config == config.changed(split_kind="speaker")
    assert points != usual


def test_the_design_changes_the_run(open_page: OpenPage, server: Cluster, plain: list[Point]) -> None:
    wider = DIGITS.update_layer(0, out_channels=8)
    run, points = press_train(open_page("train", workbench=Workbench(wider), config=SHORT), server)
    assert run.architecture == wider
    assert points != plain


def test_the_net_of_the_run_shown_is_not_taken_for_the_one_to_be_trained(open_page: OpenPage, server: Cluster) -> None:
    """The name of the open net stood alone above the curves of a run of another one."""
    app = open_page("train", workbench=Workbench(DIGITS), config=SHORT)
    press_train(app, server)
    app.run()
    preset = PRESETS["digits-convnet"]
    size = f"{len(DIGITS.layers)} layers for 1 × 8 × 8, {parameter_count(DIGITS):,} parameters"
    same = f"A run of the net that is open now: {preset.title}, {size}."
    assert same in [caption.value for caption in app.caption]
    other = DIGITS.update_layer(0, out_channels=5)
    app.session_state["workbench"] = Workbench(other)
    app.run()
    assert f"A run of **another net than the one to be trained next**: {preset.title}, {size}." in [
        caption.value for caption in app.caption
    ]
    (line,) = [each.value for each in app.markdown if "To be trained next" in each.value]
    assert f"{parameter_count(other):,} parameters" in line
    assert preset.title not in line


def test_stop_stops_this_run(open_page: OpenPage, server: Cluster) -> None:
    app = open_page("train", workbench=Workbench(DIGITS), config=TrainConfig(dataset="digits", epochs=1000))
    app.button("train").click().run()
    run_id = app.session_state["run"]
    wait_for(lambda: server.store.points(run_id))
    app.button(f"stop-{run_id}").click().run()
    wait_for(lambda: not server.store.run(run_id).active)
    assert server.store.run(run_id).status == Status.STOPPED
    app.run()
    assert app.button(f"stop-{run_id}").disabled


def test_a_design_that_does_not_fit_is_told_with_two_ways_out(open_page: OpenPage) -> None:
    small = PRESETS["lab-convnet"].architecture.update_layer(0, kernel_size=3).update_layer(1, kernel_size=2)
    app = open_page("train", workbench=Workbench(small), config=SHORT)
    assert app.button("train").disabled
    assert "takes samples of 1 × 99 × 26" in app.warning[0].value
    app.button("fit").click().run()
    assert not app.button("train").disabled
    fitted = app.session_state["workbench"].architecture
    assert fitted.input_shape == (1, 8, 8)
    assert fitted.layers[-2].out_features == 10
    assert isinstance(fitted.layers[-1], LogSoftmax)


def test_what_an_epoch_takes_is_told_before_the_click_and_too_much_is_refused(
    open_page: OpenPage, plain: list[Point], server: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By then the worker has measured its device."""
    app = open_page("train", workbench=Workbench(DIGITS), config=SHORT)
    (told,) = [caption.value for caption in app.caption if "per epoch" in caption.value]
    assert re.match(r"Roughly [\d.]+( to [\d.]+)? s per epoch, [\d.]+( to [\d.]+)? s in all", told)
    run, _ = press_train(app, server)
    app.run()
    measured = format_duration(run.worked / SHORT.epochs)
    assert any(f"About {measured} per epoch, " in caption.value for caption in app.caption)
    monkeypatch.setattr(settings_form, "settings", lambda: Settings(max_turn_seconds=1e-6))
    app.run()
    assert app.button("train").disabled
    assert "during which nobody else could train" in app.warning[0].value


def test_outputs_that_are_no_classes_are_remarked_on_before_and_while_it_trains(
    open_page: OpenPage, server: Cluster
) -> None:
    too_many = DIGITS.update_layer(len(DIGITS.layers) - 2, out_features=35)
    app = open_page("train", workbench=Workbench(too_many), config=SHORT)
    (remark,) = [warning.value for warning in app.warning]
    assert "35 scores for 10 classes" in remark
    press_train(app, server)
    app.run()
    assert sum("35 scores for 10 classes" in warning.value for warning in app.warning) == 2


def test_a_loss_that_stays_at_that_of_guessing_is_remarked_on(app: AppTest, server: Cluster) -> None:
    run, _ = press_train(app, server)
    app.run()
    assert not app.warning
    guessing = [Point(1000 * epoch, epoch, "train", "loss", math.log(10)) for epoch in range(3, 8)]
    server.store.append_points(run.id, guessing)
    app.run()
    assert "The training loss has stayed there for 5 epochs" in app.warning[0].value.replace("\\", "")


def test_a_net_that_another_tab_has_changed_is_not_trained_unseen(open_page: OpenPage, server: Cluster) -> None:
    owner = "s" + "a1" * 15 + "b"
    app = open_page("train", workbench=Workbench(DIGITS), config=SHORT, owner=owner)
    wider = Workbench(DIGITS.update_layer(0, out_channels=8))
    server.drafts.save_draft(owner, Draft(architecture=wider.architecture), server.drafts.draft_version(owner), "newer")
    app.button("train").click().run()
    assert "in another tab" in app.error[0].value
    assert not server.store.runs_of(owner)
    assert any("changed it in another tab" in markdown.value for markdown in app.markdown)
    app.button("train").click().run()
    (run,) = server.store.runs_of(owner)
    assert run.architecture == wider.architecture


def test_the_preset_for_the_data_opens_in_one_click(open_page: OpenPage) -> None:
    app = open_page("train", config=SHORT)
    app.button("open-preset").click().run()
    assert app.session_state["workbench"].architecture == DIGITS
    assert not app.button("train").disabled


def test_the_settings_that_a_preset_was_measured_with_are_put_in_by_one_click(open_page: OpenPage) -> None:
    (training,) = RECOMMENDED["keywords-broadcast"]
    net = Workbench(PRESETS["keywords-broadcast"].architecture)
    app = open_page("train", workbench=net, config=SHORT.changed(seed=5))
    key = f"recommended-{training.title}"
    app.button(key).click().run()
    assert app.session_state["config"] == training.config.changed(seed=5)
    assert config_widget(app.text_input, "epochs").value == str(training.config.epochs)
    assert not app.button("train").disabled
    assert key not in [button.key for button in app.button]


def test_settings_are_found_again_in_a_new_session_of_the_same_student(open_page: OpenPage) -> None:
    first = open_page("train", owner="s" + "e" * 31)
    config_widget(first.text_input, "epochs").set_value("1000").run()
    config_widget(first.text_input, "seed").set_value("5").run()
    again = open_page("train", owner="s" + "e" * 31)
    assert again.session_state["config"] == TrainConfig(epochs=1000, seed=5)
    assert config_widget(again.text_input, "epochs").value == "1000"
    assert open_page("train", owner="s" + "f" * 31).session_state["config"] == TrainConfig()


def test_undo_leads_back_in_a_new_session_of_the_same_student(open_page: OpenPage) -> None:
    first = open_page("train", owner="9" * 32, config=SHORT)
    before = first.session_state["workbench"].architecture
    first.button("open-preset").click().run()
    again = open_page("train", owner="9" * 32).session_state["workbench"]
    assert again.architecture == DIGITS
    assert again.undo().architecture == before


def test_of_the_way_back_only_the_last_designs_are_kept(open_page: OpenPage) -> None:
    workbench = Workbench(DIGITS)
    for channels in range(1, 2 * SAVED_UNDO_STEPS):
        workbench = workbench.edit(DIGITS.update_layer(0, out_channels=channels))
    first = open_page("train", owner="8" * 32, workbench=workbench, config=SHORT)
    first.session_state["workbench"] = workbench.edit(PRESETS["lab-convnet"].architecture)
    first.run()
    first.button("fit").click().run()
    again = open_page("train", owner="8" * 32).session_state["workbench"]
    assert again.past == first.session_state["workbench"].past[-SAVED_UNDO_STEPS:]
    assert len(again.past) == SAVED_UNDO_STEPS


def test_too_many_runs_are_refused_in_a_sentence(open_page: OpenPage, server: Cluster) -> None:
    app = open_page(
        "train", workbench=Workbench(DIGITS), config=TrainConfig(dataset="digits", epochs=1000), owner="s" + "d" * 31
    )
    for _ in range(6):
        app.button("train").click().run()
    assert "as many as this server allows" in app.error[0].value
    for run in server.store.runs_of("s" + "d" * 31):
        server.stop("s" + "d" * 31, run.id, wait=10)


def test_the_labs_convnet_is_fitted_to_digits_and_trains_in_two_clicks(open_page: OpenPage, server: Cluster) -> None:
    app = open_page("train", config=SHORT)
    app.button("fit").click().run()
    fitted = app.session_state["workbench"].architecture
    assert [layer.kind for layer in fitted.layers] == [
        layer.kind for layer in PRESETS["lab-convnet"].architecture.layers
    ]
    assert press_train(app, server)[0].status == Status.DONE
    assert app.session_state["workbench"].undo().architecture == PRESETS["lab-convnet"].architecture


def test_a_net_is_asked_whether_it_can_learn_a_batch_by_heart(open_page: OpenPage) -> None:
    settings = TrainConfig(dataset="digits", optimizer="Adam", learning_rate=0.003)
    app = open_page("train", config=settings, workbench=Workbench(DIGITS))
    app.button("overfit").click().run()
    assert not app.exception
    assert not app.warning
    assert app.success[0].value.startswith("**It can.** All 32 samples are right")


def test_a_net_that_cannot_learn_a_batch_by_heart_is_told_what_to_look_at(open_page: OpenPage) -> None:
    settings = TrainConfig(dataset="digits", learning_rate=1e-8, momentum=0)
    app = open_page("train", config=settings, workbench=Workbench(DIGITS))
    app.button("overfit").click().run()
    assert not app.exception
    (warning,) = [warning.value for warning in app.warning if "by heart" in warning.value or "cannot" in warning.value]
    assert "learning rate far too low" in warning
