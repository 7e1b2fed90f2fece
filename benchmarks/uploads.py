"""What files cost that a class sends: memory of the server, and how long another student's page takes meanwhile.

Each student opens a page, sends one file, as the frontend does, and leaves. In one round they come one after another,
in the other all at once. Measured is the resident memory of the server process beyond what it took idle: the most of
it, and the most that is left 60 s after the last student has gone. Meanwhile one student edits a net twice a second.
Before is Streamlit's own upload, which keeps files in memory as long as sessions, with fewer students: thirty would
fill a small machine.
"""

import argparse
import asyncio
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from statistics import median

from benchmarks.server import FROZEN, Server, serve
from benchmarks.table import percentile, table, verdict
from benchmarks.visitor import Visitor

IN_MEMORY = "benchmarks.in_memory_uploads"
GOAL_MB = 400.0
MEMORY_SECONDS = 60.0
CHUNK = bytes(2**20)
HEAD = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="sounds.zip"\r\n\r\n'
TAIL = b"\r\n--edge--\r\n"


@dataclass(frozen=True)
class Round:
    """One round; memory in megabytes beyond that of the idle server, times in milliseconds."""

    peak: float
    left: float
    edits: list[float]
    sent: int
    seconds: float


async def send_file(server: Server, megabytes: int, token: str = "") -> bool:
    """One student: opens a page, sends a file, leaves; returns whether the server took it."""
    token = token or secrets.token_hex(16)
    async with Visitor(server, token) as visitor:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        lines = [
            f"PUT /_stcore/upload_file/{visitor.session_id}/{secrets.token_hex(8)} HTTP/1.1",
            f"Host: 127.0.0.1:{server.port}",
            f"Cookie: cnnviz_student={token}",
            "Content-Type: multipart/form-data; boundary=edge",
            f"Content-Length: {len(HEAD) + megabytes * len(CHUNK) + len(TAIL)}",
            "Connection: close",
        ]
        writer.write("\r\n".join([*lines, "", ""]).encode() + HEAD)
        with suppress(ConnectionError):  # refused before it has all
            for _ in range(megabytes):
                writer.write(CHUNK)
                await writer.drain()
            writer.write(TAIL)
        status = (await reader.readline()).split()[1]
        writer.close()
        return status == b"204"


async def measure(server: Server, students: int, megabytes: int, *, at_once: bool) -> Round:
    """Measures one round on a server that nobody has used."""
    async with Visitor(server, secrets.token_hex(16)) as other:
        await other.enter("kernel_size", 3)
        idle, peak, edits = memory(server), 0.0, []
        done = asyncio.Event()

        async def edit() -> None:
            nonlocal peak
            number = 0
            while not done.is_set():
                number += 1
                edits.append((await other.enter("kernel_size", 3 + number % 5)).seconds * 1000)
                peak = max(peak, memory(server))
                await asyncio.sleep(0.5)

        async def watch() -> None:
            nonlocal peak
            while not done.is_set():
                peak = max(peak, memory(server))
                await asyncio.sleep(0.05)

        start = time.perf_counter()
        watching = [asyncio.create_task(edit()), asyncio.create_task(watch())]
        if at_once:
            taken = await asyncio.gather(*(send_file(server, megabytes) for _ in range(students)))
        else:
            taken = [await send_file(server, megabytes) for _ in range(students)]
        seconds = time.perf_counter() - start
        done.set()
        await asyncio.gather(*watching)
        await asyncio.sleep(MEMORY_SECONDS)
        return Round(peak - idle, memory(server) - idle, edits, sum(taken), seconds)


def memory(server: Server) -> float:
    """Returns the resident memory of the server process in megabytes."""
    return float(server.process.memory_info().rss) / 2**20


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--before", type=int, default=6, help="students of the side before")
    parser.add_argument("--megabytes", type=int, default=250)
    options = parser.parse_args()
    rows = []
    for at_once in (False, True):
        for label, launcher, students in (("before", IN_MEMORY, options.before), ("after", FROZEN, options.students)):
            with serve(launcher) as server:
                result = asyncio.run(measure(server, students, options.megabytes, at_once=at_once))
            order = "at once" if at_once else "one after another"
            rows.append(
                (
                    f"{label}, {students} {order}",
                    f"{result.sent} of {students}",
                    f"{result.seconds:.0f}",
                    f"{result.peak:.0f}",
                    f"{result.left:.0f}",
                    f"{median(result.edits):.0f}",
                    f"{percentile(result.edits, 0.95):.0f}",
                    verdict(max(result.peak, result.left), GOAL_MB) if label == "after" else "",
                )
            )
    header = ["", "taken", "s", "peak MB", "left MB", "edit p50 ms", "edit p95 ms", f"goal {GOAL_MB:.0f} MB"]
    print(table(header, rows))


if __name__ == "__main__":
    main()
