"""The points of a run as an event file for TensorBoard, written by ignite's logger."""

import tempfile
from pathlib import Path

from ignite.handlers.tensorboard_logger import TensorboardLogger

from cnnviz.takehome.run_archive import RunArchive


def to_events(archive: RunArchive) -> bytes:
    """Returns an event file with a scalar for every point, tagged metric/split, at its step."""
    with tempfile.TemporaryDirectory(prefix="cnnviz-") as folder:
        logger = TensorboardLogger(log_dir=folder)
        with logger:
            for step, _, split, metric, value in archive.points:
                logger.writer.add_scalar(f"{metric}/{split}", value, step, walltime=archive.created)
        (file,) = Path(folder).glob("events.out.tfevents.*")
        return file.read_bytes()
