"""SIGINT and SIGTERM as a wish to stop, which a training asks for after every batch."""

import signal
from types import FrameType


class StopSignal:
    """While it is entered, the first of these signals is only noted; a second one ends the process as ever."""

    def __init__(self) -> None:
        self._noted = 0

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
        """Whether there has been one."""
        return self._noted != 0

    @property
    def exit_code(self) -> int:
        """What shells give a process that such a signal has ended: 130 after SIGINT, 143 after SIGTERM."""
        return 128 + self._noted

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._noted = number
        self.__exit__()
