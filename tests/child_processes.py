"""Child processes of tests, with pipes; forked, so that they need not import everything anew."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, NamedTuple

from cnnviz.processes.launcher import Child, start_child
from cnnviz.processes.subprocess_child import Streams
from tests.conftest import DEADLINE

SERVER_MODULE = "tests.runs.server_process"
"""Module of processes that do what a server does."""


class PipedChild(NamedTuple):
    """A child and the other ends of its standard input and output."""

    process: Child
    stdin: IO[bytes]
    stdout: IO[bytes]


@contextmanager
def piped_child(module: str, *arguments: str, stderr: int = 2) -> Iterator[PipedChild]:
    """Starts `main` of a module, and kills the process in the end: it gets no chance to tidy up."""
    input_source, input_target = os.pipe()
    output_source, output_target = os.pipe()
    with os.fdopen(input_target, "wb") as stdin, os.fdopen(output_source, "rb") as stdout:
        try:
            streams = Streams(input_source, output_target, stderr)
            process = start_child(module, *arguments, streams=streams, oom_score=0)
        finally:
            os.close(input_source)
            os.close(output_target)
        try:
            yield PipedChild(process, stdin, stdout)
        finally:
            process.kill()
            process.wait(DEADLINE)


def exit_code_after(orders: bytes, module: str, argument: str) -> int:
    """The exit code of a child that finds these bytes on its standard input."""
    with TemporaryFile() as stream:
        stream.write(orders)
        stream.seek(0)
        return start_child(module, argument, streams=Streams(stream.fileno(), 2), oom_score=0).wait(DEADLINE)
