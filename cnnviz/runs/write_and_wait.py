"""A write in the thread that writes, for whoever needs to know that it is done."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from cnnviz.errors import CnnvizError
from cnnviz.runs.task_loop import TaskLoop

ANSWER_TIMEOUT_SECONDS = 10.0
T = TypeVar("T")
log = logging.getLogger(__name__)


def write_and_wait(writer_loop: TaskLoop, task: Callable[[], T]) -> T:
    """Returns what a task returns, once it is done; raises CnnvizError where nothing can be written just now."""
    done = writer_loop.submit(task)
    try:
        return done.result(ANSWER_TIMEOUT_SECONDS)
    except (SQLAlchemyError, OSError, TimeoutError):
        done.cancel()
        log.exception("a change was not written")
        raise CnnvizError("The server cannot save anything just now. Try again in a minute.") from None


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    """Waits until something is stored, so that the page drawn next shows it; otherwise it is stored later."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not condition():
        time.sleep(0.02)
