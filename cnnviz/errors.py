"""Everything a user can cause, told in one or two plain sentences: what, with which numbers, what to do.

Any other exception is a bug and must surface.
"""

from collections.abc import Mapping

from pydantic import ValidationError


def validation_sentence(name: str, value: object, error: ValidationError) -> str:
    """The first thing that pydantic finds wrong in a field, with what was received."""
    message = error.errors(include_url=False)[0]["msg"]
    message = message.replace("Input should", "should").replace("Value error, ", "")
    return f"{name}: {message} (received {str(value)[:60]})."


class CnnvizError(Exception):
    """A mistake that can be explained to the person at the screen; `str(error)` is the explanation."""


class ShapeError(CnnvizError):
    """A layer refuses an input shape.

    Each of `changes` names parameters (or the `kind`) with values that would make the layer accept it, the best
    first; there is none when no change of this layer can.
    """

    def __init__(self, reason: str, *changes: Mapping[str, object]) -> None:
        super().__init__(reason)
        self.changes = changes


class DesignError(CnnvizError):
    """A design (JSON of an Architecture, or an edit of one) that cannot be read or does not fit its purpose."""


class NumberError(CnnvizError):
    """A text that is no number, or could be several."""


class DataError(CnnvizError):
    """Uploaded or stored data that cannot be used."""


class TrainingError(CnnvizError):
    """A training that cannot start or cannot go on."""


class DivergenceError(TrainingError):
    """A training whose loss is no number any more."""


class LimitError(CnnvizError):
    """A request beyond what this server allows one student."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory was short: Python's own error, torch's for a GPU, and torch's words for the CPU."""
    return (
        isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or "allocate memory" in str(error)
    )
