"""Files that a run can be downloaded as, and the zip of all of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cnnviz.data.scaling import NORMALIZATIONS
from cnnviz.errors import CnnvizError, DesignError
from cnnviz.onnx_export.samples import SampleFacts
from cnnviz.onnx_export.writer import export_trained
from cnnviz.takehome.archive_facts import ArchiveScale
from cnnviz.takehome.charts import chart_specs
from cnnviz.takehome.notebook import to_notebook
from cnnviz.takehome.pack import pack
from cnnviz.takehome.report import to_html
from cnnviz.takehome.request import EVENTS_FILE, SCALING_ONNX
from cnnviz.takehome.run_archive import RunArchive
from cnnviz.takehome.script import SampleSource, to_script
from cnnviz.takehome.svg import render_svg
from cnnviz.takehome.tensorboard import to_events


@dataclass(frozen=True, eq=False)
class FileInputs:
    """Input of every file writer: a run, and the accuracy that its charts mark as the goal.

    For a process of its own: drawing charts takes V8, which can crash it.
    """

    archive: RunArchive
    goal: float

    @cached_property
    def charts(self) -> Mapping[str, str]:
        """Charts as SVG, by metric; drawn when they are first needed."""
        return {name: render_svg(spec) for name, spec in chart_specs(self.archive, self.goal).items()}

    @property
    def source(self) -> SampleSource:
        """Source from which the training script reads the samples."""
        config = self.archive.config
        return SampleSource.for_dataset(config.dataset, config.split_kind, self.archive.axes)


def _onnx(inputs: FileInputs, *, with_scaling: bool = False) -> bytes:
    if inputs.archive.weights is None:
        raise DesignError("This run has no weights: it ended before its first epoch was complete.")
    return export_trained(
        inputs.archive.architecture, inputs.archive.weights, _sample_facts(inputs.archive), with_scaling=with_scaling
    )


def _sample_facts(archive: RunArchive) -> SampleFacts:
    scale = archive.facts.scale or ArchiveScale()
    sizes = (1, *archive.architecture.input_shape)
    normalization = NORMALIZATIONS[archive.config.normalization]
    kept_axes = {axis % len(sizes) for axis in normalization.kept_axes} if normalization else set()
    shape = [size if axis in kept_axes else 1 for axis, size in enumerate(sizes)]
    mean, std = (
        None if moments is None else np.array(moments, np.float32).reshape(shape) for moments in (scale.mean, scale.std)
    )
    classes = archive.classes or (archive.predictions.classes if archive.predictions else ())
    return SampleFacts(
        floor=scale.floor, mean=mean, std=std, classes=classes, axes=archive.axes, dataset=archive.dataset
    )


def _code(inputs: FileInputs) -> bytes:
    return to_script(
        inputs.archive.architecture, inputs.archive.config, data=inputs.source, stopped=inputs.archive.stopped_after
    ).encode()


def _notebook(inputs: FileInputs) -> bytes:
    return to_notebook(inputs.archive, data=inputs.source, charts=inputs.charts).encode()


FILE_WRITERS: dict[str, Callable[[FileInputs], bytes]] = {
    "report.html": lambda inputs: to_html(inputs.archive, inputs.charts).encode(),
    "charts/accuracy.svg": lambda inputs: _chart_svg(inputs, "accuracy"),
    "charts/loss.svg": lambda inputs: _chart_svg(inputs, "loss"),
    "train.py": _code,
    "train.ipynb": _notebook,
    "model.onnx": _onnx,
    SCALING_ONNX: lambda inputs: _onnx(inputs, with_scaling=True),
    EVENTS_FILE: lambda inputs: to_events(inputs.archive),
}
"""Functions that write the files, by file name in the zip."""


def write_zip(inputs: FileInputs) -> bytes:
    """Returns the zip of all files; its README gives the reason for every file that cannot be written."""
    files: dict[str, bytes] = {}
    missing: dict[str, str] = {}
    for name, make in FILE_WRITERS.items():
        try:
            files[name] = make(inputs)
        except CnnvizError as error:
            missing[name] = str(error)
    return pack(inputs.archive, files, missing)


def _chart_svg(inputs: FileInputs, name: str) -> bytes:
    if name not in inputs.charts:
        raise DesignError(f"This run has no {name} chart: it ended before its first epoch was complete.")
    return inputs.charts[name].encode()
