"""The page of one run: what it reached, its verdict, its mistakes, and the files that it leaves in."""

import io
import re
import secrets
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cnnviz.digests import add_digest
from cnnviz.insight.label_issues import find_label_issues
from cnnviz.insight.predictions import Predictions
from cnnviz.insight.run_summary import RunSummary
from cnnviz.runs.archives import read_archive, read_predictions
from cnnviz.runs.cluster import Cluster
from cnnviz.runs.run import Run, Status
from cnnviz.runs.score import Score
from cnnviz.secret_key import new_owner
from cnnviz.settings import settings
from cnnviz.takehome.pack import pack
from cnnviz.takehome.unpack import unpack
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import Point
from cnnviz.ui.result.downloads import FILES_KEY
from tests.designs import NET
from tests.pages.conftest import wait_for
from tests.takehome.run_archives import trained_archive

OpenPage = Callable[..., AppTest]


@pytest.fixture(scope="module")
def anna() -> str:
    return new_owner()


@pytest.fixture(scope="module")
def ended(server: Cluster, anna: str) -> Run:
    """A run of the digits, trained to its end."""
    run = server.submit(anna, NET, TrainConfig(dataset="digits", epochs=4, learning_rate=1e-3))
    wait_for(lambda: server.run(anna, run.id).status == Status.DONE)
    wait_for(lambda: server.store.predictions(run.id))
    return server.run(anna, run.id)


def view(app: AppTest, name: str, key: str = "result-view") -> AppTest:
    app.session_state[key] = name
    app.run()
    assert not app.exception
    return app


def test_without_a_run_the_page_says_what_will_stand_there(open_page: OpenPage) -> None:
    assert any("shows one of your runs in detail" in info.value for info in open_page("result").info)


def test_the_numbers_of_a_run_are_those_that_it_reached(open_page: OpenPage, anna: str, ended: Run) -> None:
    app = open_page("result", owner=anna, run=ended.id)
    metrics = {metric.label: metric.value for metric in app.metric}
    assert ended.score.accuracy
    assert metrics["Validation"] == f"{ended.score.accuracy:.3f}"
    assert metrics["Test"] == f"{ended.score.test:.3f}"
    assert metrics["Best epoch"] == str(ended.score.best_epoch)


def test_a_verdict_opens_the_changed_settings_on_the_train_page(
    server: Cluster, open_page: OpenPage, anna: str, ended: Run
) -> None:
    app = open_page("result", owner=anna, run=ended.id)
    assert any("What to try" in markdown.value for markdown in app.markdown)
    button = next(button for button in app.button if button.label == "Train for 8 epochs")
    button.click().run()
    assert not app.exception
    assert app.session_state["config"].epochs == 8
    assert app.session_state["workbench"].architecture == NET
    assert server.drafts.origin(anna) == ended.id, "what is trained next starts from this run"


def test_a_verdict_knows_on_how_many_samples_the_accuracies_were_measured(ended: Run) -> None:
    def script() -> None:
        import streamlit as st  # noqa: PLC0415 (runs on its own)

        from cnnviz.ui.result.verdicts import summarize_run  # noqa: PLC0415

        st.session_state["summary"] = summarize_run(st.session_state["run"])

    app = AppTest.from_function(script)
    app.session_state["run"] = ended
    app.run()
    assert not app.exception
    summary: RunSummary = app.session_state["summary"]
    assert (summary.part_sizes, summary.classes) == ((1437, 180, 180), 10)  # 80, 10 and 10 % of 1,797 digits
    assert summary.test_accuracy == ended.score.test
    assert summary.axes == ("channel", "height", "width")
    assert summary.split_kind == "random"


