"""The messages between the browser and the server: the actions that the canvas sends, and the state that it draws.

What a browser sends may have been written by anybody: it is validated here, in bounded sizes, before anything else
reads it. What the server sends is its own: plain dataclasses, serialized without being validated.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from cnnviz.architecture import Architecture, LayerPath

MAX_PLACES = 1000
"""Layers that an action may name: an edit that is refused for too many layers must still be read to be answered."""
MAX_PATH_LENGTH = 9
"""Numbers in a path: a layer inside four blocks."""
MAX_ACTIONS = 100
"""Actions that may wait for their answer."""

Count = Annotated[int, Field(strict=True, ge=0, lt=2**53)]
"""A whole number that JavaScript holds exactly."""
Place = Annotated[int, Field(strict=True, ge=0, le=MAX_PLACES)]
SentPath = Annotated[tuple[Place, ...], Field(max_length=MAX_PATH_LENGTH)]
Selection = Annotated[tuple[SentPath, ...], Field(max_length=MAX_PLACES)]


class _Action(BaseModel):
    model_config = ConfigDict(frozen=True)

    seq: Count
    """The number of the action, counted by the canvas; returned to it as an acknowledgement."""
    version: Count = 0
    """The version of the design that the canvas had received when the action was made."""


class Select(_Action):
    """Selects layers; none when `selected` is empty."""

    op: Literal["select"] = "select"
    selected: Selection = ()


class Edit(_Action):
    """Replaces the design with one that was edited in the browser."""

    op: Literal["edit"] = "edit"
    design: object = None
    """The edited design as JSON; it is read when the action is applied, so that a refusal can be answered."""
    selected: Selection = ()


class Add(_Action):
    """Inserts a new layer of one kind at a path."""

    op: Literal["add"] = "add"
    path: SentPath = ()
    kind: str = ""


class ApplyMend(_Action):
    """Applies one of the mends that are offered for the layer that refuses its input."""

    op: Literal["mend"] = "mend"
    index: Count = 0


class ApplyAdvice(_Action):
    """Applies the mend of one advice card."""

    op: Literal["advice"] = "advice"
    index: Count = 0


class Undo(_Action):
    """Takes back the last edit."""

    op: Literal["undo"] = "undo"


class Redo(_Action):
    """Repeats the edit that was last undone."""

    op: Literal["redo"] = "redo"


Action = Select | Edit | Add | ApplyMend | ApplyAdvice | Undo | Redo
"""Everything that a student can do on the canvas."""


class CanvasMessage(BaseModel):
    """What the browser sends: every action that has not been acknowledged, each still to be validated."""

    model_config = ConfigDict(frozen=True)

    actions: Annotated[tuple[object, ...], Field(max_length=MAX_ACTIONS)]


_ACTION: TypeAdapter[Action] = TypeAdapter(Annotated[Action, Field(discriminator="op")])


def read_actions(message: object, acknowledged_seq: int) -> list[Action]:
    """Returns the actions of a message that are newer than `acknowledged_seq`, in the order in which they were made.

    The canvas repeats an action until it is acknowledged, because Streamlit keeps only one of two messages that arrive
    at the same moment. Anything that no canvas sends is left out.
    """
    try:
        sent = CanvasMessage.model_validate(message).actions
    except ValidationError:
        return []
    actions = [action for action in map(_read_action, sent) if action and action.seq > acknowledged_seq]
    return sorted(actions, key=lambda action: action.seq)


def _read_action(sent: object) -> Action | None:
    try:
        return _ACTION.validate_python(sent)
    except ValidationError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRow:
    """One layer of the table; a layer below the one that refuses has neither shape nor numbers."""

    type: Literal["layer"] = "layer"
    path: LayerPath
    depth: int
    """The number of blocks around the layer."""
    number: str
    """The path as students read it, such as 3.b1."""
    kind: str
    family: str
    arguments: str = ""
    formula: str
    formula_is_trivial: bool
    """Whether the formula says nothing about numbers, so that it is drawn less prominently."""
    shape: str = ""
    box: tuple[int, int, int] | None = None
    """Depth, height and width of the drawn output in pixels."""
    parameters: str = ""
    multiply_adds: str = ""
    memory: str = ""
    receptive_field: str = ""
    error: str | None = None
    """Why the layer refuses its input."""
    mends: tuple[str, ...] = ()
    """What each offered mend would do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackRow:
    """The heading above one stack of a block."""

    type: Literal["stack"] = "stack"
    path: LayerPath
    """The path of the block, followed by the number of the stack."""
    depth: int
    title: str
    input_shape: str
    is_empty: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GapRow:
    """The place after a layer, into which another can be inserted or dropped."""

    type: Literal["gap"] = "gap"
    path: LayerPath
    shape: str


Row = LayerRow | StackRow | GapRow


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceCard:
    """One remark on the design, with the mend that one click applies."""

    paths: tuple[LayerPath, ...]
    """The layers that the remark is about; empty where it is about the whole net."""
    numbers: tuple[str, ...]
    """Their numbers in the list of layers."""
    is_step: bool
    """Whether it is a next step to try rather than a fault."""
    title: str
    text: str
    link_text: str
    link_url: str
    mend: str
    """What the mend would do; empty where none is offered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CanvasState:
    """Everything that the canvas draws."""

    mount: str
    """Names the canvas of one session, whichever element of the page shows it."""
    seq: int
    """The number of the last action that was applied or refused."""
    version: int
    design: Architecture
    input_shape: str
    rows: tuple[Row, ...]
    selected: tuple[LayerPath, ...]
    totals: str
    fits: bool
    """Whether the net has layers and each of them accepts its input."""
    markdown: str
    """The table as Markdown, for the clipboard."""
    can_undo: bool
    can_redo: bool
    refusal: str
    """Why the last action was refused; empty where it was applied."""
    advice: tuple[AdviceCard, ...]
    legend: str
    """How the shape rules are to be read; empty where no layer slides a window."""
    opened: int
    """How many designs this session has opened from pasted code, files and links: a new one is scrolled into view."""


_STATE = TypeAdapter(CanvasState)


def to_json_data(state: CanvasState) -> dict[str, object]:
    """Returns the state as JSON-compatible data, in the form in which the browser receives it."""
    data: dict[str, object] = _STATE.dump_python(state, mode="json")
    return data
