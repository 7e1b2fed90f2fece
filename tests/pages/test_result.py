"""The page of one run: what it reached, its verdict, its mistakes, and the files that it leaves in."""

import io
import secrets
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cnnviz.digests import add_digest
from cnnviz.insight.predictions import Predictions
from cnnviz.runs.archives import read_archive
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
    assert any("looks closely at one of your runs" in info.value for info in open_page("result").info)


def test_the_numbers_of_a_run_are_those_that_it_reached(open_page: OpenPage, anna: str, ended: Run) -> None:
    app = open_page("result", owner=anna, run=ended.id)
    metrics = {metric.label: metric.value for metric in app.metric}
    assert ended.score.accuracy
    assert metrics["Validation"] == f"{ended.score.accuracy:.3f}"
    assert metrics["Test"] == f"{ended.score.test:.3f}"
    assert metrics["Best epoch"] == str(ended.score.best_epoch)


def test_a_verdict_opens_the_changed_settings_on_the_train_page(open_page: OpenPage, anna: str, ended: Run) -> None:
    app = open_page("result", owner=anna, run=ended.id)
    assert any("What to try" in markdown.value for markdown in app.markdown)
    button = next(button for button in app.button if button.label == "Train for 8 epochs")
    button.click().run()
    assert not app.exception
    assert app.session_state["config"].epochs == 8
    assert app.session_state["workbench"].architecture == NET


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
    monkeypatch.setattr("cnnviz.runs.store.has_changed", lambda content: True)
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
