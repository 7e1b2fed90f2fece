"""Messages about child processes: what to start, and what the fork server reports of it."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from cnnviz.processes.pipe import PipeMessage


class ChildSpec(PipeMessage):
    """What a child process runs, and under which limits."""

    module: str
    """Module whose `main` is called."""
    arguments: tuple[str, ...] = ()
    """Arguments of `main`."""
    priority: int | None = None
    """Its nice value; None where the system knows none."""
    oom_score_adj: int = 0
    """How much sooner than others it is killed when memory runs out, 0 to 1000, on Linux."""
    memory_bytes: int | None = None
    """Memory that it may take beyond what it has after its imports, on Linux; None: any."""
    lifeline: int | None = None
    """Number of a descriptor that reads to its end when the server is gone: then the process exits, too."""


class ForkRequest(PipeMessage):
    """Asks the fork server for a child; its standard streams and its lifeline come as descriptors beside it."""

    number: int
    spec: ChildSpec
    environment: dict[str, str]
    directory: str
    """Working directory."""


class ReadyReport(PipeMessage):
    """The fork server has imported everything."""

    type: Literal["ready"] = "ready"


class ForkedReport(PipeMessage):
    """A child has been started; a descriptor of its process comes beside it."""

    type: Literal["forked"] = "forked"
    number: int
    """Number of the request."""
    pid: int


class RefusedReport(PipeMessage):
    """The system has no room for another process at this moment."""

    type: Literal["refused"] = "refused"
    number: int
    """Number of the request."""


class ExitedReport(PipeMessage):
    """A child has ended."""

    type: Literal["exited"] = "exited"
    pid: int
    code: int
    """Its exit code; the negative number of the signal that killed it."""


ForkReport = ReadyReport | ForkedReport | RefusedReport | ExitedReport
FORK_REPORTS: TypeAdapter[ForkReport] = TypeAdapter(Annotated[ForkReport, Field(discriminator="type")])
