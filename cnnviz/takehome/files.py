"""Every form in which a run leaves the app, besides the zip of all of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cnnviz.errors import CnnvizError, DesignError
from cnnviz.export.writer import written
from cnnviz.takehome.charts import specs
from cnnviz.takehome.drawn import svg
from cnnviz.takehome.notebook import to_notebook
from cnnviz.takehome.pack import pack
from cnnviz.takehome.parcel import Parcel
from cnnviz.takehome.report import to_html
from cnnviz.takehome.request import EVENTS
from cnnviz.takehome.script import Source, to_script
from cnnviz.takehome.tensorboard import to_events


@dataclass(frozen=True, eq=False)
class Making:
    """What files are made of: a run, and its charts by name."""

    parcel: Parcel
    charts: Mapping[str, str]

    @property
    def source(self) -> Source:
        """Where its script finds the samples."""
        config = self.parcel.config
        return Source.of(config.dataset, config.split, self.parcel.axes)


def _onnx(making: Making) -> bytes:
    if making.parcel.weights is None:
        raise DesignError("This run has no weights: it ended before its first epoch did.")
    return written(making.parcel.architecture, making.parcel.weights)


def _code(making: Making) -> bytes:
    return to_script(
        making.parcel.architecture, making.parcel.config, data=making.source, stopped=making.parcel.stopped
    ).encode()


def _notebook(making: Making) -> bytes:
    return to_notebook(making.parcel, data=making.source, charts=making.charts).encode()


FILES: dict[str, Callable[[Making], bytes]] = {
    "report.html": lambda making: to_html(making.parcel, making.charts).encode(),
    "charts/accuracy.svg": lambda making: _chart(making, "accuracy"),
    "charts/loss.svg": lambda making: _chart(making, "loss"),
    "train.py": _code,
    "train.ipynb": _notebook,
    "model.onnx": _onnx,
    EVENTS: lambda making: to_events(making.parcel),
}
"""What makes each file, by its name in the zip."""


def made(parcel: Parcel, goal: float) -> Making:
    """With its charts drawn; for a process of its own, which V8 may take along."""
    return Making(parcel, {name: svg(spec) for name, spec in specs(parcel, goal).items()})


def everything(making: Making) -> bytes:
    """The zip; what cannot be made is told in it."""
    files: dict[str, bytes] = {}
    missing: dict[str, str] = {}
    for name, make in FILES.items():
        try:
            files[name] = make(making)
        except CnnvizError as error:
            missing[name] = str(error)
    return pack(making.parcel, files, missing)


def _chart(making: Making, name: str) -> bytes:
    if name not in making.charts:
        raise DesignError("This run has no values of it: it ended before its first epoch did.")
    return making.charts[name].encode()
