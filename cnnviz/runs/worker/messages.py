"""Messages between the thread of a device and its worker process: orders to the worker, reports from it."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from cnnviz.architecture import Architecture
from cnnviz.processes.pipe import PipeMessage
from cnnviz.runs.facts import Fact
from cnnviz.runs.run import RunKind, Status
from cnnviz.training.config import TrainConfig
from cnnviz.training.device_speed import DeviceSpeed
from cnnviz.training.end_reason import EndReason
from cnnviz.training.point import Point

# ── orders ──


class TrainOrder(PipeMessage):
    """Train a run in turn with the others, from its checkpoint where it has one."""

    type: Literal["train"] = "train"
    run: str
    kind: RunKind
    owner: str
    share: str = ""
    """Share of the device in which it has its turns; empty: that of its owner."""
    stack: str = ""
    """Name of the runs with which it trains in one pass, being other seeds of one design; empty: it trains alone."""
    architecture: Architecture
    config: TrainConfig


class ShareOrder(PipeMessage):
    """Give a run its further turns in another share: its owner has become established meanwhile, say."""

    type: Literal["share"] = "share"
    run: str
    share: str


class PauseOrder(PipeMessage):
    """Write a checkpoint of a run and take it out of the turns."""

    type: Literal["pause"] = "pause"
    run: str


class StopOrder(PipeMessage):
    """End a run at once, with the best weights so far."""

    type: Literal["stop"] = "stop"
    run: str


class LeaveOrder(PipeMessage):
    """Write a checkpoint of every run and exit."""

    type: Literal["leave"] = "leave"


WorkerOrder = TrainOrder | ShareOrder | PauseOrder | StopOrder | LeaveOrder
ORDERS: TypeAdapter[WorkerOrder] = TypeAdapter(Annotated[WorkerOrder, Field(discriminator="type")])

# ── reports ──


class ReadyReport(PipeMessage):
    """The worker takes orders."""

    type: Literal["ready"] = "ready"
    total_bytes: int
    """Memory of the device."""
    used_bytes: int
    """Memory that the worker takes without any run."""
    speed: DeviceSpeed | None = None


class SpeedReport(PipeMessage):
    """The device has been measured again, while nobody trained."""

    type: Literal["speed"] = "speed"
    speed: DeviceSpeed


class TurnReport(PipeMessage):
    """From here on the worker is busy with this run: if it dies, this run is to blame."""

    type: Literal["turn"] = "turn"
    run: str


class StartedReport(PipeMessage):
    """A run is loaded and stands at `step` of `steps`."""

    type: Literal["started"] = "started"
    run: str
    steps: int
    step: int
    seconds: float = 0.0
    """Time that a device has worked for it so far."""
    note: str = ""
    """What the student should know of how it was loaded."""


class FactReport(PipeMessage):
    """Something besides points became known of a run."""

    type: Literal["fact"] = "fact"
    run: str
    fact: Fact


class PointsReport(PipeMessage):
    """New points of a run, in the order in which they were measured."""

    type: Literal["points"] = "points"
    run: str
    points: tuple[Point, ...]


class ProgressReport(PipeMessage):
    """State of a run at the end of its turn."""

    type: Literal["progress"] = "progress"
    run: str
    step: int
    seconds: float
    """Time that the device has worked for it."""
    used_bytes: int
    """Memory that the worker takes for all its runs."""


class CheckpointReport(PipeMessage):
    """A checkpoint is written to a temporary file; it counts once the server has renamed that file."""

    type: Literal["checkpoint"] = "checkpoint"
    run: str
    temporary_name: str
    """Name of the temporary file."""
    step: int


class PredictionsReport(PipeMessage):
    """Probabilities and labels of the test part, in the payload as a safetensors file."""

    type: Literal["predictions"] = "predictions"
    run: str


class PausedReport(PipeMessage):
    """A run is out of the turns, its checkpoint is written."""

    type: Literal["paused"] = "paused"
    run: str


class EndedReport(PipeMessage):
    """A run has ended; the best epoch's weights are in the payload as a safetensors file, if there are any."""

    type: Literal["ended"] = "ended"
    run: str
    status: Status
    """done, stopped or failed."""
    reason: EndReason = EndReason.NONE
    message: str = ""
    """Sentence for its student."""
    epoch: int = 0
    """Epoch of the weights; 0 where there are none."""
    seconds: float | None = None
    """Time that the device has worked for it; None where it failed."""


RunReport = (
    StartedReport
    | FactReport
    | PointsReport
    | ProgressReport
    | CheckpointReport
    | PredictionsReport
    | PausedReport
    | EndedReport
)
"""Reports of a run that has a turn."""
WorkerReport = ReadyReport | SpeedReport | TurnReport | RunReport
REPORTS: TypeAdapter[WorkerReport] = TypeAdapter(Annotated[WorkerReport, Field(discriminator="type")])
