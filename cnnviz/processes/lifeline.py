"""A pipe that nobody writes to: it ends when the process that holds its other side does."""

import os
import threading


class Lifeline:
    """The server's side: the kernel closes it when the server ends, however it ends, and then the child exits."""

    def __init__(self) -> None:
        self.source, self._target = os.pipe()
        """Descriptor for the child."""
        self._lock = threading.Lock()
        self._closed = False

    def close_source(self) -> None:
        """Closes what the child has by now."""
        os.close(self.source)

    def close(self) -> None:
        """Lets go of a child; harmless when it has ended."""
        with self._lock:
            if not self._closed:
                self._closed = True
                os.close(self._target)


def exit_with_server(source: int) -> None:
    """The child's side: starts a thread that ends this process, in the middle of whatever it does, with the server."""
    threading.Thread(target=_wait_for_end, args=(source,), name="lifeline", daemon=True).start()


def _wait_for_end(source: int) -> None:
    while os.read(source, 1):
        pass
    os._exit(1)
