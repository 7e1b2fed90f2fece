"""Errors that a user can cause, each explained in one or two sentences: what is wrong, with which numbers, what to do.

Any other exception is a bug and must surface.
"""

from collections.abc import Mapping


class CnnvizError(Exception):
    """Error that a user can cause; `str(error)` explains it to the user."""


class ShapeError(CnnvizError):
    """Raised for an input shape that a layer cannot take.

    Each of `changes` maps parameters (or the `kind`) to values with which the layer would accept the shape, the best
    first; empty if no change to this layer helps.
    """

    def __init__(self, reason: str, *changes: Mapping[str, object]) -> None:
        super().__init__(reason)
        self.changes = changes


class DesignError(CnnvizError):
    """Raised for a design (JSON of an Architecture, or an edit of one) that cannot be read or is unfit for its use."""


class NumberError(CnnvizError):
    """Raised for a text that is not a number, or can be read as two different ones."""


class DataError(CnnvizError):
    """Raised for uploaded or stored data that cannot be used."""


class TrainingError(CnnvizError):
    """Raised for a training that cannot start or cannot continue."""


class DivergenceError(TrainingError):
    """Raised when the loss of a training becomes NaN or infinite."""


class LimitError(CnnvizError):
    """Raised for a request that exceeds a limit of this server."""


def is_out_of_memory(error: BaseException) -> bool:
    """Returns whether memory ran out: Python's MemoryError, torch's error for a GPU, or torch's message for the CPU."""
    return (
        isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or "allocate memory" in str(error)
    )
