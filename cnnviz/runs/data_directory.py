"""The data directory of a server, which no other server works in at the same time."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from cnnviz.errors import CnnvizError
from cnnviz.secret_key import secret_key

LOCK_TIMEOUT_SECONDS = 15.0
"""Time that a server which is being replaced has to end."""


class DataDirectory:
    """The folder, made if need be and locked; its key; and whether it is still where it was.

    Raises OSError where it cannot be used, and filelock's Timeout where another server works in it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = FileLock(folder / "server.lock", thread_local=False)  # taken and given back in different threads
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(OSError):  # a folder of somebody else; the server may work there
            folder.chmod(0o700)
        self._lock.acquire(timeout=LOCK_TIMEOUT_SECONDS)
        self.key = secret_key(folder)
        self._identity = _identity(folder)

    @property
    def is_gone(self) -> bool:
        """Whether there is no folder any more under its name, or another one."""
        try:
            return _identity(self._folder) != self._identity
        except OSError:
            return True

    def release(self) -> None:
        """Lets another server work in it."""
        self._lock.release()


@contextmanager
def refuse_unusable(folder: Path) -> Iterator[None]:
    """Turns what keeps a server from working in a folder into a CnnvizError that says what to do."""
    try:
        yield
    except Timeout:
        raise CnnvizError(
            f"Another cnnviz server works in {folder}. Stop it, or set CNNVIZ_DATA_DIR to another folder."
        ) from None
    except OSError as error:
        raise CnnvizError(
            f"The data directory {folder} cannot be used: {error.strerror or error}. The server's user must be able"
            " to write there; correct that, or set CNNVIZ_DATA_DIR to another folder."
        ) from None


def _identity(folder: Path) -> tuple[int, int]:
    """Returns what tells a folder from another one under the same name."""
    folder_stat = folder.stat()
    return folder_stat.st_dev, folder_stat.st_ino
