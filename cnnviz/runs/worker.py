"""The process that trains: `python -m cnnviz.runs.worker DEVICE`, driven through its standard input.

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
from cnnviz.data import find
from cnnviz.data.base import Progress
from cnnviz.errors import CnnvizError, TrainingError, short_of_memory
from cnnviz.runs import memory
from cnnviz.runs.checkpoints import Checkpoints
from cnnviz.runs.cores import threads
from cnnviz.runs.loading import Loaded
from cnnviz.runs.outbox import Outbox
from cnnviz.runs.run import FIND, TRAIN, Status
from cnnviz.runs.wire import Message, receive, send
from cnnviz.settings import Settings, settings
from cnnviz.training.config import TrainConfig
from cnnviz.training.finder import Found, Search
from cnnviz.training.snapshot import Snapshot
from cnnviz.training.training import NO_MEMORY, Result, Training

NICENESS = 10
LOADING_SECONDS = 0.3
"""Between two words on how far data are loaded."""
QUANTUM_SECONDS, SHORTEST_SECONDS, ROUND_SECONDS = 1.0, 0.1, 8.0
"""How long a run trains before the next one does; shorter, but never less than the second, so that a round of all runs
takes no longer than the third."""
CHEAP = 100
"""Time between two checkpoints over the time it takes to copy one, at least."""
Job = Training | Search
JOBS: dict[str, type[Training] | type[Search]] = {TRAIN: Training, FIND: Search}
"""What is done for a run of each kind."""
log = logging.getLogger(__name__)


@dataclass(eq=False)
class Live:
    """A run that is in turn."""

    id: str
    training: Job
    outbox: Outbox
    labels: Tensor
    """Of the test part."""
    checkpointed: float = field(default_factory=time.monotonic)
    cost: float = 0.0
    """Seconds that copying the last checkpoint took."""
    written: Future[None] | None = None

    def due(self, seconds: float) -> bool:
        """Whether a checkpoint is, at one in so many seconds."""
        patience = max(seconds, CHEAP * self.cost)
        return time.monotonic() - self.checkpointed >= patience and (self.written is None or self.written.done())


class Worker:
    """Trains runs in turn and tells the server everything through one pipe."""

    def __init__(self, device: torch.device, orders: BinaryIO, reports: BinaryIO, limits: Settings) -> None:
        self._device, self._interval = device, limits.checkpoint_seconds
        self._orders, self._reports = orders, reports
        self._saying = threading.Lock()
        self._inbox: SimpleQueue[Message] = SimpleQueue()
        self._stops: set[str] = set()
        self._fresh: deque[Live] = deque()
        self._ring: deque[Live] = deque()
        self._loaded = Loaded(device)
        self._checkpoints = Checkpoints(limits.data_dir)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="checkpoints")
        self._drafts = 0

    def serve(self) -> None:
        """Train what comes in, until the pipe closes."""
        threading.Thread(target=self._listen, name="orders", daemon=True).start()
        torch.zeros(1, device=self._device)  # a CUDA context takes a second: before the first run, not in it
        self._say("ready", memory=memory.there(self._device), taken=memory.taken(self._device))
        while True:
            while not (self._fresh or self._ring) or not self._inbox.empty():
                self._obey(self._inbox.get())
            live = (self._fresh or self._ring).popleft()
            if self._turn(live):
                self._ring.append(live)

    def _listen(self) -> None:
        while (received := receive(self._orders)) is not None:
            message, _ = received
            if message["type"] == "stop":
                self._stops.add(message["run"])  # at once: it may be in the middle of a long evaluation
            self._inbox.put(message)
        os._exit(0)  # the server is gone: nobody is left to train for

    def _obey(self, order: Message) -> None:
        kind, run_id = order["type"], order.get("run")
        if kind == "train":
            self._begin(order)
        elif kind == "leave":
            for live in [*self._fresh, *self._ring]:
                self._checkpoint(live).result()
            os._exit(0)
        for queue in (self._fresh, self._ring):
            for live in [live for live in queue if live.id == run_id]:
                if kind == "stop":
                    queue.remove(live)
                    while self._turn(live):  # orders that wait cut it short
                        pass
                elif kind == "pause":
                    queue.remove(live)
                    self._checkpoint(live).result()
                    live.training.close()
                    self._say("paused", run=run_id)
        if kind == "stop":
            self._stops.discard(str(run_id))  # it may have ended by itself meanwhile, and be trained further one day

    def _begin(self, job: Message) -> None:
        run_id = job["run"]
        self._say("turn", run=run_id)
        try:
            self._fresh.append(self._live(job))
        except Exception as error:  # of whatever kind: the run ends, the worker goes on
            self._failed(run_id, error)

    def _live(self, job: Message) -> Live:
        run_id, checkpoint = job["run"], self._checkpoints.of(job["run"])
        architecture = Architecture.model_validate_json(job["architecture"])
        config = TrainConfig.model_validate_json(job["config"])
        data = self._loaded.get(config, job["owner"], self._progress(run_id))
        outbox = Outbox(lambda points: self._say("points", run=run_id, points=points))

        def fresh() -> Job:
            return JOBS[job["kind"]](
                architecture,
                config,
                data,
                device=self._device,
                emit=outbox.add,
                should_stop=lambda: run_id in self._stops,
            )

        training = fresh()
        try:
            if checkpoint:
                training.restore(Snapshot.read(checkpoint))
        except (TrainingError, KeyError, ValueError, RuntimeError):  # damaged: from the beginning, then
            log.exception("run %s begins again", run_id)
            training = fresh()
        self._say("started", run=run_id, steps=training.steps, step=training.step)
        parts = [len(y) for _, y in (data.train, data.validation, data.test)]
        self._say("fact", run=run_id, name="parts", content=parts)
        learned = find(config.dataset, job["owner"])
        about = {"title": learned.title, "classes": learned.classes, "axes": learned.axes}
        self._say("fact", run=run_id, name="data", content=about)
        return Live(run_id, training, outbox, data.test[1].cpu())

    def _turn(self, live: Live) -> bool:
        """Train it for a while; whether it goes on after that."""
        self._say("turn", run=live.id)
        others = len(self._fresh) + len(self._ring) + 1
        deadline = time.monotonic() + max(min(QUANTUM_SECONDS, ROUND_SECONDS / others), SHORTEST_SECONDS)
        try:
            result = live.training.advance(lambda: time.monotonic() >= deadline or not self._inbox.empty())
        except Exception as error:  # as above
            live.outbox.flush()
            self._failed(live.id, error)
            return False
        live.outbox.flush()
        if result:
            self._ended(live, result)
            return False
        training, taken = live.training, memory.taken(self._device) - self._loaded.nbytes
        self._say("progress", run=live.id, step=training.step, seconds=training.seconds, taken=taken)
        if live.due(self._interval):
            self._checkpoint(live)
        return True

    def _ended(self, live: Live, result: Result | Found) -> None:
        self._stops.discard(live.id)
        status = Status.STOPPED if result.stopped else Status.DONE
        seconds = live.training.seconds
        if isinstance(result, Found):
            self._say("fact", run=live.id, name=FIND, content=result.facts())
            self._say("ended", run=live.id, status=status, seconds=seconds, epoch=0, message="")
            return
        if result.last:
            self._write(live, result.last).result()
        weights = save(result.weights) if result.best_epoch else b""
        if result.probabilities is not None:
            tested = {"probabilities": result.probabilities, "y": live.labels}
            self._say("predictions", save(tested), run=live.id)
        self._say("fact", run=live.id, name="scale", content=result.scale.facts())
        epoch, note = result.best_epoch, result.note
        self._say("ended", weights, run=live.id, status=status, seconds=seconds, epoch=epoch, message=note)

    def _failed(self, run_id: str, error: Exception) -> None:
        self._stops.discard(run_id)
        if "CUDA error" in str(error) and not short_of_memory(error):
            log.error("run %s: the device is lost to this process", run_id, exc_info=error)
            os._exit(1)  # every further run would fail in it; in a new one, they go on
        over = isinstance(error, TrainingError)  # diverged: there is nothing to go on with
        self._say("ended", run=run_id, status=Status.FAILED, message=told(run_id, error), over=over)

    def _checkpoint(self, live: Live) -> Future[None]:
        """Copy its state now, write it down while others train."""
        begun = time.monotonic()
        snapshot = live.training.snapshot()
        live.checkpointed = time.monotonic()
        live.cost = live.checkpointed - begun
        return self._write(live, snapshot)

    def _write(self, live: Live, snapshot: Snapshot | None) -> Future[None]:
        if snapshot is None:
            nothing: Future[None] = Future()
            nothing.set_result(None)
            return nothing
        self._drafts += 1
        draft = self._checkpoints.draft(live.id, self._drafts)
        live.written = self._writer.submit(self._written, live.id, draft, snapshot)
        return live.written

    def _written(self, run_id: str, draft: Path, snapshot: Snapshot) -> None:
        try:
            snapshot.write(draft)
        except Exception:  # most likely a full disk: the training goes on, and the next checkpoint may succeed
            log.exception("run %s: no checkpoint at step %s", run_id, snapshot.facts["step"])
            draft.unlink(missing_ok=True)
        else:
            self._say("checkpoint", run=run_id, draft=draft.name, step=snapshot.facts["step"])

    def _progress(self, run_id: str) -> "Loading":
        return Loading(lambda done, total: self._say("fact", run=run_id, name="loading", content=[done, total]))

    def _say(self, kind: str, payload: bytes = b"", **values: object) -> None:
        with self._saying:
            send(self._reports, {"type": kind} | values, payload)


class Loading:
    """Hears how far data are loaded, and hands it on a few times a second."""

    def __init__(self, say: Progress) -> None:
        self._say = say
        self._last = 0.0

    def __call__(self, done: int, total: int) -> None:
        """So much of so much is."""
        if time.monotonic() - self._last >= LOADING_SECONDS:
            self._last = time.monotonic()
            self._say(done, total)


_FAULT = "The training stopped on an error inside cnnviz ({}). The design is safe; the server's log has the details."


def told(run_id: str, error: Exception) -> str:
    """Why a run failed, for its student; what is our fault goes to the log."""
    if isinstance(error, CnnvizError):
        return str(error)
    if short_of_memory(error):
        return NO_MEMORY
    log.error("run %s failed", run_id, exc_info=error)
    return _FAULT.format(str(error).partition("\n")[0][:200])


def main() -> None:
    """Serve on the device named on the command line."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)  # pages come first
    reports = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not garble the reports
    device = torch.device(sys.argv[1])
    torch.set_num_threads(threads(device, settings().threads))
    Worker(device, sys.stdin.buffer, reports, settings()).serve()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s worker %(levelname)s %(message)s")
    main()
