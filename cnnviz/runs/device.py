"""Device: a thread that owns the queue, the worker process and all writing for the runs on one device."""

import logging
import math
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import assert_never

from safetensors.torch import save

from cnnviz.errors import TrainingError
from cnnviz.runs import retry_queue
from cnnviz.runs.admission import CrashRecord, Turn
from cnnviz.runs.checkpoints import Checkpoints
from cnnviz.runs.compared_runs import decided_answer
from cnnviz.runs.facts import content_to_json
from cnnviz.runs.forecast import Forecast
from cnnviz.runs.retry_queue import STORE_ERRORS, RetryQueue
from cnnviz.runs.rotation import Rotation
from cnnviz.runs.run import LR_FINDER_RUN, STOPPED_BY_STUDENT, TRAIN_RUN, Ending, Run, Status
from cnnviz.runs.store import Store
from cnnviz.runs.task_loop import TaskLoop
from cnnviz.runs.worker.exit_message import exit_message
from cnnviz.runs.worker.memory import free_bytes
from cnnviz.runs.worker.messages import (
    CheckpointReport,
    EndedReport,
    FactReport,
    PausedReport,
    PauseOrder,
    PointsReport,
    PredictionsReport,
    ProgressReport,
    ReadyReport,
    RunReport,
    ShareOrder,
    SpeedReport,
    StartedReport,
    StopOrder,
    TrainOrder,
    TurnReport,
    WorkerReport,
)
from cnnviz.runs.worker.supervisor import WorkerSupervisor
from cnnviz.settings import Settings
from cnnviz.training.device_speed import DeviceSpeed
from cnnviz.training.end_reason import EndReason
from cnnviz.training.snapshot import Snapshot
from cnnviz.training.stacked_nets import is_stackable
from cnnviz.visitors import visitors

FORECAST_SECONDS = 1.0
"""How long what was worked out for all runs is told to whoever asks."""
STOP_GRACE_SECONDS = 5.0
"""Time that a worker has to obey a stop before it is killed."""
SHUTDOWN_SECONDS = 10.0
"""Time that a worker has for its last checkpoints when the server is closed."""
MAX_GRACE_PERIODS = 6
"""Number of times that a stop waits so long while another run has the turn, which may be a long evaluation."""
MAX_CHECKPOINTS = 20
"""Number of a student's latest ended runs that can be trained further."""
log = logging.getLogger(__name__)


