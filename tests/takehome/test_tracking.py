"""A run at MLflow: a store of its own in a folder instead of a server."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnnviz.errors import CnnvizError
from cnnviz.takehome.tracking import EXPERIMENT_NAME, MLFLOW_TIMEOUTS, log_to_mlflow
from tests.takehome.run_archives import trained_archive

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow imports what warns of its own future


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in MLFLOW_TIMEOUTS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    yield
    os.environ.pop("MLFLOW_TRACKING_URI", None)


def test_settings_numbers_and_files_are_kept(tmp_path: Path) -> None:
    from mlflow import MlflowClient  # noqa: PLC0415

    address = (tmp_path / "runs").as_uri()
    name = log_to_mlflow(trained_archive(), address, {"charts/loss.svg": b"<svg>"})
    client = MlflowClient(tracking_uri=address)
    experiment = client.get_experiment_by_name(EXPERIMENT_NAME)
    assert experiment
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.run_id == name
    assert (run.data.params["epochs"], run.data.params["augmentation.noise"]) == ("3", "0.0")
    expected = [
        (p.step, p.value) for p in trained_archive().points if (p.split, p.metric) == ("validation", "macro F1")
    ]
    assert [(m.step, m.value) for m in client.get_metric_history(name, "validation_macro_F1")] == expected
    assert [file.path for file in client.list_artifacts(name, "charts")] == ["charts/loss.svg"]


def test_a_server_that_does_not_answer_is_told_of() -> None:
    with pytest.raises(CnnvizError, match=r"The MLflow server at http://127\.0\.0\.1:9 did not accept the run"):
        log_to_mlflow(trained_archive(), "http://127.0.0.1:9", {})
