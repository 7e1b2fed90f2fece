"""The process that trains, driven through its standard input.

It takes the orders and sends the reports of `messages`. When its pipe closes, it exits at once.
"""

import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import BinaryIO, assert_never

import torch
from safetensors.torch import save
from torch import Tensor

from cnnviz.architecture import Architecture
from cnnviz.data import find_dataset
from cnnviz.data.dataset import ReportProgress
from cnnviz.errors import CnnvizError, DivergenceError, TrainingError, is_out_of_memory
from cnnviz.processes.child import take_standard_output
from cnnviz.processes.pipe import GarbledMessageError, receive, send
from cnnviz.runs.checkpoints import Checkpoints
from cnnviz.runs.facts import (
    AnyFact,
    DatasetDescription,
    DatasetFact,
    LoadingFact,
    LRFinderFact,
    PartsFact,
    ScaleFact,
    ScaleParameters,
)
from cnnviz.runs.run import LR_FINDER_RUN, TRAIN_RUN, Ending, RunKind, Status
from cnnviz.runs.worker import memory
from cnnviz.runs.worker.cores import training_threads
from cnnviz.runs.worker.data_cache import DataCache
from cnnviz.runs.worker.messages import (
    ORDERS,
    CheckpointReport,
    EndedReport,
    FactReport,
    LeaveOrder,
    PausedReport,
    PauseOrder,
    PointsReport,
    PredictionsReport,
    ProgressReport,
    ReadyReport,
    ShareOrder,
    SpeedReport,
    StartedReport,
    StopOrder,
    TrainOrder,
    TurnReport,
    WorkerOrder,
    WorkerReport,
)
from cnnviz.runs.worker.point_buffer import PointBuffer
from cnnviz.settings import Settings, settings
from cnnviz.training.config import TrainConfig
from cnnviz.training.device_speed import measure_speed
from cnnviz.training.end_reason import EndReason
from cnnviz.training.lr_finder import LRFinder, LRFinderResult
from cnnviz.training.snapshot import Snapshot
from cnnviz.training.stacked_training import advance_seeds
from cnnviz.training.training import OUT_OF_MEMORY_MESSAGE, Training, TrainingResult
from cnnviz.turns import Turns

LOADING_REPORT_SECONDS = 0.3
"""Time between two reports on the progress of loading data."""
QUANTUM_SECONDS, MIN_QUANTUM_SECONDS, ROUND_SECONDS = 1.0, 0.1, 8.0
"""A run trains for the first before the next one does; for less, but at least for the second, where a round of all runs
would take longer than the third."""
CHECKPOINT_COST_FACTOR = 100
"""Least ratio of the time between two checkpoints of a run that is alone to the time that copying one takes."""
CHECKPOINT_WRITE_FACTOR = 10
"""Least ratio of that time to the time that writing one takes, in another thread."""
FAILED_WRITE_SECONDS = 1.0
"""Time that counts for a write that failed, so that the next is not tried at once."""
MEASUREMENTS, MEASURE_AGAIN_SECONDS, MORE_REPETITIONS = 10, 15.0, 30
"""How often the device is measured again, after how long without an order, and by how many repetitions.

At the start, something else may have slowed it down; the best measurement counts."""
LAST_STEPS_SECONDS = 4.0
"""Time for the steps that runs are in when the worker is to exit."""
Job = Training | LRFinder
JOB_TYPES: dict[RunKind, type[Training] | type[LRFinder]] = {TRAIN_RUN: Training, LR_FINDER_RUN: LRFinder}
"""Class that does the work, by kind of run."""
Stack = tuple[str, Architecture, TrainConfig]
"""Name, design and settings, without the seed, of runs that train in one pass."""
log = logging.getLogger(__name__)


@dataclass(eq=False)
class ActiveRun:
    """A run that takes turns with others in this worker."""

    order: TrainOrder
    job: Job
    point_buffer: PointBuffer
    test_labels: Tensor
    """Labels of the test part."""
    share: str = ""
    """Share of the device in which it has its turns."""
    stack: Stack | None = None
    """What the runs have in common that train in one pass with it; None where it trains alone."""
    leaves: bool = False
    """Whether it is to be paused as soon as its step or evaluation is complete."""
    checkpointed_at: float = field(default_factory=time.monotonic)
    checkpoint_cost_seconds: float = 0.0
    """Time that copying the last checkpoint took."""
    checkpoint_write_seconds: float = 0.0
    """Time that writing it took."""
    overdrawn_seconds: float = 0.0
    """Time by which its turns so far were longer than they should have been, as a step cannot be cut."""

    @property
    def id(self) -> str:
        """Id of the run."""
        return self.order.run

    def checkpoint_due(self, seconds: float, run_count: int) -> bool:
        """Returns whether the next checkpoint is due, `seconds` after the last one, or later beside other runs."""
        cost = CHECKPOINT_COST_FACTOR * self.checkpoint_cost_seconds
        cost = max(cost, CHECKPOINT_WRITE_FACTOR * self.checkpoint_write_seconds)
        return time.monotonic() - self.checkpointed_at >= max(seconds, run_count * cost)