class Device:
    """Trains runs in turn, as many as its memory allows; the others wait until their turn comes.

    Everything happens in one thread, to which others submit tasks, so nothing here needs a lock.
    Seeds of one run train in one pass on a GPU; on a CPU, where that is slower, one after another.
    """

    def __init__(
        self,
        name: str,
        store: Store,
        checkpoints: Checkpoints,
        limits: Settings,
        clock: Callable[[], float] = time.monotonic,
        *,
        stacks_seeds: bool | None = None,
        comes_first: Callable[[str], bool] = lambda run_id: False,
    ) -> None:
        """`comes_first` takes the id of a run: whether a teacher has put it before all others for the time being."""
        self.name = name
        self._stacks_seeds = name.startswith("cuda") if stacks_seeds is None else stacks_seeds
        self.loop = TaskLoop(f"device {name}")
        self.speed: DeviceSpeed | None = None
        """How fast it trains; None until its worker has measured that."""
        self._store, self._checkpoints, self._limits = store, checkpoints, limits
        self._rotation, self._clock = Rotation(limits.max_running_runs, clock, comes_first), clock
        self._stopping: dict[str, list[Future[None]]] = {}
        self._status_after_pause: dict[str, Status] = {}
        self._message_after_pause: dict[str, str] = {}
        self._stop_endings: dict[str, Ending] = {}
        self._supervisor = WorkerSupervisor(name, self.loop, self._on_report, self._on_worker_death)
        self._closing = False
        self._current_run_id: str | None = None  # whose turn it is, as far as the worker has reported
        self._crashes = CrashRecord()
        self._retry_queue = RetryQueue(self.loop.call_later)
        self._forecast = -math.inf, Forecast.of((), (), ())

    # ── for other threads ──

    def start(self) -> None:
        """Starts the thread, which starts the worker."""
        self.loop.call_soon(self._supervisor.start)
        self.loop.start()

    def submit(self, run: Run) -> Future[None]:
        """Queues a new run; the future is done when it is stored."""
        return self.loop.submit(partial(self._add_run, run))

    def stop(self, run_id: str, ending: Ending = STOPPED_BY_STUDENT) -> Future[None]:
        """Stops a waiting, paused or running run; the future is done when it has ended. Harmless for one that has."""
        ended: Future[None] = Future()
        self.loop.call_soon(partial(self._stop_run, run_id, ended, ending))
        return ended

    def pause(self, run_id: str, message: str = "") -> Future[None]:
        """Pauses a waiting or running run: its state stays on the disk, and takes no memory of the device.

        `message` tells its student why, unless they have done it.
        """
        return self.loop.submit(partial(self._pause_run, run_id, message))

    def resume(self, run: Run) -> Future[None]:
        """Queues a stored run with its present settings; it goes on from its checkpoint."""
        return self.loop.submit(partial(self._resume_run, run))

    def move_up(self, run_id: str) -> None:
        """Lets a waiting run begin before all others."""
        self.loop.call_soon(partial(self._rotation.move_up, run_id))
        self.loop.call_soon(self._make_room)

    def move_back(self, run_id: str) -> None:
        """Lets a run that was moved up wait as the others do."""
        self.loop.call_soon(partial(self._rotation.move_back, run_id))
        self.loop.call_soon(self._make_room)

    def requeue(self, run: Run) -> None:
        """Queues a run that an earlier server left; only before `start`."""
        self._rotation.add(run, self._stack(run))

    def close(self) -> None:
        """Ends the worker and the thread; the next server goes on with runs that are running or wait."""
        self.loop.call_soon(self._shut_down)
        self.loop.join(SHUTDOWN_SECONDS + 15)

    @property
    def pid(self) -> int | None:
        """Process number of the worker, once it has reported that it is ready."""
        return self._supervisor.pid

    def forecast(self, run_id: str) -> Forecast:
        """Returns what is to come for all runs, worked out once in FORECAST_SECONDS, or anew for a run unknown then."""
        made_at, forecast = self._forecast
        if self._clock() - made_at > FORECAST_SECONDS or not forecast.knows(run_id):
            forecast = Forecast.of(self._rotation.begun, self._rotation.not_begun, self._rotation.held)
            self._forecast = self._clock(), forecast
        return forecast

    def stacks(self, run: Run) -> bool:
        """Returns whether other seeds of a run train in one pass on this device."""
        return self._stacks_seeds and run.kind == TRAIN_RUN and is_stackable(run.architecture, run.config)

    @property
    def run_count(self) -> int:
        """Number of runs in turn and waiting."""
        return len(self._rotation)

    @property
    def owners_in_turn(self) -> list[str]:
        """Owners of the runs in turn."""
        return [turn.run.owner for turn in self._turns.copy().values()]

    @property
    def _turns(self) -> dict[str, Turn]:
        """Runs in turn, by id."""
        return self._rotation.turns

    # ── in this thread: tasks of others ──

    def _add_run(self, run: Run) -> None:
        self._store.add_run(run)
        self._rotation.add(run, self._stack(run))
        self._start_waiting_runs()

    def _resume_run(self, run: Run) -> None:
        if run.id in self._rotation:
            return
        changes = {
            "message": "",
            "end_reason": EndReason.NONE,
            "finished": None,
            "config": run.config,
            "steps": run.steps,
        }
        self._store.update_run(run.id, status=Status.QUEUED, **changes)
        self._rotation.add(run, self._stack(run))
        self._start_waiting_runs()

    def _start_waiting_runs(self) -> None:
        """Starts waiting runs for which there is room; tries again soon if the store fails."""
        if not self._supervisor.ready or self._closing:
            return
        while (turn := self._rotation.next_to_begin()) is not None:
            try:
                stored_run = self._store.run(turn.run.id)
                unneeded = self._unneeded_ending(stored_run)
                if unneeded:
                    self._finish_run(turn.run.id, Status.STOPPED, unneeded)
                    return  # which has begun the others
                if stored_run is not None and stored_run.active:
                    started = stored_run.started or time.time()
                    self._store.update_run(stored_run.id, status=Status.RUNNING, started=started)
            except STORE_ERRORS:
                log.exception("device %s: the next run waits on", self.name)
                self.loop.call_later(retry_queue.RETRY_SECONDS, self._start_waiting_runs)
                return
            if stored_run is not None and stored_run.active:
                turn.run = stored_run
                self._start_run(turn)
            else:
                self._rotation.remove(turn.run.id)

    def _stack(self, run: Run) -> str:
        """Returns the name of the runs with which a run trains in one pass; "" where it trains alone."""
        return run.seed_group if run.seed_group and self.stacks(run) else ""

    def _unneeded_ending(self, run: Run | None) -> Ending | None:
        """Returns why a run that is to begin need not be trained: other seeds have answered what it was to answer."""
        if run is None or not run.active or not run.seed_group or run.started:
            return None
        answer = decided_answer(run, self._store)
        message = f"Not trained, as the other seeds decide without it: {answer}."
        return Ending(EndReason.SEEDS_DECIDED, message) if answer else None

    def _start_run(self, turn: Turn) -> None:
        run = self._rotation.begin(turn.run.id).run
        turn.share = visitors().share_of(run.owner)
        order = TrainOrder(
            run=run.id,
            kind=run.kind,
            owner=run.owner,
            share=turn.share,
            stack=turn.stack,
            architecture=run.architecture,
            config=run.config,
        )
        self._supervisor.send_order(order)

    def _make_room(self) -> None:
        """Sets runs aside for one that has waited long enough for memory; they go on later from their checkpoints."""
        if not self._status_after_pause:  # those that leave already may be enough
            for turn in self._rotation.to_set_aside():
                self._yield_turn(turn.run.id, Status.QUEUED)
        self._start_waiting_runs()  # one may have waited only because it was ahead

    def _stop_run(self, run_id: str, ended: Future[None], ending: Ending) -> None:
        if run_id in self._turns:
            self._stop_endings.setdefault(run_id, ending)
            if run_id not in self._stopping:
                self._supervisor.send_order(StopOrder(run=run_id))
                self._stopping[run_id] = []
                self.loop.call_later(
                    STOP_GRACE_SECONDS,
                    partial(self._kill_if_unresponsive, run_id, self._stopping[run_id], MAX_GRACE_PERIODS),
                )
            self._stopping[run_id].append(ended)
            return
        try:
            waiting = self._rotation.remove(run_id)
            run = waiting.run if waiting else self._store.run(run_id)
            if run and (waiting or run.active or run.status == Status.PAUSED):
                if not self._save_best_weights(run_id) and not ending.message:
                    ending = ending._replace(message="Stopped before it began.")
                if waiting and waiting.note:
                    ending = ending._replace(message=f"{ending.message} {waiting.note}".strip())
                self._finish_run(run_id, Status.STOPPED, ending)
                self._drop_finder_checkpoint(run)
        except STORE_ERRORS as error:
            ended.set_exception(error)
            raise
        ended.set_result(None)

    def _save_best_weights(self, run_id: str) -> bool:
        """Stores the best weights in the run's checkpoint; returns whether it has a checkpoint."""
        files = self._checkpoints.find_all(run_id)
        for file in files:
            try:
                snapshot = Snapshot.read(file)
                best = snapshot.metadata["best"]
            except (TrainingError, KeyError):
                log.exception("run %s: the checkpoint %s cannot be read", run_id, file.name)
                continue
            if best:
                weights = save(snapshot.tensors_below("best"))
                self._retry_queue.submit(partial(self._store.save_weights, run_id, best["epoch"], weights))
            break
        return bool(files)

    def _pause_run(self, run_id: str, message: str) -> None:
        if run_id in self._turns:
            if message:
                self._message_after_pause[run_id] = message
            self._yield_turn(run_id, Status.PAUSED)
        elif self._rotation.remove(run_id):
            self._update_run(run_id, status=Status.PAUSED, **({"message": message} if message else {}))
            self._start_waiting_runs()

    def _yield_turn(self, run_id: str, status: Status) -> None:
        """Lets a run give up its turn and have this status afterwards."""
        if run_id not in self._status_after_pause:
            self._supervisor.send_order(PauseOrder(run=run_id))
        self._status_after_pause[run_id] = status

    def _kill_if_unresponsive(self, run_id: str, stops: list[Future[None]], grace_periods: int) -> None:
        """Kills a worker that does not obey this stop, but waits on while it is busy with another run."""
        if self._stopping.get(run_id) is not stops:
            return
        if grace_periods and self._current_run_id != run_id:
            self.loop.call_later(
                STOP_GRACE_SECONDS, partial(self._kill_if_unresponsive, run_id, stops, grace_periods - 1)
            )
        else:
            self._supervisor.kill()

    # ── in this thread: reports of the worker ──

    def _on_report(self, report: WorkerReport, payload: bytes) -> None:
        match report:
            case ReadyReport():
                self.speed = report.speed.fastest(self.speed) if report.speed else self.speed
                self._rotation.memory.reset(self._limits.max_device_bytes or report.total_bytes // 2, report.used_bytes)
                self._start_waiting_runs()
            case SpeedReport():
                self.speed = report.speed.fastest(self.speed)
            case TurnReport():
                self._current_run_id = report.run
            case _ if turn := self._turns.get(report.run):
                self._on_run_report(turn, report, payload)
            case _:
                log.warning("device %s: %s of run %s, which has no turn", self.name, report.type, report.run)
                if isinstance(report, CheckpointReport):
                    self._checkpoints.discard(report.temporary_name)

    def _on_run_report(self, turn: Turn, report: RunReport, payload: bytes) -> None:
        run_id = turn.run.id
        match report:
            case StartedReport():
                self._on_started(turn, report)
            case FactReport(fact=fact):
                self._retry_queue.submit(partial(self._store.save_fact, run_id, fact.name, content_to_json(fact)))
            case PointsReport():
                self._on_points(turn, report)
            case ProgressReport():
                self._on_progress(turn, report)
            case CheckpointReport():
                self._retry_queue.submit(partial(self._checkpoints.commit, run_id, report.temporary_name))
            case PredictionsReport():
                self._retry_queue.submit(partial(self._store.save_predictions, run_id, payload))
            case PausedReport():
                self._on_paused(turn)
            case EndedReport():
                self._on_ended(turn, report, payload)
            case _:
                assert_never(report)

    def _on_started(self, turn: Turn, report: StartedReport) -> None:
        turn.steps_done, turn.steps, turn.seconds = report.step, report.steps, report.seconds
        turn.note = report.note or turn.note
        self._update_run(turn.run.id, steps=turn.steps, message=turn.note)
        # behind what is still to be written of it
        self._retry_queue.submit(
            lambda: setattr(turn, "reported_points", self._store.known_points(turn.run.id, turn.steps_done))
        )

    def _on_points(self, turn: Turn, report: PointsReport) -> None:
        points = report.points
        turn.last_reported_step = max([turn.last_reported_step, *(point.step for point in points)])
        device_seconds = turn.seconds or None  # unknown yet after a restart
        self._retry_queue.submit(
            lambda: self._store.append_points(turn.run.id, turn.unreported(points), device_seconds)
        )

    def _on_progress(self, turn: Turn, report: ProgressReport) -> None:
        run_id = turn.run.id
        self._rotation.note_progress(turn, report.step, report.seconds, report.used_bytes)
        if turn.share != (share := visitors().share_of(turn.run.owner)):
            turn.share = share
            self._supervisor.send_order(ShareOrder(run=run_id, share=share))
        if turn.seconds > self._limits.max_run_seconds and run_id not in self._stop_endings:
            message = (
                f"Stopped after {self._limits.max_run_seconds:,} seconds of the device's time, as many as this server"
                " gives to a run. Its weights are kept."
            )
            self._stop_run(run_id, Future(), Ending(EndReason.TIME_LIMIT, message))
        elif self._rotation.memory.note_overuse(report.used_bytes, self._turns.values()):
            youngest = max(self._turns.values(), key=lambda candidate: candidate.run.created)
            self._yield_turn(youngest.run.id, self._status_after_pause.get(youngest.run.id, Status.QUEUED))
        else:
            self._make_room()

    def _on_paused(self, turn: Turn) -> None:
        run_id = turn.run.id
        status = self._status_after_pause.pop(run_id, Status.PAUSED)
        if run_id in self._stopping:
            self._save_best_weights(run_id)
            self._finish_run(run_id, Status.STOPPED, self._stop_endings.pop(run_id, STOPPED_BY_STUDENT))
            return
        self._leave_turn(turn, status)
        self._update_run(run_id, status=status, worked=turn.seconds)
        self._start_waiting_runs()

    def _leave_turn(self, turn: Turn, status: Status) -> None:
        """Takes a run out of the turns, to wait for the next one if that is its status."""
        if message := self._message_after_pause.pop(turn.run.id, ""):
            self._update_run(turn.run.id, message=message)
        if status == Status.QUEUED:
            self._rotation.set_aside(turn.run.id)
        else:
            self._rotation.remove(turn.run.id)

    def _on_ended(self, turn: Turn, report: EndedReport, weights: bytes) -> None:
        run_id, ending = turn.run.id, Ending(report.reason, report.message)
        if report.status == Status.FAILED:
            self._save_best_weights(run_id)
            if report.reason == EndReason.DIVERGED:  # there is nothing to go on from
                self._retry_queue.submit(partial(self._checkpoints.delete, run_id))
        if report.status == Status.STOPPED:
            ending = self._stop_endings.get(run_id, ending)
        if weights:
            self._retry_queue.submit(lambda: self._store.save_weights(run_id, report.epoch, weights))
        worked = turn.seconds if report.seconds is None else report.seconds
        self._finish_run(run_id, report.status, ending, worked=worked)
        self._retry_queue.submit(partial(self._prune_checkpoints, turn.run.owner))

    def _prune_checkpoints(self, owner: str) -> None:
        """Deletes the checkpoints of runs that ended long ago."""
        ended_runs = [run for run in self._store.runs_of(owner) if not run.active and run.status != Status.PAUSED]
        for run in ended_runs[MAX_CHECKPOINTS:]:
            self._checkpoints.delete(run.id)

    def _on_worker_death(self, code: int, killed: bool) -> None:
        """Queues the runs of a worker that died, to go on from their checkpoints; one that keeps killing it fails."""
        if self._closing:
            self._shut_down_now()
            return
        culprit, self._current_run_id = self._current_run_id, None
        turns = list(self._turns.values())
        if culprit not in {turn.run.id for turn in turns}:
            culprit = turns[0].run.id if turns else None
        for turn in turns:
            run_id = turn.run.id
            for name in self._checkpoints.temporary_names(run_id):  # behind those that are still to be put in place
                self._retry_queue.submit(partial(self._checkpoints.discard, name))
            is_repeat_crash = not killed and run_id == culprit and self._crashes.record_crash(turn)
            status = self._status_after_pause.pop(run_id, Status.QUEUED)
            if run_id in self._stopping:
                self._save_best_weights(run_id)
                self._finish_run(run_id, Status.STOPPED, self._stop_endings.pop(run_id, STOPPED_BY_STUDENT))
            elif is_repeat_crash:
                used_bytes = turn.used_bytes if self.name == "cpu" else None  # of a GPU it is memory of another kind
                message = exit_message(code, turn.last_reported_step, used_bytes, free_bytes())
                self._save_best_weights(run_id)
                self._finish_run(run_id, Status.FAILED, Ending(EndReason.WORKER_DIED, message))
            else:
                self._leave_turn(turn, status)
                self._update_run(run_id, status=status)

    def _finish_run(self, run_id: str, status: Status, ending: Ending, **values: object) -> None:
        turn = self._rotation.remove(run_id)
        message = f"{ending.message} {turn.note if turn else ''}".strip()
        self._status_after_pause.pop(run_id, None)
        self._message_after_pause.pop(run_id, None)
        self._stop_endings.pop(run_id, None)
        self._crashes.forget(run_id)
        self._update_run(
            run_id, status=status, message=message, end_reason=ending.reason, finished=time.time(), **values
        )
        if turn:
            self._drop_finder_checkpoint(turn.run)
        for future in self._stopping.pop(run_id, []):
            future.set_result(None)
        self._start_waiting_runs()

    def _drop_finder_checkpoint(self, run: Run) -> None:
        """Deletes the checkpoint of a learning-rate search: nothing goes on from where it ended."""
        if run.kind == LR_FINDER_RUN:
            self._retry_queue.submit(partial(self._checkpoints.delete, run.id))

    def _update_run(self, run_id: str, **values: object) -> None:
        """Stores changes of a run."""
        self._retry_queue.submit(lambda: self._store.update_run(run_id, **values))

    def _shut_down(self) -> None:
        """Lets the worker write its last checkpoints; no waiting run is started any more."""
        self._closing = True
        if self._supervisor.ready and self._turns:
            self._supervisor.shut_down()
            self.loop.call_later(SHUTDOWN_SECONDS, self._shut_down_now)
        else:
            self._shut_down_now()

    def _shut_down_now(self) -> None:
        self._supervisor.close()
        self.loop.stop()