def test_every_view_of_the_mistakes_can_be_looked_at(open_page: OpenPage, anna: str, ended: Run) -> None:
    app = view(open_page("result", owner=anna, run=ended.id), "Mistakes")
    assert ended.score.test
    assert any(f"{round(180 * ended.score.test)} of 180 test samples are right" in each.value for each in app.caption)
    cells = next(box for box in app.selectbox if box.label == "Cell")
    assert sum(int(option.partition(" × ")[0]) for option in cells.options) == 180
    shown = next(option for option in cells.options if option.endswith("× 3, recognised"))
    cells.select(shown).run()
    assert shown in [heading.value for heading in app.subheader]
    for name in ("Classes", "Samples", "Certainty"):
        view(app, name, "closer-view")
    claims = ("overconfident", "underconfident", "well calibrated")
    assert any(claim in each.value for claim in claims for each in app.caption)
    view(app, "Classes", "closer-view")
    assert set(app.dataframe[0].value["class"]) == set("0123456789")


@pytest.mark.parametrize("reason", ["Labels", "Training labels", "Near duplicates", "Unlike the others"])
def test_doubtful_samples_are_shown_with_what_they_cover(
    server: Cluster, open_page: OpenPage, anna: str, ended: Run, reason: str
) -> None:
    app = view(open_page("result", owner=anna, run=ended.id), "Doubtful samples")
    view(app, reason, "doubt-view")
    captions = " ".join(caption.value for caption in app.caption)
    if reason == "Labels":
        predictions = read_predictions(server.store, ended)
        assert predictions is not None
        count = len(find_label_issues(predictions.probabilities, predictions.y).wrong)
        assert any(f"of {len(predictions.y):,} to look at" in text.value for text in app.subheader)
        assert app.subheader[-1].value.startswith(f"{count} label")
        assert "covers the test part alone" in captions
    elif reason == "Training labels":
        assert any("of 1,437 to look at" in text.value for text in app.subheader)
    else:
        assert "All 1,797 samples are compared" in captions
        assert sum(button.label == "Look inside at this one" for button in app.button) == 24


def test_a_doubtful_training_sample_is_left_out_of_the_next_run(open_page: OpenPage, anna: str, ended: Run) -> None:
    app = view(open_page("result", owner=anna, run=ended.id, config=ended.config), "Doubtful samples")
    view(app, "Unlike the others", "doubt-view")
    box = next(box for box in app.checkbox if box.label == "Leave out")
    index = int(box.key.split("-")[-2])
    kept = next(box for box in app.checkbox if box.label == "Not trained on")
    assert kept.disabled
    box.check().run()
    assert not app.exception
    assert app.session_state["config"].left_out == (index,)
    app.switch_page("pages/train.py").run()
    assert any(f"**1 sample left out** of the training part: {index}." in text.value for text in app.caption)
    app.button(key="take-in").click().run()
    assert app.session_state["config"].left_out == ()


def test_where_train_has_another_data_set_that_of_the_doubtful_samples_is_one_click(
    open_page: OpenPage, anna: str, ended: Run
) -> None:
    app = view(open_page("result", owner=anna, run=ended.id, config=TrainConfig()), "Doubtful samples")
    view(app, "Unlike the others", "doubt-view")
    app.button(key="left-out-train").click().run()
    assert not app.exception
    assert app.session_state["config"].dataset == ended.config.dataset
    assert app.title[0].value == "Train it and watch"


def test_predictions_of_samples_that_are_gone_are_told_without_them(
    server: Cluster, open_page: OpenPage, anna: str
) -> None:
    score = Score(epoch=1, best_epoch=1, accuracy=0.5, loss=1.0, test=2 / 3)
    run = replace(trained_run(anna), config=TrainConfig(dataset="gone"), score=score)
    server.store.add_run(run)
    y = np.array([0, 1, 1])
    server.store.save_predictions(run.id, Predictions(np.eye(2, dtype=np.float32)[[0, 1, 0]], y, ()).to_bytes())
    app = view(open_page("result", owner=anna, run=run.id), "Mistakes")
    view(app, "Samples", "closer-view")
    assert any("cannot be shown" in each.value for each in app.caption)
    for reason in ("Labels", "Training labels", "Near duplicates", "Unlike the others"):
        app.session_state["result-view"] = "Doubtful samples"
        view(app, reason, "doubt-view")
        assert any("cannot be shown" in each.value for each in app.caption) or reason == "Labels"


