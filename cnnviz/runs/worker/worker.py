"""The process that trains: `python -m cnnviz.runs.worker.worker DEVICE`, driven through its standard input.

It takes "train", "pause", "stop" and "leave", and answers "ready", "turn", "started", "fact", "points", "progress",
"checkpoint", "predictions", "paused" and "ended". When its pipe closes, it exits at once.
"""

import logging
import os
import sys
import threading
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

import torch
from safetensors.torch import save
from torch import Tensor

from cnnviz.architecture import Architecture
from cnnviz.data import find_dataset
from cnnviz.data.dataset import ReportProgress
from cnnviz.errors import CnnvizError, TrainingError, is_out_of_memory
from cnnviz.processes.pipe import Message, receive, send
from cnnviz.runs.checkpoints import Checkpoints
from cnnviz.runs.run import LR_FINDER_RUN, TRAIN_RUN, Status
from cnnviz.runs.worker import memory
from cnnviz.runs.worker.cores import training_threads
from cnnviz.runs.worker.data_cache import DataCache
from cnnviz.runs.worker.point_buffer import PointBuffer
from cnnviz.settings import Settings, settings
from cnnviz.training.config import TrainConfig
from cnnviz.training.lr_finder import LRFinder, LRFinderResult
from cnnviz.training.snapshot import Snapshot
from cnnviz.training.training import OUT_OF_MEMORY_MESSAGE, Training, TrainingResult

NICENESS = 10
LOADING_REPORT_SECONDS = 0.3
"""Between two words on how far data are loaded."""
QUANTUM_SECONDS, MIN_QUANTUM_SECONDS, ROUND_SECONDS = 1.0, 0.1, 8.0
"""How long a run trains before the next one does; shorter, but never less than the second, so that a round of all runs
takes no longer than the third."""
CHECKPOINT_COST_FACTOR = 100
"""Time between two checkpoints over the time it takes to copy one, at least."""
Job = Training | LRFinder
JOB_TYPES: dict[str, type[Training] | type[LRFinder]] = {TRAIN_RUN: Training, LR_FINDER_RUN: LRFinder}
"""What is done for a run of each kind."""
log = logging.getLogger(__name__)


@dataclass(eq=False)
class ActiveRun:
    """A run that is in turn."""

    id: str
    job: Job
    point_buffer: PointBuffer
    test_labels: Tensor
    """Of the test part."""
    checkpointed_at: float = field(default_factory=time.monotonic)
    checkpoint_cost_seconds: float = 0.0
    """Seconds that copying the last checkpoint took."""
    checkpoint_write: Future[None] | None = None

    def checkpoint_due(self, seconds: float) -> bool:
        """Whether a checkpoint is, at one in so many seconds."""
        interval = max(seconds, CHECKPOINT_COST_FACTOR * self.checkpoint_cost_seconds)
        return time.monotonic() - self.checkpointed_at >= interval and (
            self.checkpoint_write is None or self.checkpoint_write.done()
        )