class Worker:
    """Trains runs in turn, and reports everything to the server through one pipe."""

    def __init__(self, device: torch.device, orders: BinaryIO, reports: BinaryIO, limits: Settings) -> None:
        self._device, self._interval = device, limits.checkpoint_seconds
        self._orders, self._reports = orders, reports
        self._send_lock = threading.Lock()
        self._inbox: SimpleQueue[WorkerOrder] = SimpleQueue()
        self._stop_requests: set[str] = set()
        self._new_runs: deque[ActiveRun] = deque()
        self._turns: Turns[ActiveRun] = Turns()
        self._data_cache = DataCache(device)
        self._checkpoints = Checkpoints(limits.data_dir)
        self._checkpoint_pool = ThreadPoolExecutor(1, thread_name_prefix="checkpoints")
        self._checkpoint_count = 0
        self._last_write = _finished()
        self._measurements_left = MEASUREMENTS

    def serve(self) -> None:
        """Trains the runs that are ordered, until the pipe closes."""
        threading.Thread(target=self._listen, name="orders", daemon=True).start()
        torch.zeros(1, device=self._device)  # a CUDA context takes a second: before the first run, not in it
        speed = measure_speed(self._device)
        total_bytes, used_bytes = memory.total_bytes(self._device), memory.used_bytes(self._device)
        self._send(ReadyReport(total_bytes=total_bytes, used_bytes=used_bytes, speed=speed))
        while True:
            while not (self._new_runs or self._turns) or not self._inbox.empty():
                self._handle_order(self._next_order())
            active_run = self._new_runs.popleft() if self._new_runs else self._turns.take()
            if companions := self._take_companions(active_run):
                self._train_stacked_turn([active_run, *companions])
            elif self._passes_turn(active_run) or self._train_turn(active_run):
                self._go_on(active_run)

    def _next_order(self) -> WorkerOrder:
        """Waits for an order, and measures the device again where none comes and nobody trains."""
        while self._measurements_left and not (self._new_runs or self._turns):
            with suppress(Empty):
                return self._inbox.get(timeout=MEASURE_AGAIN_SECONDS)
            self._measurements_left -= 1
            self._send(SpeedReport(speed=measure_speed(self._device, MORE_REPETITIONS)))
        return self._inbox.get()

    def _listen(self) -> None:
        try:
            while (received := receive(self._orders, ORDERS)) is not None:
                order, _ = received
                if isinstance(order, StopOrder):
                    self._stop_requests.add(order.run)  # at once: it may be in the middle of a long evaluation
                self._inbox.put(order)
        except GarbledMessageError:
            log.exception("the worker exits")
            os._exit(1)
        os._exit(0)  # the server is gone: nobody is left to train for

    def _handle_order(self, order: WorkerOrder) -> None:
        match order:
            case TrainOrder():
                self._add_run(order)
            case ShareOrder():
                for active_run in self._take_out(order.run):
                    active_run.share = order.share
                    self._turns.put(active_run)  # at the end of that share
            case PauseOrder():
                for active_run in self._take_out(order.run):
                    active_run.leaves = True
                    self._go_on(active_run)
            case StopOrder():
                for active_run in self._take_out(order.run):
                    while self._train_turn(active_run):  # orders that wait cut it short
                        pass
                # it may have ended by itself meanwhile, and be trained further one day
                self._stop_requests.discard(order.run)
            case LeaveOrder():
                self._leave()
            case _:
                assert_never(order)

    def _take_out(self, run_id: str) -> list[ActiveRun]:
        """Takes a run out of the turns; returns a list of it, or an empty one."""
        found = [active_run for active_run in [*self._new_runs, *self._turns] if active_run.id == run_id]
        for active_run in found:
            (self._new_runs if active_run in self._new_runs else self._turns).remove(active_run)
        return found

    def _add_run(self, order: TrainOrder) -> None:
        self._send(TurnReport(run=order.run))
        try:
            self._new_runs.append(self._load_run(order))
        except Exception as error:  # of whatever kind: the run ends, the worker goes on
            self._report_failure(order.run, error)

    def _load_run(self, order: TrainOrder) -> ActiveRun:
        run_id, config = order.run, order.config
        data = self._data_cache.get(config, order.owner, self._loading_reporter(run_id))
        point_buffer = PointBuffer(lambda points: self._send(PointsReport(run=run_id, points=points)))

        def new_job() -> Job:
            return JOB_TYPES[order.kind](
                order.architecture,
                config,
                data,
                device=self._device,
                emit=point_buffer.add,
                should_stop=lambda: run_id in self._stop_requests,
            )

        training, note = self._restore(run_id, new_job)
        started = StartedReport(
            run=run_id, steps=training.steps, step=training.step, seconds=training.seconds, note=note
        )
        self._send(started)
        train, validation, test = (len(y) for _, y in (data.train, data.validation, data.test))
        self._send_fact(run_id, PartsFact(content=(train, validation, test)))
        dataset = find_dataset(config.dataset, order.owner)
        dataset_facts = DatasetDescription(title=dataset.title, classes=dataset.classes, axes=dataset.axes)
        self._send_fact(run_id, DatasetFact(content=dataset_facts))
        stack = (order.stack, order.architecture, config.changed(seed=0)) if order.stack else None
        return ActiveRun(order, training, point_buffer, data.test[1].cpu(), order.share or order.owner, stack)

    def _restore(self, run_id: str, new_job: Callable[[], Job]) -> tuple[Job, str]:
        """Returns a run as its last checkpoint left it, or the one before, or new; and what of that is to be told."""
        note = ""
        for checkpoint in self._checkpoints.find_all(run_id):
            job = new_job()
            try:
                job.restore(Snapshot.read(checkpoint))
            except (TrainingError, KeyError, ValueError, RuntimeError):
                log.exception("run %s: the checkpoint %s cannot be used", run_id, checkpoint.name)
                note = "Its last checkpoint was damaged on the server's disk, so it "
            else:
                return job, f"{note}went on from the one before, at step {job.step:,}." if note else ""
        return new_job(), f"{note}began again." if note else ""

    def _quantum(self) -> float:
        """Returns the seconds that a run trains before the next one does, while one is taken out of the turns."""
        run_count = len(self._new_runs) + len(self._turns) + 1
        return max(min(QUANTUM_SECONDS, ROUND_SECONDS / run_count), MIN_QUANTUM_SECONDS)

    def _passes_turn(self, active_run: ActiveRun) -> bool:
        """Lets a run whose long steps have taken the time of others pass its turn; returns whether it does."""
        passes = bool(self._new_runs or self._turns) and active_run.overdrawn_seconds >= self._quantum()
        if passes:
            active_run.overdrawn_seconds -= self._quantum()
        return passes

    def _go_on(self, active_run: ActiveRun) -> None:
        """Lets a run have further turns, or pauses it if it is to leave and its step or evaluation is complete.

        An evaluation longer than the turns between two pauses would never end.
        """
        if active_run.leaves and not (active_run.job.in_step or active_run.job.evaluates):
            self._save_checkpoint(active_run).result()
            active_run.job.close()
            self._send(PausedReport(run=active_run.id))
        else:
            self._turns.put(active_run)

    def _leave(self) -> None:
        """Writes a checkpoint of every run and exits; a step that takes long is done again by the next worker."""
        deadline = time.monotonic() + LAST_STEPS_SECONDS
        for active_run in [*self._new_runs, *self._turns]:
            goes_on = True
            while goes_on and active_run.job.in_step and time.monotonic() < deadline:
                goes_on = self._train_turn(active_run, seconds=0.0)
            if goes_on and not active_run.job.in_step:
                self._save_checkpoint(active_run).result()
        os._exit(0)

    def _take_companions(self, active_run: ActiveRun) -> list[ActiveRun]:
        """Takes the runs out of the turns that train in one pass with a run."""
        if active_run.stack is None or active_run.leaves:
            return []
        others = [other for other in [*self._new_runs, *self._turns] if other.stack == active_run.stack]
        return [taken for other in others if not other.leaves for taken in self._take_out(other.id)]

    def _train_stacked_turn(self, active_runs: list[ActiveRun]) -> None:
        """Trains runs in one pass for a turn; what one has to do alone, such as an evaluation, lies in it."""
        self._send(TurnReport(run=active_runs[0].id))
        runs = {active_run.job: active_run for active_run in active_runs}
        deadline = time.monotonic() + self._quantum()

        def is_over() -> bool:
            return time.monotonic() >= deadline or not self._inbox.empty()

        def advance_alone(training: Training, until: Callable[[], bool]) -> bool:
            goes_on = self._advance(runs[training], until)
            if not goes_on:
                del runs[training]
            return goes_on

        try:
            advance_seeds([job for job in runs if isinstance(job, Training)], is_over, advance_alone)
        except Exception as error:  # as above
            for active_run in runs.values():
                active_run.point_buffer.flush()
                if is_out_of_memory(error):  # of the stack: each goes on from its checkpoint, by itself
                    self._add_run(active_run.order.model_copy(update={"stack": "", "share": active_run.share}))
                else:
                    self._report_failure(active_run.id, error)
            return
        for active_run in sorted(runs.values(), key=lambda active_run: active_run.checkpointed_at):
            active_run.point_buffer.flush()
            self._end_turn(active_run)
            self._go_on(active_run)

    def _train_turn(self, active_run: ActiveRun, seconds: float | None = None) -> bool:
        """Trains a run for its turn, or so many seconds; returns whether it goes on after that."""
        self._send(TurnReport(run=active_run.id))
        run_count = len(self._new_runs) + len(self._turns) + 1
        quantum, started = self._quantum() if seconds is None else seconds, time.monotonic()
        job, leaves = active_run.job, active_run.leaves
        completes = job.in_step and self._checkpoint_due(active_run)

        def is_over() -> bool:
            can_end_here = (completes or (leaves and not job.evaluates)) and not job.in_step
            return can_end_here or time.monotonic() >= started + quantum or not self._inbox.empty()

        if not self._advance(active_run, is_over):
            return False
        overtime = time.monotonic() - started - quantum
        active_run.overdrawn_seconds = max(active_run.overdrawn_seconds + overtime, 0.0) if run_count > 1 else 0.0
        self._end_turn(active_run)
        return True

    def _advance(self, active_run: ActiveRun, until: Callable[[], bool]) -> bool:
        """Lets a run go on until `until`, and reports its end, if it comes to that; returns whether it goes on."""
        try:
            result = active_run.job.advance(until)
        except Exception as error:  # as above
            active_run.point_buffer.flush()
            self._report_failure(active_run.id, error)
            return False
        active_run.point_buffer.flush()
        if result:
            self._report_end(active_run, result)
        return result is None

    def _end_turn(self, active_run: ActiveRun) -> None:
        """Reports how far a run is, and writes a checkpoint if one is due."""
        training, used_bytes = active_run.job, memory.used_bytes(self._device) - self._data_cache.nbytes
        self._send(
            ProgressReport(run=active_run.id, step=training.step, seconds=training.seconds, used_bytes=used_bytes)
        )
        if not active_run.job.in_step and self._checkpoint_due(active_run):
            self._save_checkpoint(active_run)

    def _checkpoint_due(self, active_run: ActiveRun) -> bool:
        """Returns whether a checkpoint of a run is due, while it is taken out of the turns."""
        run_count = len(self._new_runs) + len(self._turns) + 1
        return self._last_write.done() and active_run.checkpoint_due(self._interval, run_count)

    def _report_end(self, active_run: ActiveRun, result: TrainingResult | LRFinderResult) -> None:
        self._stop_requests.discard(active_run.id)
        run_id, seconds = active_run.id, active_run.job.seconds
        status, reason = (Status.STOPPED, EndReason.STUDENT) if result.stopped else (Status.DONE, EndReason.NONE)
        if isinstance(result, LRFinderResult):
            self._send_fact(run_id, LRFinderFact(content=result))
            self._send(EndedReport(run=run_id, status=status, reason=reason, seconds=seconds))
            return
        if result.final_snapshot:
            self._submit_checkpoint_write(active_run, result.final_snapshot).result()
        weights = save(result.weights) if result.best_epoch else b""
        if result.probabilities is not None:
            predictions = {"probabilities": result.probabilities, "y": active_run.test_labels}
            self._send(PredictionsReport(run=run_id), save(predictions))
        self._send_fact(run_id, ScaleFact(content=ScaleParameters.model_validate(result.scale.to_dict(), strict=False)))
        ended = EndedReport(
            run=run_id,
            status=status,
            reason=EndReason.EARLY_STOPPING if result.note else reason,
            message=result.note,
            epoch=result.best_epoch,
            seconds=seconds,
        )
        self._send(ended, weights)

    def _report_failure(self, run_id: str, error: Exception) -> None:
        self._stop_requests.discard(run_id)
        if "CUDA error" in str(error) and not is_out_of_memory(error):
            log.error("run %s: the device is lost to this process", run_id, exc_info=error)
            os._exit(1)  # every further run would fail in it; in a new one, they go on
        reason, message = failure_ending(run_id, error)
        self._send(EndedReport(run=run_id, status=Status.FAILED, reason=reason, message=message))

    def _save_checkpoint(self, active_run: ActiveRun) -> Future[None]:
        """Copies the state of a run now, and writes it while others train."""
        started = time.monotonic()
        snapshot = active_run.job.snapshot()
        active_run.checkpointed_at = time.monotonic()
        active_run.checkpoint_cost_seconds = active_run.checkpointed_at - started
        return self._submit_checkpoint_write(active_run, snapshot)

    def _submit_checkpoint_write(self, active_run: ActiveRun, snapshot: Snapshot | None) -> Future[None]:
        if snapshot is None:
            return _finished()
        self._checkpoint_count += 1
        temporary_file = self._checkpoints.temporary_path(active_run.id, self._checkpoint_count)
        self._last_write = self._checkpoint_pool.submit(self._write_checkpoint, active_run, temporary_file, snapshot)
        return self._last_write

    def _write_checkpoint(self, active_run: ActiveRun, temporary_file: Path, snapshot: Snapshot) -> None:
        run_id, started = active_run.id, time.monotonic()
        try:
            snapshot.write(temporary_file)
        except Exception:  # most likely a full disk: the training goes on, and the next checkpoint may succeed
            log.exception("run %s: no checkpoint at step %s", run_id, snapshot.metadata["step"])
            active_run.checkpoint_write_seconds = FAILED_WRITE_SECONDS
            temporary_file.unlink(missing_ok=True)
        else:
            active_run.checkpoint_write_seconds = time.monotonic() - started
            self._send(CheckpointReport(run=run_id, temporary_name=temporary_file.name, step=snapshot.metadata["step"]))

    def _loading_reporter(self, run_id: str) -> "LoadingReporter":
        return LoadingReporter(lambda done, total: self._send_fact(run_id, LoadingFact(content=(done, total))))

    def _send_fact(self, run_id: str, fact: AnyFact) -> None:
        self._send(FactReport(run=run_id, fact=fact))

    def _send(self, report: WorkerReport, payload: bytes = b"") -> None:
        with self._send_lock:
            send(self._reports, report, payload)


