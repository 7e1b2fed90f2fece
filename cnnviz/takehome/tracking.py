"""A run for an MLflow server that whoever runs cnnviz has named."""

import logging
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cnnviz.architecture import trace
from cnnviz.errors import CnnvizError
from cnnviz.table import totals
from cnnviz.takehome.parcel import Parcel

EXPERIMENT = "cnnviz"
AT_ONCE = 1000
"""Metrics in one request, as many as MLflow takes."""
MOST_VALUE = 250
"""Characters of a parameter."""
PATIENCE = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "10", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
"""A server that does not answer is told of soon; MLflow alone would try for minutes."""
log = logging.getLogger(__name__)


def shown_address(address: str) -> str:
    """An address without what is secret in it.

    >>> shown_address("https://anna:secret@mlflow:5000/x?token=1")
    'https://mlflow:5000'
    """
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def track(parcel: Parcel, address: str, files: Mapping[str, bytes]) -> str:
    """Keep the run with its settings, its numbers of each epoch and these files; MLflow's name of the run.

    For a process of its own: MLflow takes its settings from the environment. Raises CnnvizError where MLflow is not
    installed or its server does not answer.
    """
    os.environ |= PATIENCE
    try:
        from mlflow import MlflowClient  # noqa: PLC0415 (an optional extra)
        from mlflow.entities import Metric, Param  # noqa: PLC0415
        from mlflow.exceptions import MlflowException  # noqa: PLC0415
    except ImportError:
        raise CnnvizError('MLflow is not installed on this server: pip install "cnnviz[mlflow]".') from None
    when = int(1000 * parcel.created)
    try:
        client = MlflowClient(tracking_uri=address)
        found = client.get_experiment_by_name(EXPERIMENT)
        experiment = found.experiment_id if found else client.create_experiment(EXPERIMENT)
        run = client.create_run(experiment, start_time=when, run_name=parcel.name).info.run_id
    except (MlflowException, OSError) as error:  # requests' errors are OSErrors
        raise _refused(address, error) from None
    try:
        params = [Param(name, value) for name, value in _parameters(parcel).items()]
        client.log_batch(run, params=params)
        metrics = [
            Metric(f"{split}_{metric}".replace("-", "_").replace(" ", "_"), value, when, step)
            for step, _, split, metric, value in parcel.points
            if split in ("train", "validation", "test")
        ]
        for start in range(0, len(metrics), AT_ONCE):
            client.log_batch(run, metrics=metrics[start : start + AT_ONCE])
        with tempfile.TemporaryDirectory(prefix="cnnviz-") as folder:
            for name, content in files.items():
                file = Path(folder) / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            client.log_artifacts(run, folder)
        client.set_terminated(run, end_time=when + int(1000 * parcel.worked))
    except (MlflowException, OSError) as error:
        with suppress(MlflowException, OSError):
            client.set_terminated(run, "FAILED")
        raise _refused(address, error) from None
    return str(run)


def _refused(address: str, error: Exception) -> CnnvizError:
    log.warning("MLflow did not take a run", exc_info=error)
    return CnnvizError(
        f"The MLflow server at {shown_address(address)} did not take the run; the server's log has the reason."
    )


def _parameters(parcel: Parcel) -> dict[str, str]:
    settings: dict[str, Any] = parcel.config.model_dump(mode="json")
    augmentation = settings.pop("augmentation")
    flat = settings | {f"augmentation.{name}": value for name, value in augmentation.items()}
    flat |= {"parameters": totals(trace(parcel.architecture)).parameters, "design": parcel.architecture.to_json()}
    return {name: str(value)[:MOST_VALUE] for name, value in flat.items()}
