"""SIGINT and SIGTERM as a request to stop, which a training checks after every batch."""

import signal
from types import FrameType


class StopSignal:
    """Context in which the first SIGINT or SIGTERM is only recorded; a second one ends the process as usual."""

    def __init__(self) -> None:
        self._received = 0

    def __enter__(self) -> "StopSignal":
        self._previous_handlers = {
            signal_number: signal.signal(signal_number, self._on_signal)
            for signal_number in (signal.SIGINT, signal.SIGTERM)
        }
        return self

    def __exit__(self, *_: object) -> None:
        for signal_number, handler in self._previous_handlers.items():
            signal.signal(signal_number, handler)

    def __call__(self) -> bool:
        """Returns whether a signal has arrived."""
        return self._received != 0

    @property
    def exit_code(self) -> int:
        """Exit code after the signal, by the convention of shells: 130 after SIGINT, 143 after SIGTERM."""
        return 128 + self._received

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._received = number
        self.__exit__()
