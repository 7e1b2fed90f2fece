"""Errors that a user can cause, each explained in one or two sentences: what is wrong, with which numbers, what to do.

Any other exception is a bug and must surface.
"""

from collections.abc import Mapping


class CnnvizError(Exception):
    """A mistake that can be explained to the person at the screen; `str(error)` is the explanation."""


class ShapeError(CnnvizError):
    """A layer refuses an input shape.

    Each of `changes` maps parameters (or the `kind`) to values with which the layer would accept it, the best first;
    there are none when no change to this layer helps.
    """

    def __init__(self, reason: str, *changes: Mapping[str, object]) -> None:
        super().__init__(reason)
        self.changes = changes


class DesignError(CnnvizError):
    """A design (JSON of an Architecture, or an edit of one) that cannot be read or does not fit its purpose."""


class NumberError(CnnvizError):
    """A text that is not a number, or is an ambiguous one."""


class DataError(CnnvizError):
    """Uploaded or stored data that cannot be used."""


class TrainingError(CnnvizError):
    """A training that cannot start or cannot continue."""


class DivergenceError(TrainingError):
    """A training whose loss is no number any more."""


class LimitError(CnnvizError):
    """A request for more than this server allows."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out: Python's own error, torch's error for a GPU, or torch's message for the CPU."""
    return (
        isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or "allocate memory" in str(error)
    )
