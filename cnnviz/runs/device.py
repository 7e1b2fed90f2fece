"""One thread per device: it owns the queue, the worker process and all writing for the runs on that device."""

import logging
import time
from collections import deque
from concurrent.futures import Future
from functools import partial

from safetensors.torch import save

from cnnviz.errors import TrainingError
from cnnviz.runs import backlog
from cnnviz.runs.backlog import STORE_ERRORS, Backlog
from cnnviz.runs.checkpoints import Checkpoints
from cnnviz.runs.keeper import Keeper
from cnnviz.runs.loop import Loop
from cnnviz.runs.process import death
from cnnviz.runs.run import Run, Status
from cnnviz.runs.store import Store
from cnnviz.runs.turns import Blame, Room, Turn, forecast, needs, wait
from cnnviz.runs.wire import Message
from cnnviz.settings import Settings
from cnnviz.training.point import Point
from cnnviz.training.snapshot import Snapshot

STOP_GRACE = 5.0
"""Seconds a worker has to obey a stop before it is ended."""
LEAVE_SECONDS = 10.0
"""Seconds a worker has for its last checkpoints when the server is closed."""
GRACES = 6
"""How often a stop waits so long while another run has the turn, which may be a long evaluation."""
MOST_CHECKPOINTS = 20
"""Ended runs of a student that can be trained further, the latest ones."""
log = logging.getLogger(__name__)