def test_a_run_that_was_not_tested_says_so(server: Cluster, open_page: OpenPage, anna: str) -> None:
    run = trained_run(anna)
    server.store.add_run(run)
    app = view(open_page("result", owner=anna, run=run.id), "Mistakes")
    assert any("A net is tested once" in info.value for info in app.info)


def test_what_older_weights_were_tested_with_is_not_told_of_better_ones(
    server: Cluster, open_page: OpenPage, anna: str, ended: Run, tmp_path: Path
) -> None:
    """Trained further and stopped before its test, a run showed the old test beside the new weights."""
    better = [Point(10_000, 99, "validation", metric, value) for metric, value in (("loss", 0.0), ("accuracy", 1.0))]
    (tmp_path / "run.zip").write_bytes(pack(read_archive(server.store, ended), {}))
    run = server.library.import_zip(anna, "cpu", tmp_path / "run.zip")
    server.store.save_predictions(run.id, server.store.predictions(ended.id) or b"")
    assert server.run(anna, run.id).score.test == ended.score.test
    server.store.append_points(run.id, better)
    app = open_page("result", owner=anna, run=run.id)
    assert {metric.label: metric.value for metric in app.metric}["Test"] == "—"
    view(app, "Mistakes")
    assert any("A net is tested once" in info.value for info in app.info)


def test_a_paused_run_is_not_taken_home_yet(server: Cluster, open_page: OpenPage, anna: str) -> None:
    run = replace(trained_run(anna), status=Status.PAUSED)
    server.store.add_run(run)
    app = view(open_page("result", owner=anna, run=run.id), "Take it home")
    assert any("downloaded once it has ended" in info.value for info in app.info)
    for name in ("Try a change", "Is it luck?"):
        view(app, name)
        assert any("Once this run has ended" in info.value for info in app.info)


def trained_run(owner: str) -> Run:
    config = TrainConfig(dataset="digits")
    return Run(secrets.token_hex(16), owner, "cpu", NET, config, Status.STOPPED, 1.0)


def test_a_run_is_made_into_files_that_can_be_downloaded(open_page: OpenPage, anna: str, ended: Run) -> None:
    app = view(open_page("result", owner=anna, run=ended.id), "Take it home")
    app.button(key=f"make-all-{ended.id}").click().run()
    assert not app.exception
    ((key, file),) = app.session_state[FILES_KEY].items()
    assert key[:2] == ("all", ended.id)
    zip_content = file.read()
    with zipfile.ZipFile(io.BytesIO(zip_content)) as archive:
        assert {"train.py", "report.html", "model.onnx", "points.csv", "run.json"} <= set(archive.namelist())
    archive_of_run = unpack(zip_content, settings())
    assert archive_of_run.predictions
    assert float((archive_of_run.predictions.predicted == archive_of_run.predictions.y).mean()) == ended.score.test


def test_files_of_a_run_wait_side_by_side(open_page: OpenPage, anna: str, ended: Run) -> None:
    """The download of the samples was gone once another file was made."""
    app = view(open_page("result", owner=anna, run=ended.id), "Take it home")
    for name in ("train.py", "model.onnx"):
        app.button(key=f"make-{name}-{ended.id}").click().run()
        assert not app.exception
    downloads = {button.label for button in app.get("download_button")}
    assert downloads >= {"Download train.py", "Download model.onnx", "Samples for the script", "Weights"}


