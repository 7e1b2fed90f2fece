"""Sending a run to the MLflow server of the settings."""

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
from cnnviz.takehome.run_archive import RunArchive

EXPERIMENT_NAME = "cnnviz"
METRICS_PER_REQUEST = 1000
"""Maximum number of metrics that MLflow accepts in one request."""
MAX_PARAM_LENGTH = 250
"""Maximum length of a parameter's value, in characters."""
MLFLOW_TIMEOUTS = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "10", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
"""Environment variables that report an unreachable server soon; by default MLflow retries for minutes."""
log = logging.getLogger(__name__)


def redact_address(address: str) -> str:
    """Returns an address without user name, password, path and query, which may be secret.

    >>> redact_address("https://anna:secret@mlflow:5000/x?token=1")
    'https://mlflow:5000'
    """
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def log_to_mlflow(archive: RunArchive, address: str, files: Mapping[str, bytes]) -> str:
    """Sends the run with its settings, the metrics of every epoch and these files; returns MLflow's id of the run.

    Call it in a process of its own: it sets environment variables, from which MLflow takes its settings. Raises
    CnnvizError when MLflow is not installed, or when its server does not answer or refuses the run.
    """
    os.environ |= MLFLOW_TIMEOUTS
    try:
        from mlflow import MlflowClient  # noqa: PLC0415 (an optional extra)
        from mlflow.entities import Metric, Param  # noqa: PLC0415
        from mlflow.exceptions import MlflowException  # noqa: PLC0415
    except ImportError:
        raise CnnvizError('MLflow is not installed on this server: pip install "cnnviz[mlflow]".') from None
    timestamp = int(1000 * archive.created)
    try:
        client = MlflowClient(tracking_uri=address)
        existing = client.get_experiment_by_name(EXPERIMENT_NAME)
        experiment = existing.experiment_id if existing else client.create_experiment(EXPERIMENT_NAME)
        run = client.create_run(experiment, start_time=timestamp, run_name=archive.name).info.run_id
    except (MlflowException, OSError) as error:  # requests' errors are OSErrors
        raise _mlflow_error(address, error) from None
    try:
        params = [Param(name, value) for name, value in _mlflow_params(archive).items()]
        client.log_batch(run, params=params)
        metrics = [
            Metric(f"{split}_{metric}".replace("-", "_").replace(" ", "_"), value, timestamp, step)
            for step, _, split, metric, value in archive.points
            if split in ("train", "validation", "test")
        ]
        for start in range(0, len(metrics), METRICS_PER_REQUEST):
            client.log_batch(run, metrics=metrics[start : start + METRICS_PER_REQUEST])
        with tempfile.TemporaryDirectory(prefix="cnnviz-") as folder:
            for name, content in files.items():
                file = Path(folder) / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            client.log_artifacts(run, folder)
        client.set_terminated(run, end_time=timestamp + int(1000 * archive.worked))
    except (MlflowException, OSError) as error:
        with suppress(MlflowException, OSError):
            client.set_terminated(run, "FAILED")
        raise _mlflow_error(address, error) from None
    return str(run)


def _mlflow_error(address: str, error: Exception) -> CnnvizError:
    log.warning("MLflow did not accept a run", exc_info=error)
    return CnnvizError(
        f"The MLflow server at {redact_address(address)} did not accept the run; the log of cnnviz has the reason."
    )


def _mlflow_params(archive: RunArchive) -> dict[str, str]:
    settings: dict[str, Any] = archive.config.model_dump(mode="json")
    augmentation = settings.pop("augmentation")
    flat = settings | {f"augmentation.{name}": value for name, value in augmentation.items()}
    flat |= {"parameters": totals(trace(archive.architecture)).parameters, "design": archive.architecture.to_json()}
    return {name: str(value)[:MAX_PARAM_LENGTH] for name, value in flat.items()}