class Device:
    """Trains the runs given to it, in turn: as many as its memory allows; the others wait in the order they came.

    Everything happens in this one thread: others put tasks into its inbox, so nothing here needs a lock.
    """

    def __init__(self, name: str, store: Store, checkpoints: Checkpoints, limits: Settings) -> None:
        self.name = name
        self.loop = Loop(f"device {name}")
        self._store, self._checkpoints, self._limits = store, checkpoints, limits
        self._queue: deque[Run] = deque()
        self._turns: dict[str, Turn] = {}
        self._room = Room()
        self._stopping: dict[str, list[Future[None]]] = {}
        self._leaving: dict[str, Status] = {}
        self._reasons: dict[str, str] = {}
        self._keeper = Keeper(name, self.loop, self._report, self._bereaved)
        self._closing = False
        self._turn: str | None = None  # whose turn it is, as far as the worker has said
        self._blame = Blame()
        self._backlog = Backlog(self.loop.later)
        self._heard = {
            "started": self._started,
            "fact": self._fact,
            "points": self._points,
            "progress": self._progress,
            "checkpoint": self._checkpoint,
            "predictions": self._predictions,
            "paused": self._paused,
            "ended": self._ended,
        }

    # ── for other threads ──

    def start(self) -> None:
        """Start the thread, which starts the worker."""
        self.loop.do(self._keeper.start)
        self.loop.start()

    def submit(self, run: Run) -> Future[None]:
        """Queue a new run; done when it is stored."""
        return self.loop.call(partial(self._submit, run))

    def stop(self, run_id: str, reason: str = "") -> Future[None]:
        """Stop a waiting, paused or running run; done once it has ended. Harmless for a run that has."""
        ended: Future[None] = Future()
        self.loop.do(partial(self._stop, run_id, ended, reason))
        return ended

    def pause(self, run_id: str) -> Future[None]:
        """Pause a waiting or running run: it keeps its place on the disk, and none on the device."""
        return self.loop.call(partial(self._pause_run, run_id))

    def resume(self, run: Run) -> Future[None]:
        """Queue a run that the store knows already, with what it says now; it goes on from its checkpoint."""
        return self.loop.call(partial(self._resume, run))

    def recover(self, run: Run) -> None:
        """Queue a run that a server before this one was at."""
        self._queue.append(run)

    def close(self) -> None:
        """End the worker and this thread; what is running is resumed by the next server, what waits stays queued."""
        self.loop.do(self._close)
        self.loop.join(LEAVE_SECONDS + 15)

    @property
    def pid(self) -> int | None:
        """Process number of the worker, once it has reported that it is ready."""
        return self._keeper.pid

    def left(self, run_id: str) -> float | None:
        """Seconds until a run in turn will have ended, or a waiting one gets its turn; None if nobody can say."""
        turns = list(self._turns.values())
        if run_id in self._turns:
            return forecast(turns, run_id)
        place = self.ahead(run_id)
        return None if place is None else wait(turns, place)

    def ahead(self, run_id: str) -> int | None:
        """Runs that wait before this one; None for one that does not wait."""
        return next((place for place, run in enumerate(list(self._queue)) if run.id == run_id), None)

    @property
    def load(self) -> int:
        """Runs in turn and waiting."""
        return len(self._turns) + len(self._queue)

    # ── in this thread: tasks of others ──

    def _submit(self, run: Run) -> None:
        self._store.add(run)
        self._queue.append(run)
        self._next()

    def _resume(self, run: Run) -> None:
        if run.id in self._turns or self.ahead(run.id) is not None:
            return
        changes = {"message": "", "finished": None, "config": run.config, "steps": run.steps}
        self._store.update(run.id, status=Status.QUEUED, **changes)
        self._queue.append(run)
        self._next()

    def _next(self) -> None:
        """Give those a turn for whom there is room; try again soon if the store refuses."""
        if not self._keeper.ready or self._closing:
            return
        while (run := self._first()) is not None:
            try:
                now = self._store.run(run.id)
                if now is not None and now.active:
                    self._store.update(run.id, status=Status.RUNNING, started=now.started or time.time())
            except STORE_ERRORS:
                log.exception("device %s: the next run waits on", self.name)
                self.loop.later(backlog.RETRY_SECONDS, self._next)
                return
            self._queue.remove(run)
            if now is not None and now.active:
                self._begin(now)

    def _first(self) -> Run | None:
        """The first that waits and may begin: none overtakes another for want of memory, only of a student's share."""
        for run in self._queue:
            mine = sum(turn.run.owner == run.owner for turn in self._turns.values())
            if mine < self._limits.max_running_runs:
                return run if self._room.fits(needs(run), self._turns.values()) else None
        return None

    def _begin(self, run: Run) -> None:
        self._turns[run.id] = Turn(run, needs(run))
        self._keeper.order(
            {
                "type": "train",
                "run": run.id,
                "kind": run.kind,
                "owner": run.owner,
                "architecture": run.architecture.model_dump_json(),
                "config": run.config.model_dump_json(),
            }
        )

    def _stop(self, run_id: str, ended: Future[None], reason: str = "") -> None:
        if run_id in self._turns:
            if reason:
                self._reasons.setdefault(run_id, reason)
            if run_id not in self._stopping:
                self._keeper.order({"type": "stop", "run": run_id})
                self._stopping[run_id] = []
                self.loop.later(STOP_GRACE, partial(self._kill, run_id, self._stopping[run_id], GRACES))
            self._stopping[run_id].append(ended)
            return
        try:
            waiting = self._unqueued(run_id)
            if waiting or ((run := self._store.run(run_id)) and (run.active or run.status == Status.PAUSED)):
                begun = self._keep_best(run_id)
                self._finish(run_id, Status.STOPPED, reason or ("" if begun else "Stopped before it began."))
        except STORE_ERRORS as error:
            ended.set_exception(error)
            raise
        ended.set_result(None)

    def _keep_best(self, run_id: str) -> bool:
        """Keep the best weights that the run's checkpoint holds; whether it has one."""
        file = self._checkpoints.of(run_id)
        if file is None:
            return False
        try:
            snapshot = Snapshot.read(file)
            best = snapshot.facts["best"]
        except (TrainingError, KeyError):
            log.exception("run %s: its checkpoint cannot be read", run_id)
            return True
        if best:
            weights = save(snapshot.part("best"))
            self._backlog.write(partial(self._store.keep_weights, run_id, best["epoch"], weights))
        return True

    def _pause_run(self, run_id: str) -> None:
        if run_id in self._turns:
            self._leave(run_id, Status.PAUSED)
        elif self._unqueued(run_id):
            self._record(run_id, status=Status.PAUSED)

    def _leave(self, run_id: str, status: Status) -> None:
        """Let a run give up its turn, and be that afterwards."""
        if run_id not in self._leaving:
            self._keeper.order({"type": "pause", "run": run_id})
        self._leaving[run_id] = status

    def _unqueued(self, run_id: str) -> bool:
        """Take it out of the queue; whether it was there."""
        place = self.ahead(run_id)
        if place is not None:
            del self._queue[place]
        return place is not None

    def _kill(self, run_id: str, stops: list[Future[None]], graces: int) -> None:
        """End a worker that does not obey this stop, but wait on while it is busy with another run."""
        if self._stopping.get(run_id) is not stops:
            return
        if graces and self._turn != run_id:
            self.loop.later(STOP_GRACE, partial(self._kill, run_id, stops, graces - 1))
        else:
            self._keeper.kill()

    # ── in this thread: what the worker says ──

    def _report(self, message: Message, payload: bytes) -> None:
        kind, run_id = message["type"], message.get("run", "")
        if kind == "ready":
            self._room.open(self._limits.max_device_bytes or message["memory"] // 2, message["taken"])
            self._next()
        elif kind == "turn":
            self._turn = run_id
        elif turn := self._turns.get(run_id):
            self._heard[kind](turn, message, payload)
        else:
            log.warning("device %s: %s of run %s, which has no turn", self.name, kind, run_id)
            self._checkpoints.discard(message.get("draft", "none"))

    def _started(self, turn: Turn, message: Message, _: bytes) -> None:
        turn.step, turn.steps = message["step"], message["steps"]
        self._record(turn.run.id, steps=turn.steps)
        # behind what is still to be written of it
        self._backlog.write(lambda: setattr(turn, "known", self._store.known(turn.run.id, turn.step)))

    def _fact(self, turn: Turn, message: Message, _: bytes) -> None:
        self._backlog.write(partial(self._store.keep_fact, turn.run.id, message["name"], message["content"]))

    def _points(self, turn: Turn, message: Message, _: bytes) -> None:
        points = [Point(*point) for point in message["points"]]
        turn.reached = max([turn.reached, *(point.step for point in points)])
        worked = turn.seconds or None  # not told yet after a restart
        self._backlog.write(lambda: self._store.append(turn.run.id, turn.new(points), worked))

    def _progress(self, turn: Turn, message: Message, _: bytes) -> None:
        run_id = turn.run.id
        turn.step, turn.seconds = message["step"], message["seconds"]
        if turn.seconds > self._limits.max_run_seconds and run_id not in self._reasons:
            self._reasons[run_id] = (
                f"Stopped after {self._limits.max_run_seconds:,} seconds of the device's time, as many as this server"
                " gives to a run. Its weights are kept."
            )
            self._stop(run_id, Future())
        elif self._room.crowded(message["taken"], self._turns.values()):
            youngest = max(self._turns.values(), key=lambda each: each.run.created)
            self._leave(youngest.run.id, self._leaving.get(youngest.run.id, Status.QUEUED))

    def _checkpoint(self, turn: Turn, message: Message, _: bytes) -> None:
        self._backlog.write(partial(self._checkpoints.commit, turn.run.id, message["draft"]))

    def _predictions(self, turn: Turn, _message: Message, content: bytes) -> None:
        self._backlog.write(partial(self._store.keep_predictions, turn.run.id, content))

    def _paused(self, turn: Turn, _message: Message, _payload: bytes) -> None:
        run_id = turn.run.id
        del self._turns[run_id]
        status = self._leaving.pop(run_id, Status.PAUSED)
        if run_id in self._stopping:
            self._keep_best(run_id)
            self._finish(run_id, Status.STOPPED, self._reasons.pop(run_id, ""))
            return
        if status == Status.QUEUED:
            self._queue.appendleft(turn.run)
        self._record(run_id, status=status, worked=turn.seconds)
        self._next()

    def _ended(self, turn: Turn, message: Message, weights: bytes) -> None:
        run_id, status, reason = turn.run.id, Status(message["status"]), message["message"]
        if status == Status.FAILED:
            self._keep_best(run_id)
            if message.get("over"):
                self._backlog.write(partial(self._checkpoints.drop, run_id))
        if status == Status.STOPPED:
            reason = self._reasons.get(run_id, reason)
        if weights:
            self._backlog.write(lambda: self._store.keep_weights(run_id, message["epoch"], weights))
        self._finish(run_id, status, reason, worked=message.get("seconds", turn.seconds))
        self._backlog.write(partial(self._prune, turn.run.owner))

    def _prune(self, owner: str) -> None:
        """Forget the checkpoints of runs that ended long ago."""
        over = [run for run in self._store.of(owner) if not run.active and run.status != Status.PAUSED]
        for run in over[MOST_CHECKPOINTS:]:
            self._checkpoints.drop(run.id)

    def _bereaved(self, code: int, killed: bool) -> None:
        """What becomes of the runs whose worker died: they go on from their checkpoints, but for one that kills it."""
        if self._closing:
            self._shut()
            return
        culprit, self._turn = self._turn, None
        turns, self._turns = list(self._turns.values()), {}
        if culprit not in {turn.run.id for turn in turns}:
            culprit = turns[0].run.id if turns else None
        for turn in reversed(turns):
            run_id = turn.run.id
            guilty = not killed and run_id == culprit and self._blame.again(turn)
            status = self._leaving.pop(run_id, Status.QUEUED)
            if run_id in self._stopping:
                self._keep_best(run_id)
                self._finish(run_id, Status.STOPPED, self._reasons.pop(run_id, ""))
            elif guilty:
                self._keep_best(run_id)
                self._finish(run_id, Status.FAILED, death(code))
            else:
                if status == Status.QUEUED:
                    self._queue.appendleft(turn.run)
                self._record(run_id, status=status)

    def _finish(self, run_id: str, status: Status, message: str, **values: object) -> None:
        self._turns.pop(run_id, None)
        self._leaving.pop(run_id, None)
        self._reasons.pop(run_id, None)
        self._blame.forget(run_id)
        self._record(run_id, status=status, message=message, finished=time.time(), **values)
        for future in self._stopping.pop(run_id, []):
            future.set_result(None)
        self._next()

    def _record(self, run_id: str, **values: object) -> None:
        """Write down what has happened to a run."""
        self._backlog.write(lambda: self._store.update(run_id, **values))

    def _close(self) -> None:
        """Let the worker write its last checkpoints; nothing that waits is started any more."""
        self._closing = True
        if self._keeper.ready and self._turns:
            self._keeper.leave()
            self.loop.later(LEAVE_SECONDS, self._shut)
        else:
            self._shut()

    def _shut(self) -> None:
        self._keeper.close()
        self.loop.end()
