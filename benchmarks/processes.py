"""How soon a child process does its work: forked by one that has imported everything, or as a new Python.

Both sides take turns in this process: a worker until it reports that it is ready, the files of a run, an ONNX file, and
the first point after a worker has been killed. Then the memory of a worker and of what forked it.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from statistics import median

import psutil

from benchmarks.table import spread, table, verdict
from cnnviz.onnx_export.request import to_onnx
from cnnviz.presets import PRESETS
from cnnviz.processes import launcher
from cnnviz.processes.fork_supervisor import ForkServerSupervisor
from cnnviz.processes.worker_process import WorkerProcess
from cnnviz.runs.cluster import Cluster
from cnnviz.runs.run import Run
from cnnviz.runs.run_export import export_run
from cnnviz.runs.worker.messages import REPORTS, WorkerOrder, WorkerReport
from cnnviz.runs.worker.supervisor import WORKER_MODULE
from cnnviz.settings import Settings, settings
from cnnviz.takehome.request import ALL_FILES
from cnnviz.training.config import TrainConfig

LAB = PRESETS["lab-convnet"].architecture
OWNER = "s" + "a" * 31
GOALS = {
    "worker ready": 0.6,
    "training script": 1.5,
    "notebook": 1.5,
    "report": 1.5,
    "all files of a run": 5.0,
    "ONNX file of the lab's net": 1.5,
    "first new point after a worker's death": 2.0,
}
"""Seconds for the forked side."""
SIDES = {"forked": ForkServerSupervisor(launcher.FORKABLE_MODULES), "new Python": ForkServerSupervisor([])}
Measure = Callable[[], float]


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A cluster in a folder of its own; its worker finds it by the environment."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"CNNVIZ_DATA_DIR": folder, "CNNVIZ_DEVICES": "cpu"}
        settings.cache_clear()
        opened = Cluster(Settings(data_dir=Path(folder), devices="cpu"))
        try:
            yield opened
        finally:
            opened.close()


def timer(action: Callable[[], object]) -> Measure:
    """A measurement of the seconds that an action takes."""

    def measure() -> float:
        start = time.perf_counter()
        action()
        return time.perf_counter() - start

    return measure


@contextmanager
def ready_worker() -> Iterator[WorkerProcess[WorkerOrder, WorkerReport]]:
    """A worker that has reported that it is ready."""
    reports: SimpleQueue[WorkerReport] = SimpleQueue()
    worker = WorkerProcess[WorkerOrder, WorkerReport](
        WORKER_MODULE, "cpu", REPORTS, lambda report, _: reports.put(report), lambda _: None, oom_score=0
    )
    reports.get(timeout=120)
    yield worker
    worker.close()


def start_worker() -> float:
    """Seconds until a worker is ready."""
    start = time.perf_counter()
    with ready_worker():
        return time.perf_counter() - start


def train(server: Cluster, config: TrainConfig) -> Run:
    """The lab's net, trained with these settings."""
    run = server.submit(OWNER, LAB, config)
    while server.run(OWNER, run.id).active:
        time.sleep(0.1)
    return server.run(OWNER, run.id)


def time_recovery(server: Cluster, run: Run, seconds: float) -> float:
    """Seconds from killing a worker that has trained so long to the next point that was not there before."""
    time.sleep(seconds)
    pid = server.devices["cpu"].pid
    start = time.perf_counter()
    psutil.Process(pid).kill()
    while server.devices["cpu"].pid in (pid, None):
        time.sleep(0.005)
    before = len(server.store.points(run.id))
    while len(server.store.points(run.id)) == before:
        time.sleep(0.005)
    return time.perf_counter() - start


def memory_text(pid: int | None) -> str:
    """Megabytes of a process: its own, and its own with its share of what it shares."""
    used = psutil.Process(pid).memory_full_info()
    return f"{used.uss / 2**20:.0f}, {used.pss / 2**20:.0f}"


def measure_all(repetitions: int, done: Run, server: Cluster, run: Run) -> dict[str, dict[str, list[float]]]:
    """Seconds by what was measured and side."""
    measures: dict[str, Measure] = {
        "worker ready": start_worker,
        "training script": timer(lambda: export_run(done.id, "train.py")),
        "notebook": timer(lambda: export_run(done.id, "train.ipynb")),
        "report": timer(lambda: export_run(done.id, "report.html")),
        "all files of a run": timer(lambda: export_run(done.id, ALL_FILES)),
        "ONNX file of the lab's net": timer(lambda: to_onnx(LAB)),
        "first new point after a worker's death": lambda: time_recovery(server, run, 5),
    }
    seconds: dict[str, dict[str, list[float]]] = {}
    for name, measure in measures.items():
        if "death" not in name and server.run(OWNER, run.id).active:
            server.pause(OWNER, run.id, wait=30)
        if "death" in name:
            server.resume(OWNER, run.id)
        for _ in range(repetitions):
            for side, fork_server in SIDES.items():
                launcher.FORK_SERVER = fork_server
                seconds.setdefault(name, {}).setdefault(side, []).append(measure())
    return seconds


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=7)
    options = parser.parse_args()
    SIDES["forked"].enable()
    launcher.FORK_SERVER = SIDES["forked"]
    with ready_worker():  # the first child waits for the fork server's imports
        pass
    with cluster() as server:
        done = train(server, TrainConfig(epochs=3, learning_rate=0.02))
        endless = server.submit(OWNER, LAB, TrainConfig(epochs=1000, learning_rate=0.02))
        seconds = measure_all(options.repetitions, done, server, endless)
        server.stop(OWNER, endless.id, wait=30)
    rows = []
    for name, sides in seconds.items():
        forked, fresh = sides.values()
        ratio = spread([slow / fast for slow, fast in zip(fresh, forked, strict=True)])
        goal = f"≤ {GOALS[name]:g}, {verdict(median(forked), GOALS[name])}"
        rows.append((name, spread(forked, 2), spread(fresh, 2), ratio, goal))
    print(f"{options.repetitions} of each in turn; seconds, median [quartiles].\n")
    print(table(["", *SIDES, "new Python ÷ forked", "goal, forked"], rows))
    rows = []
    for side, fork_server in SIDES.items():
        launcher.FORK_SERVER = fork_server
        parent = fork_server.start(launcher.child_priority())
        with ready_worker() as one, ready_worker() as two:
            rows.append((side, *(memory_text(process.pid) if process else "none" for process in (parent, one, two))))
    print("\nMemory in MB of its own, and with its share of what is shared.\n")
    print(table(["", "fork server", "one worker", "another beside it"], rows))
    SIDES["forked"].close()


if __name__ == "__main__":
    main()
