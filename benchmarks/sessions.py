"""Twenty students edit while a net trains: how long a rerun of the Design page takes, with and without `gc.freeze()`.

Every visitor changes `kernel_size` of the lab's ConvNet every two seconds, each at its own moment, while the lab's net
trains on noise of the lab's format. A rerun lasts from sending the changed widget until `script_finished`, and counts
only when the list of layers that came back has the shape that this kernel gives. Both sides alternate, each round with
a server of its own.
"""

import argparse
import asyncio
import secrets
import time
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from statistics import median

import numpy as np
import psutil

from benchmarks.server import FROZEN, UNFROZEN, Server, serve
from benchmarks.table import percentile, spread, table, verdict
from benchmarks.visitor import Visitor
from cnnviz.architecture import trace
from cnnviz.data.content import Content
from cnnviz.data.uploads import Quota, UploadInfo, Uploads
from cnnviz.presets import PRESETS
from cnnviz.runs.run import Status
from cnnviz.runs.store import Store
from cnnviz.secret_key import owner_of_token, secret_key
from cnnviz.shapes import format_shape

SIDES = {"before (no freeze)": UNFROZEN, "after (gc.freeze)": FROZEN}
GOALS_MS = {"p50": 30.0, "p95": 80.0}
"""Milliseconds with the freeze, at most."""
KERNELS = (3, 4, 5, 6, 7, 8, 9, 11, 12, 10)
TITLE, CLASSES, PER_CLASS = "Noise like the lab's", 35, 60
LAB = PRESETS["lab-convnet"].architecture


@dataclass(frozen=True)
class Round:
    """Measurements on one server: every rerun in ms, and each process's share of one core."""

    reruns: list[float]
    late: int
    """Edits that were not sent on time, as the answer to the one before was still on its way."""
    server: float
    worker: float
    visitors: float
    steps: float
    """Optimiser steps per second of the run beside the edits."""
    memory: float
    """Megabytes of the server at the end."""


def measure(launcher: str, *, sessions: int, period: float, seconds: float) -> Round:
    """Measures one round on a fresh server."""
    token = secrets.token_hex(16)
    with serve(launcher, prepare=partial(_add_upload, token)) as server:
        return asyncio.run(_measure_round(server, token, sessions, period, seconds))


def _add_upload(token: str, folder: Path) -> None:
    """Adds an upload of noise in the lab's format, as if the student had uploaded it."""
    generator = np.random.default_rng(0)
    y = np.repeat(np.arange(CLASSES), PER_CLASS)
    x = generator.standard_normal((len(y), 1, 99, 26), dtype=np.float32)
    content = Content(x, y, tuple(map(str, range(CLASSES))))
    owner = owner_of_token(token, secret_key(folder))
    Uploads(folder / "uploads", Quota(1)).add(owner, content, UploadInfo(TITLE))


async def _measure_round(server: Server, token: str, sessions: int, period: float, seconds: float) -> Round:
    store = Store(server.folder)
    async with asyncio.timeout(seconds + 240):
        async with Visitor(server, token, "train") as visitor:
            await visitor.type("Data set", TITLE)
            await visitor.enter("Epochs", 1000)
            await visitor.enter("Batch size", 256)
            await visitor.press("Train")
        run = store.runs_of(owner_of_token(token, secret_key(server.folder)))[0]
        while not store.points(run.id):
            await asyncio.sleep(0.2)
        visitors = [Visitor(server, secrets.token_hex(16)) for _ in range(sessions)]
        try:
            for visitor in visitors:
                await visitor.__aenter__()
            await edit_all(visitors, period, 2 * period)  # warm: every page has been edited once
            cpu_before, start = cpu_seconds(server), time.perf_counter()
            steps = store.points(run.id)[-1][1].step
            reruns, late = await edit_all(visitors, period, seconds)
            wall_seconds, cpu_after = time.perf_counter() - start, cpu_seconds(server)
            steps = store.points(run.id)[-1][1].step - steps
        finally:
            for visitor in visitors:
                await visitor.__aexit__(None)
    run_at_end = store.run(run.id)
    store.close()
    if run_at_end is None or run_at_end.status != Status.RUNNING or not steps:
        raise RuntimeError("the run did not train all the time")
    shares = [(new - old) / wall_seconds for old, new in zip(cpu_before, cpu_after, strict=True)]
    return Round(reruns, late, *shares, steps / wall_seconds, server.process.memory_info().rss / 2**20)


