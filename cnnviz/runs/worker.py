"""The process that trains: `python -m cnnviz.runs.worker DEVICE`, driven through its standard input.

It takes {"type": "train", …} and {"type": "stop", …}, answers "ready", "started", "points", "ended", and exits when
its pipe closes.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import BinaryIO

import torch
from safetensors.torch import save

from cnnviz.architecture import Architecture
from cnnviz.data import find
from cnnviz.data.base import Progress, Splits
from cnnviz.errors import CnnvizError
from cnnviz.runs.run import Status
from cnnviz.runs.wire import Message, receive, send
from cnnviz.settings import settings
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import Point
from cnnviz.training.trainer import steps_per_epoch, train
from cnnviz.training.training import Result

NICENESS = 10
FLUSH_SECONDS = 0.1
LOADING_SECONDS = 0.3
"""Between two words on how far data are loaded."""
MOST_LOADED = 2**30
"""Bytes of data that are kept at hand for the next runs, those of the present one included."""
log = logging.getLogger(__name__)


class Worker:
    """Trains one run after the other and tells the server everything through one pipe."""

    def __init__(self, device: torch.device, orders: BinaryIO, reports: BinaryIO) -> None:
        self._device = device
        self._orders, self._reports = orders, reports
        self._jobs: SimpleQueue[Message] = SimpleQueue()
        self._stops: set[str] = set()
        self._loaded: dict[tuple[str, str, str, str], Splits] = {}

    def serve(self) -> None:
        """Train what comes in, until the pipe closes."""
        threading.Thread(target=self._listen, name="orders", daemon=True).start()
        torch.zeros(1, device=self._device)  # a CUDA context takes a second: before the first run, not in it
        self._say("ready")
        while True:
            job = self._jobs.get()
            self._train(job)

    def _listen(self) -> None:
        while (received := receive(self._orders)) is not None:
            message, _ = received
            if message["type"] == "stop":
                self._stops.add(message["run"])
            else:
                self._jobs.put(message)
        os._exit(0)  # the server is gone: nobody is left to train for

    def _train(self, job: Message) -> None:
        run_id = job["run"]
        try:
            result = self._result(job)
        except CnnvizError as error:
            self._say("ended", run=run_id, status=Status.FAILED, message=str(error))
        except (torch.OutOfMemoryError, MemoryError):
            self._say("ended", run=run_id, status=Status.FAILED, message=_NO_MEMORY)
        except (RuntimeError, ValueError, OSError) as error:  # from torch, also for too little CPU memory; from disks
            log.exception("run %s failed", run_id)
            reason = str(error).partition("\n")[0][:200]
            message = _NO_MEMORY if "allocate memory" in reason else _FAULT.format(reason)
            self._say("ended", run=run_id, status=Status.FAILED, message=message)
        else:
            status = Status.STOPPED if result.stopped else Status.DONE
            weights = save(result.weights) if result.best_epoch else b""
            self._say("fact", run=run_id, name="scale", content=result.scale.facts())
            self._say("ended", weights, run=run_id, status=status, epoch=result.best_epoch, message=result.note)
        self._stops.discard(run_id)

    def _result(self, job: Message) -> Result:
        architecture = Architecture.model_validate_json(job["architecture"])
        config = TrainConfig.model_validate_json(job["config"])
        splits = self._splits(config, job)
        steps = config.epochs * steps_per_epoch(len(splits.train), config.batch_size)
        self._say("started", run=job["run"], steps=steps)
        self._say("fact", run=job["run"], name="parts", content=[len(part) for part in splits.parts])
        outbox = Outbox(lambda points: self._say("points", run=job["run"], points=points))
        try:
            return train(
                architecture,
                config,
                splits,
                device=self._device,
                emit=outbox.add,
                should_stop=lambda: job["run"] in self._stops,
            )
        finally:
            outbox.flush()

    def _splits(self, config: TrainConfig, job: Message) -> Splits:
        """The data of a run; those of the last ones are at hand, others may take a while, which is told."""
        version = find(config.dataset, job["owner"]).version
        key = config.dataset, job["owner"], config.split, version
        last = 0.0

        def progress(done: int, total: int) -> None:
            nonlocal last
            if time.monotonic() - last >= LOADING_SECONDS:
                last = time.monotonic()
                self._say("fact", run=job["run"], name="loading", content=[done, total])

        if key not in self._loaded:
            splits = _splits(*key[:3], progress)
            while self._loaded and size(splits) + sum(map(size, self._loaded.values())) > MOST_LOADED:
                self._loaded.pop(next(iter(self._loaded)))
            self._loaded[key] = splits
        return self._loaded[key]

    def _say(self, kind: str, payload: bytes = b"", **values: object) -> None:
        send(self._reports, {"type": kind} | values, payload)


class Outbox:
    """Gathers points and hands them on in one message every tenth of a second."""

    def __init__(self, say: Callable[[Sequence[Point]], None]) -> None:
        self._say = say
        self._waiting: list[Point] = []
        self._last = 0.0

    def add(self, points: Sequence[Point]) -> None:
        """Take points; pass them on when it is time."""
        self._waiting += points
        if time.monotonic() - self._last >= FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Pass on all that waits."""
        if self._waiting:
            self._say(self._waiting)
        self._waiting = []
        self._last = time.monotonic()


_NO_MEMORY = "The training needs more memory than this device has free. Use a smaller batch size or a smaller net."
_FAULT = "The training stopped on an error inside cnnviz ({}). The design is safe; the server's log has the details."


def size(splits: Splits) -> int:
    """Bytes of all samples."""
    return sum(part.x.nbytes for part in splits.parts)


def _splits(dataset: str, owner: str, way: str, progress: Progress) -> Splits:
    return find(dataset, owner).split_by(way, progress)


def main() -> None:
    """Serve on the device named on the command line."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)  # pages come first
    reports = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not garble the reports
    torch.set_num_threads(settings().threads)
    Worker(torch.device(sys.argv[1]), sys.stdin.buffer, reports).serve()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s worker %(levelname)s %(message)s")
    main()