class Worker:
    """Trains runs in turn and tells the server everything through one pipe."""

    def __init__(self, device: torch.device, orders: BinaryIO, reports: BinaryIO, limits: Settings) -> None:
        self._device, self._interval = device, limits.checkpoint_seconds
        self._orders, self._reports = orders, reports
        self._send_lock = threading.Lock()
        self._inbox: SimpleQueue[Message] = SimpleQueue()
        self._stop_requests: set[str] = set()
        self._new_runs: deque[ActiveRun] = deque()
        self._rotation: deque[ActiveRun] = deque()
        self._data_cache = DataCache(device)
        self._checkpoints = Checkpoints(limits.data_dir)
        self._checkpoint_pool = ThreadPoolExecutor(1, thread_name_prefix="checkpoints")
        self._draft_count = 0

    def serve(self) -> None:
        """Train what comes in, until the pipe closes."""
        threading.Thread(target=self._listen, name="orders", daemon=True).start()
        torch.zeros(1, device=self._device)  # a CUDA context takes a second: before the first run, not in it
        self._send("ready", memory=memory.total_bytes(self._device), taken=memory.used_bytes(self._device))
        while True:
            while not (self._new_runs or self._rotation) or not self._inbox.empty():
                self._handle_order(self._inbox.get())
            active_run = (self._new_runs or self._rotation).popleft()
            if self._train_turn(active_run):
                self._rotation.append(active_run)

    def _listen(self) -> None:
        while (received := receive(self._orders)) is not None:
            message, _ = received
            if message["type"] == "stop":
                self._stop_requests.add(message["run"])  # at once: it may be in the middle of a long evaluation
            self._inbox.put(message)
        os._exit(0)  # the server is gone: nobody is left to train for

    def _handle_order(self, order: Message) -> None:
        kind, run_id = order["type"], order.get("run")
        if kind == "train":
            self._add_run(order)
        elif kind == "leave":
            for active_run in [*self._new_runs, *self._rotation]:
                self._save_checkpoint(active_run).result()
            os._exit(0)
        for queue in (self._new_runs, self._rotation):
            for active_run in [active_run for active_run in queue if active_run.id == run_id]:
                if kind == "stop":
                    queue.remove(active_run)
                    while self._train_turn(active_run):  # orders that wait cut it short
                        pass
                elif kind == "pause":
                    queue.remove(active_run)
                    self._save_checkpoint(active_run).result()
                    active_run.job.close()
                    self._send("paused", run=run_id)
        if kind == "stop":
            self._stop_requests.discard(
                str(run_id)
            )  # it may have ended by itself meanwhile, and be trained further one day

    def _add_run(self, order: Message) -> None:
        run_id = order["run"]
        self._send("turn", run=run_id)
        try:
            self._new_runs.append(self._load_run(order))
        except Exception as error:  # of whatever kind: the run ends, the worker goes on
            self._report_failure(run_id, error)

    def _load_run(self, order: Message) -> ActiveRun:
        run_id, checkpoint = order["run"], self._checkpoints.find(order["run"])
        architecture = Architecture.model_validate_json(order["architecture"])
        config = TrainConfig.model_validate_json(order["config"])
        data = self._data_cache.get(config, order["owner"], self._loading_reporter(run_id))
        point_buffer = PointBuffer(lambda points: self._send("points", run=run_id, points=points))

        def new_job() -> Job:
            return JOB_TYPES[order["kind"]](
                architecture,
                config,
                data,
                device=self._device,
                emit=point_buffer.add,
                should_stop=lambda: run_id in self._stop_requests,
            )

        training = new_job()
        try:
            if checkpoint:
                training.restore(Snapshot.read(checkpoint))
        except (TrainingError, KeyError, ValueError, RuntimeError):  # damaged: from the beginning, then
            log.exception("run %s begins again", run_id)
            training = new_job()
        self._send("started", run=run_id, steps=training.steps, step=training.step)
        parts = [len(y) for _, y in (data.train, data.validation, data.test)]
        self._send("fact", run=run_id, name="parts", content=parts)
        dataset = find_dataset(config.dataset, order["owner"])
        dataset_facts = {"title": dataset.title, "classes": dataset.classes, "axes": dataset.axes}
        self._send("fact", run=run_id, name="data", content=dataset_facts)
        return ActiveRun(run_id, training, point_buffer, data.test[1].cpu())

    def _train_turn(self, active_run: ActiveRun) -> bool:
        """Train it for a while; whether it goes on after that."""
        self._send("turn", run=active_run.id)
        run_count = len(self._new_runs) + len(self._rotation) + 1
        deadline = time.monotonic() + max(min(QUANTUM_SECONDS, ROUND_SECONDS / run_count), MIN_QUANTUM_SECONDS)
        try:
            result = active_run.job.advance(lambda: time.monotonic() >= deadline or not self._inbox.empty())
        except Exception as error:  # as above
            active_run.point_buffer.flush()
            self._report_failure(active_run.id, error)
            return False
        active_run.point_buffer.flush()
        if result:
            self._report_end(active_run, result)
            return False
        training, used_bytes = active_run.job, memory.used_bytes(self._device) - self._data_cache.nbytes
        self._send("progress", run=active_run.id, step=training.step, seconds=training.seconds, taken=used_bytes)
        if active_run.checkpoint_due(self._interval):
            self._save_checkpoint(active_run)
        return True

    def _report_end(self, active_run: ActiveRun, result: TrainingResult | LRFinderResult) -> None:
        self._stop_requests.discard(active_run.id)
        status = Status.STOPPED if result.stopped else Status.DONE
        seconds = active_run.job.seconds
        if isinstance(result, LRFinderResult):
            self._send("fact", run=active_run.id, name=LR_FINDER_RUN, content=result.to_dict())
            self._send("ended", run=active_run.id, status=status, seconds=seconds, epoch=0, message="")
            return
        if result.final_snapshot:
            self._submit_checkpoint_write(active_run, result.final_snapshot).result()
        weights = save(result.weights) if result.best_epoch else b""
        if result.probabilities is not None:
            predictions = {"probabilities": result.probabilities, "y": active_run.test_labels}
            self._send("predictions", save(predictions), run=active_run.id)
        self._send("fact", run=active_run.id, name="scale", content=result.scale.to_dict())
        epoch, note = result.best_epoch, result.note
        self._send("ended", weights, run=active_run.id, status=status, seconds=seconds, epoch=epoch, message=note)

    def _report_failure(self, run_id: str, error: Exception) -> None:
        self._stop_requests.discard(run_id)
        if "CUDA error" in str(error) and not is_out_of_memory(error):
            log.error("run %s: the device is lost to this process", run_id, exc_info=error)
            os._exit(1)  # every further run would fail in it; in a new one, they go on
        over = isinstance(error, TrainingError)  # diverged: there is nothing to go on with
        self._send("ended", run=run_id, status=Status.FAILED, message=failure_message(run_id, error), over=over)

    def _save_checkpoint(self, active_run: ActiveRun) -> Future[None]:
        """Copy its state now, write it down while others train."""
        started = time.monotonic()
        snapshot = active_run.job.snapshot()
        active_run.checkpointed_at = time.monotonic()
        active_run.checkpoint_cost_seconds = active_run.checkpointed_at - started
        return self._submit_checkpoint_write(active_run, snapshot)

    def _submit_checkpoint_write(self, active_run: ActiveRun, snapshot: Snapshot | None) -> Future[None]:
        if snapshot is None:
            finished: Future[None] = Future()
            finished.set_result(None)
            return finished
        self._draft_count += 1
        draft = self._checkpoints.draft_path(active_run.id, self._draft_count)
        active_run.checkpoint_write = self._checkpoint_pool.submit(self._write_draft, active_run.id, draft, snapshot)
        return active_run.checkpoint_write

    def _write_draft(self, run_id: str, draft: Path, snapshot: Snapshot) -> None:
        try:
            snapshot.write(draft)
        except Exception:  # most likely a full disk: the training goes on, and the next checkpoint may succeed
            log.exception("run %s: no checkpoint at step %s", run_id, snapshot.metadata["step"])
            draft.unlink(missing_ok=True)
        else:
            self._send("checkpoint", run=run_id, draft=draft.name, step=snapshot.metadata["step"])

    def _loading_reporter(self, run_id: str) -> "LoadingReporter":
        return LoadingReporter(
            lambda done, total: self._send("fact", run=run_id, name="loading", content=[done, total])
        )

    def _send(self, kind: str, payload: bytes = b"", **values: object) -> None:
        with self._send_lock:
            send(self._reports, {"type": kind} | values, payload)