def test_damaged_weights_say_so_instead_of_a_button(
    server: Cluster, open_page: OpenPage, anna: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run.zip").write_bytes(pack(trained_archive(), {}))
    run = server.library.import_zip(anna, "cpu", tmp_path / "run.zip")
    monkeypatch.setattr("cnnviz.runs.result_files.has_changed", lambda content: True)
    app = view(open_page("result", owner=anna, run=run.id), "Take it home")
    assert "Weights" not in {button.label for button in app.get("download_button")}
    assert any("The weights of this run are damaged" in warning.value for warning in app.warning)


def test_a_zip_from_elsewhere_becomes_a_run_with_everything(server: Cluster, anna: str, tmp_path: Path) -> None:
    (tmp_path / "run.zip").write_bytes(pack(trained_archive(), {}))
    archive = unpack((tmp_path / "run.zip").read_bytes(), settings())
    run = server.library.import_zip(anna, "cpu", tmp_path / "run.zip")
    assert (run.status, run.title, run.architecture) == ("done", archive.title, archive.architecture)
    assert tuple(point for _, point in server.store.points(run.id)) == archive.points
    assert archive.weights
    assert server.store.weights(run.id) == add_digest(archive.weights)
    best = [p for p in archive.points if (p.split, p.metric, p.epoch) == ("validation", "accuracy", archive.best_epoch)]
    assert (run.score.best_epoch, run.score.accuracy) == (archive.best_epoch, best[0].value)


# ── one thing changed, and luck ──


def pill(app: AppTest, label: str) -> Any:
    """The pills of one kind of change."""
    return next(group for group in app.button_group if group.label == label)


def test_one_change_is_trained_as_a_child_that_is_called_by_it(
    server: Cluster, open_page: OpenPage, anna: str, ended: Run
) -> None:
    app = view(open_page("result", owner=anna, run=ended.id), "Try a change")
    button = f"train-change-{ended.id}"
    assert app.button(key=button).disabled, "nothing is chosen yet"
    pill(app, "In its training").set_value("batch size 64 → 128").run()
    assert any("“batch size 64 → 128”" in caption.value for caption in app.caption)
    app.button(key=button).click().run()
    assert not app.exception
    child = server.run(anna, app.session_state["run"])
    assert (child.parent, child.title) == (ended.id, "batch size 64 → 128")
    assert (child.architecture, child.config) == (NET, ended.config.changed(batch_size=128))
    wait_for(lambda: server.run(anna, child.id).status == Status.DONE)


def test_what_the_verdict_recommends_comes_first_and_is_marked(open_page: OpenPage, anna: str, ended: Run) -> None:
    app = view(open_page("result", owner=anna, run=ended.id), "Try a change")
    marks = {option.content: option.content_icon for option in pill(app, "In its training").proto.options}
    assert next(iter(marks)) == "epochs 4 → 8", "the button of the verdict: Train for 8 epochs"
    assert (marks["epochs 4 → 8"], marks["batch size 64 → 128"]) == (":material/lightbulb:", "")
    assert any("recommended by the verdict on this run" in caption.value for caption in app.caption)


def test_two_changes_at_once_are_allowed_and_said(server: Cluster, open_page: OpenPage, anna: str, ended: Run) -> None:
    app = view(open_page("result", owner=anna, run=ended.id), "Try a change")
    pill(app, "In its training").set_value("weight decay 0 → 0.001").run()
    pill(app, "In the net").set_value("+Dropout 0.2 after layer 1").run()
    assert any("Two changes at once" in warning.value for warning in app.warning)
    assert app.button(key=f"train-change-{ended.id}").label == "Train with 2 changes"


def test_a_run_remembers_where_it_started_however_its_net_was_opened(
    server: Cluster, open_page: OpenPage, anna: str, ended: Run
) -> None:
    app = view(open_page("result", owner=anna, run=ended.id), "Try a change")
    app.button(key=f"change-else-{ended.id}").click().run()
    again = open_page("train", owner=anna)  # after a reload
    again.button("train").click().run()
    run = server.run(anna, again.session_state["run"])
    assert run.parent == ended.id
    finder = open_page("train", owner=anna)
    finder.button("find").click().run()
    assert server.run(anna, finder.session_state["run"]).parent is None
    for active in (run.id, finder.session_state["run"]):
        server.stop(anna, active, wait=20)


def test_other_seeds_are_trained_and_drawn_as_a_band(server: Cluster, open_page: OpenPage) -> None:
    bert = new_owner()
    first = server.submit(bert, NET, TrainConfig(dataset="digits", epochs=2, learning_rate=1e-3))
    wait_for(lambda: server.run(bert, first.id).status == Status.DONE)
    app = view(open_page("result", owner=bert, run=first.id), "Is it luck?")
    assert any("One seed so far" in markdown.value for markdown in app.markdown)
    app.button(key=f"train-seeds-{first.id}").click().run()
    assert not app.exception
    seeds = [run for run in server.store.runs_of(bert) if run.id != first.id]
    assert {run.config.seed for run in seeds} == {1, 2}
    assert {run.parent for run in seeds} == {run.seed_group for run in seeds} == {first.id}
    assert any(caption.value.startswith("One after another. That takes about ") for caption in app.caption)
    assert all(run.config.changed(seed=0) == first.config and run.architecture == NET for run in seeds)
    wait_for(lambda: all(not run.active for run in server.store.runs_of(bert)))
    app.run()
    accuracies = [run.score.accuracy or 0 for run in server.store.runs_of(bert)]
    said = f"3 seeds: {min(accuracies):.3f} to {max(accuracies):.3f}"
    assert any(said in markdown.value for markdown in app.markdown)
    assert len(app.get("vega_lite_chart")) == 1
    app.button(key=f"train-seeds-{first.id}").click().run()  # no seed is trained twice
    assert {run.config.seed for run in server.store.runs_of(bert)} == {0, 1, 2, 3, 4}
    wait_for(lambda: all(not run.active for run in server.store.runs_of(bert)))
    for _ in range(3):  # of five that a student may have waiting
        server.submit(bert, NET, TrainConfig(dataset="digits", epochs=1000))
    app.button_group(key=f"seed-count-{first.id}").set_value(4).run()
    app.button(key=f"train-seeds-{first.id}").click().run()
    assert re.match(r"[23] of 4 runs were started\. You have \d runs waiting", app.error[0].value)
    for run in server.store.active_runs():
        server.stop(run.owner, run.id, wait=20)


def test_other_seeds_train_in_one_pass_where_the_device_does_that(
    server: Cluster, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A CPU does it only here, as a GPU does."""
    for device in server.devices.values():
        monkeypatch.setattr(device, "_stacks_seeds", True)
    bert = new_owner()
    first = server.submit(bert, NET, TrainConfig(dataset="digits", epochs=2, learning_rate=1e-3))
    wait_for(lambda: server.run(bert, first.id).status == Status.DONE)
    app = view(open_page("result", owner=bert, run=first.id), "Is it luck?")
    app.button_group(key=f"seed-count-{first.id}").set_value(3).run()
    assert any(
        caption.value.startswith("All of them in one pass on the GPU. That takes at most ") for caption in app.caption
    )
    app.button(key=f"train-seeds-{first.id}").click().run()
    wait_for(lambda: all(not run.active for run in server.store.runs_of(bert)))
    for run in (run for run in server.store.runs_of(bert) if run.id != first.id):
        assert run.status == Status.DONE
        alone = server.submit(bert, NET, run.config)
        wait_for(lambda alone=alone: server.run(bert, alone.id).status == Status.DONE)
        accuracy = server.run(bert, alone.id).score.accuracy
        assert run.score.accuracy == pytest.approx(accuracy, abs=0.01)


def test_the_run_that_was_chosen_is_still_shown_after_another_page_and_a_newer_run(
    open_page: OpenPage, server: Cluster, ended: Run, anna: str
) -> None:
    """Seeds that were started from a run took its place on the Result page, as they are newer."""
    app = open_page("result", owner=anna, run=ended.id)
    assert app.selectbox("run").value == ended.id
    newer = server.submit(anna, NET, TrainConfig(dataset="digits", epochs=1, seed=5))
    app.switch_page("pages/runs.py").run()
    app.switch_page("pages/result.py").run()
    assert app.selectbox("run").value == ended.id
    wait_for(lambda: not server.run(anna, newer.id).active)