async def edit_all(visitors: list[Visitor], period: float, seconds: float) -> tuple[list[float], int]:
    """Edits for some seconds, with evenly staggered visitors; returns every rerun in ms, and how many started late."""
    start = time.perf_counter() + 0.1
    late = 0

    async def edit(number: int, visitor: Visitor) -> list[float]:
        nonlocal late
        reruns = []
        due = start + period * number / len(visitors)
        for kernel in cycle(KERNELS):
            if due >= start + seconds:
                break
            pause = due - time.perf_counter()
            late += pause < 0
            await asyncio.sleep(max(pause, 0))
            answer = await visitor.type("kernel_size", str(kernel))
            rows = (answer.table() or {"rows": [{}]})["rows"]
            if rows[0].get("shape") != _expected_shape(kernel):
                raise RuntimeError(f"kernel_size {kernel} was answered with {rows[0]}")
            reruns.append(1000 * answer.seconds)
            due += period
        return reruns

    reruns_by_visitor = await asyncio.gather(*(edit(number, visitor) for number, visitor in enumerate(visitors)))
    return [rerun for reruns in reruns_by_visitor for rerun in reruns], late


def _expected_shape(kernel: int) -> str:
    return format_shape(trace(LAB.update_layer(0, kernel_size=kernel))[0].output_shape or ())


def cpu_seconds(server: Server) -> tuple[float, float, float]:
    """Returns the CPU seconds so far of the server, its worker, and this process."""
    seconds_by_process = []
    for process in (server.process, server.worker, psutil.Process()):
        times = process.cpu_times()
        seconds_by_process.append(times.user + times.system)
    return seconds_by_process[0], seconds_by_process[1], seconds_by_process[2]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--period", type=float, default=2.0, help="seconds between two edits of one session")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of a measured round")
    options = parser.parse_args()
    rounds_by_side: dict[str, list[Round]] = {side: [] for side in SIDES}
    for number in range(options.rounds):
        for side in list(SIDES)[:: -1 if number % 2 else 1]:
            result = measure(SIDES[side], sessions=options.sessions, period=options.period, seconds=options.seconds)
            rounds_by_side[side].append(result)
            p50, p95 = percentile(result.reruns, 0.5), percentile(result.reruns, 0.95)
            print(f"round {number + 1}, {side}: p50 {p50:.1f} ms, p95 {p95:.1f} ms", flush=True)
    print(f"\n{options.sessions} sessions, an edit each every {options.period:g} s, {psutil.cpu_count()} cores; median")
    print(f"[quartiles] of {options.rounds} rounds of {options.seconds:g} s; CPU in percent of one core.\n")
    head = ["", "p50 ms", "p95 ms", "max ms", "edits", "late", "server", "worker", "visitors", "steps/s", "server MB"]
    print(table(head, [_row(side, rounds) for side, rounds in rounds_by_side.items()]))
    print()
    medians = {
        (side, name): median(percentile(result.reruns, share) for result in rounds)
        for side, rounds in rounds_by_side.items()
        for name, share in (("p50", 0.5), ("p95", 0.95))
    }
    before, after = SIDES
    rows = [
        (
            name,
            f"{medians[before, name] / medians[after, name]:.2f}",
            f"{goal:g} ms",
            verdict(medians[after, name], goal),
        )
        for name, goal in GOALS_MS.items()
    ]
    print(table(["", "before / after", "goal", "after"], rows))


def _row(side: str, rounds: list[Round]) -> list[object]:
    return [
        side,
        spread([percentile(result.reruns, 0.5) for result in rounds]),
        spread([percentile(result.reruns, 0.95) for result in rounds]),
        f"{max(max(result.reruns) for result in rounds):.0f}",
        sum(len(result.reruns) for result in rounds),
        sum(result.late for result in rounds),
        *(
            f"{100 * median(getattr(result, name) for result in rounds):.0f} %"
            for name in ("server", "worker", "visitors")
        ),
        f"{median(result.steps for result in rounds):.1f}",
        f"{median(result.memory for result in rounds):.0f}",
    ]


if __name__ == "__main__":
    main()