def _finished() -> Future[None]:
    future: Future[None] = Future()
    future.set_result(None)
    return future


class LoadingReporter:
    """Throttle for the progress of loading data: passes it on a few times a second."""

    def __init__(self, report_progress: ReportProgress) -> None:
        self._report_progress = report_progress
        self._last_report = 0.0

    def __call__(self, done: int, total: int) -> None:
        """Passes on that `done` of `total` are loaded, unless it did a moment ago."""
        if time.monotonic() - self._last_report >= LOADING_REPORT_SECONDS:
            self._last_report = time.monotonic()
            self._report_progress(done, total)


_INTERNAL_ERROR = (
    "The training stopped on an error inside cnnviz ({}). The design is safe; the server's log has the details."
)


def failure_ending(run_id: str, error: Exception) -> Ending:
    """Returns why a run failed, for its student; errors that are cnnviz's own fault go to the log, too."""
    if isinstance(error, DivergenceError):
        return Ending(EndReason.DIVERGED, str(error))
    if isinstance(error, CnnvizError):
        return Ending(EndReason.REFUSED, str(error))
    if is_out_of_memory(error):
        return Ending(EndReason.OUT_OF_MEMORY, OUT_OF_MEMORY_MESSAGE)
    log.error("run %s failed", run_id, exc_info=error)
    return Ending(EndReason.INTERNAL_ERROR, _INTERNAL_ERROR.format(str(error).partition("\n")[0][:200]))


def main(device_name: str) -> None:
    """Serves on a device."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s worker %(levelname)s %(message)s")
    reports = take_standard_output()
    device = torch.device(device_name)
    torch.set_num_threads(training_threads(device, settings().threads))
    Worker(device, sys.stdin.buffer, reports, settings()).serve()
