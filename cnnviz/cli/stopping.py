"""SIGINT and SIGTERM as a wish to stop, which a training asks for after every batch."""

import signal
from types import FrameType


class Stop:
    """While it is entered, the first of these signals is only noted; a second one ends the process as ever."""

    def __init__(self) -> None:
        self._noted = 0

    def __enter__(self) -> "Stop":
        self._before = {each: signal.signal(each, self._note) for each in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)

    def __call__(self) -> bool:
        """Whether there has been one."""
        return self._noted != 0

    @property
    def exit_code(self) -> int:
        """What shells give a process that such a signal has ended: 130 after SIGINT, 143 after SIGTERM."""
        return 128 + self._noted

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._noted = number
        self.__exit__()
