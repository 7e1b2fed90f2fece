"""Runs whose worker, or whose whole server, is killed at random moments; benchmarks/recovery.py does so at length."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from cnnviz.runs.cluster import Cluster
from cnnviz.runs.run import Run, Status
from cnnviz.runs.store import Store
from cnnviz.settings import settings
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import Point
from tests.child_processes import SERVER_MODULE, piped_child
from tests.conftest import DEADLINE
from tests.designs import ANNA, BERT, NET, SHORT
from tests.points import without_device_points
from tests.runs.undisturbed import undisturbed_curve


def configs(epochs: int) -> dict[str, TrainConfig]:
    """Settings of the runs of two students."""
    return {ANNA: SHORT.changed(epochs=epochs), BERT: SHORT.changed(epochs=epochs + 30).changed(optimizer="Adam")}


@dataclass
class Kills:
    """What was seen of some kills."""

    points_before: list[int] = field(default_factory=list)
    """Points that were there at each."""
    lost_points: int = 0
    """Points that had been there and were there no longer."""
    curves_equal: bool = False
    """Whether the final curves are those of undisturbed runs, to the last bit."""


@contextmanager
def open_cluster() -> Iterator[Cluster]:
    """A cluster by the settings of the environment."""
    opened = Cluster(settings())
    try:
        yield opened
    finally:
        opened.close()


def points_of(store: Store, run: Run) -> list[Point]:
    """The stored points of a run."""
    return [point for _, point in store.points(run.id)]


def kill_workers(rounds: int, moments: random.Random, epochs: int) -> Kills:
    """Trains two runs, and kills their worker so many times, each after 50 to 400 more points."""
    kills = Kills()
    with open_cluster() as server:
        runs = [server.submit(owner, NET, config) for owner, config in configs(epochs).items()]
        for _ in range(rounds):
            _wait_for_points(server.store, runs, moments.randrange(50, 400))
            pid = server.devices["cpu"].pid
            assert pid
            before = [points_of(server.store, run) for run in runs]
            os.kill(pid, signal.SIGKILL)
            _wait(lambda pid=pid: server.devices["cpu"].pid not in (None, pid))
            _compare(kills, server.store, runs, before)
        _wait_for_ends(kills, server, runs)
    return kills


def kill_servers(rounds: int, moments: random.Random, epochs: int) -> Kills:
    """Trains two runs in servers that are killed with their workers, each after 50 to 300 more points."""
    kills = Kills()
    with open_cluster() as server:
        runs = [server.submit(owner, NET, config) for owner, config in configs(epochs).items()]
    store = Store(settings().data_dir)
    for _ in range(rounds):
        before = [points_of(store, run) for run in runs]
        with piped_child(SERVER_MODULE, "train") as child:
            assert child.stdout.readline() == b"open\n"
            _wait_for_points(store, runs, moments.randrange(50, 300))
        _compare(kills, store, runs, before)
    store.close()
    with open_cluster() as server:
        _wait_for_ends(kills, server, runs)
    return kills


def _wait_for_points(store: Store, runs: list[Run], count: int) -> None:
    goal = sum(len(points_of(store, run)) for run in runs) + count
    _wait(lambda: sum(len(points_of(store, run)) for run in runs) > goal)


def _compare(kills: Kills, store: Store, runs: list[Run], before: list[list[Point]]) -> None:
    kills.points_before.append(sum(map(len, before)))
    for run, old in zip(runs, before, strict=True):
        kept = points_of(store, run)[: len(old)]
        kills.lost_points += sum(a != b for a, b in zip(old, kept, strict=False)) + len(old) - len(kept)


def _wait_for_ends(kills: Kills, server: Cluster, runs: list[Run]) -> None:
    _wait(lambda: not any(server.run(run.owner, run.id).active for run in runs))
    kills.curves_equal = all(
        server.run(run.owner, run.id).status == Status.DONE
        and without_device_points(points_of(server.store, run)) == undisturbed_curve(run.config)
        for run in runs
    )


def _wait(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "nothing happened in time"
        time.sleep(0.02)  # between two looks at another process