class LoadingReporter:
    """Hears how far data are loaded, and hands it on a few times a second."""

    def __init__(self, report_progress: ReportProgress) -> None:
        self._report_progress = report_progress
        self._last_report = 0.0

    def __call__(self, done: int, total: int) -> None:
        """So much of so much is."""
        if time.monotonic() - self._last_report >= LOADING_REPORT_SECONDS:
            self._last_report = time.monotonic()
            self._report_progress(done, total)


_INTERNAL_ERROR = (
    "The training stopped on an error inside cnnviz ({}). The design is safe; the server's log has the details."
)


def failure_message(run_id: str, error: Exception) -> str:
    """Why a run failed, for its student; what is our fault goes to the log."""
    if isinstance(error, CnnvizError):
        return str(error)
    if is_out_of_memory(error):
        return OUT_OF_MEMORY_MESSAGE
    log.error("run %s failed", run_id, exc_info=error)
    return _INTERNAL_ERROR.format(str(error).partition("\n")[0][:200])


def main() -> None:
    """Serve on the device named on the command line."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)  # pages come first
    reports = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not garble the reports
    device = torch.device(sys.argv[1])
    torch.set_num_threads(training_threads(device, settings().threads))
    Worker(device, sys.stdin.buffer, reports, settings()).serve()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s worker %(levelname)s %(message)s")
    main()
