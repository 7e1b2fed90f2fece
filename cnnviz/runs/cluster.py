"""All devices of this server behind one door: submit, stop, look."""

import logging
import threading
import time
import uuid
from contextlib import suppress
from functools import cache
from pathlib import Path

import torch
from filelock import FileLock, Timeout
from sqlalchemy.exc import SQLAlchemyError

from cnnviz.architecture import Architecture
from cnnviz.data import find
from cnnviz.errors import CnnvizError, DesignError, LimitError, TrainingError
from cnnviz.runs.desk import Desks
from cnnviz.runs.device import Device
from cnnviz.runs.imports import Imports
from cnnviz.runs.run import Run, Status
from cnnviz.runs.store import Store
from cnnviz.settings import Settings, settings
from cnnviz.training.config import TrainConfig
from cnnviz.training.readiness import check

ANSWER_SECONDS = 10.0
LOCK_SECONDS = 15.0
log = logging.getLogger(__name__)


class Cluster:
    """The devices of a server, the store they write to, the desks of its students, and the imports under way.

    Raises CnnvizError when another server already works in the same data directory.
    """

    def __init__(self, limits: Settings) -> None:
        folder: Path = limits.data_dir
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(folder / "server.lock", thread_local=False)  # taken and given back in different threads
        try:
            self._lock.acquire(timeout=LOCK_SECONDS)  # a server that is just being replaced needs a moment
        except Timeout:
            raise CnnvizError(
                f"Another cnnviz server works in {folder}. Stop it, or set CNNVIZ_DATA_DIR to another folder."
            ) from None
        self.store = Store(folder, limits.database_url)
        self._limits = limits
        self._submitting = threading.Lock()
        self.devices = {name: Device(name, self.store) for name in _devices(limits)}
        self.desks = Desks(self.store, next(iter(self.devices.values())).do)
        self.imports = Imports(limits)
        self._recover()
        for device in self.devices.values():
            device.start()
        self.imports.open()

    def submit(self, owner: str, architecture: Architecture, config: TrainConfig) -> Run:
        """Queue a training on the device with the fewest runs.

        Raises CnnvizError with the reason when the design does not fit the data or a limit is reached.
        """
        check(architecture, config, find(config.dataset, owner), self._limits)
        with self._submitting:
            active = self.store.active()
            mine = sum(run.owner == owner for run in active)
            if mine >= self._limits.max_active_runs:
                raise LimitError(
                    f"You have {mine} runs waiting or running, as many as this server allows at a time. "
                    "Stop one or wait until one ends."
                )
            busy = [run.device for run in active]
            device = min(self.devices, key=busy.count)
            run = Run(uuid.uuid4().hex, owner, device, architecture, config, Status.QUEUED, time.time())
            try:
                self.devices[device].submit(run).result(ANSWER_SECONDS)
            except (SQLAlchemyError, TimeoutError):
                log.exception("run %s of %s was not taken", run.id, owner)
                raise TrainingError("The server cannot take new runs just now. Try again in a minute.") from None
        return run

    def stop(self, owner: str, run_id: str, wait: float = 0.0) -> None:
        """Stop a run of this owner; twice is harmless. Waits up to `wait` seconds for it to have ended."""
        run = self.run(owner, run_id)
        ended = self.devices[run.device].stop(run_id) if run.device in self.devices else None
        if ended and wait:
            with suppress(TimeoutError):  # it ends soon; the page shows it then
                ended.result(wait)

    def run(self, owner: str, run_id: str) -> Run:
        """A run of this owner; raises DesignError when there is none."""
        run = self.store.run(run_id)
        if run is None or run.owner != owner:
            raise DesignError("There is no such run of yours.")
        return run

    def ahead(self, run: Run) -> int:
        """Runs that have their turn before this waiting one."""
        return self.store.ahead(run)

    def close(self) -> None:
        """End all workers and imports and give the data directory free."""
        self.imports.close()
        for device in self.devices.values():
            device.close()
        self.store.close()
        self._lock.release()

    def _recover(self) -> None:
        for run in self.store.active():
            if run.status == Status.QUEUED and run.device in self.devices:
                self.devices[run.device].resume(run.id)
            else:
                message = "The server was stopped during this run. Start it again."
                self.store.update(run.id, status=Status.FAILED, message=message, finished=time.time())


@cache
def cluster() -> Cluster:
    """The cluster of this process, started at first use."""
    return Cluster(settings())


def _devices(limits: Settings) -> list[str]:
    """Names of the devices to train on; raises CnnvizError for one that is not there."""
    there = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    named = [name.strip() for name in limits.devices.split(",") if name.strip()]
    for name in named:
        if name not in ("cpu", *there):
            raise CnnvizError(f"CNNVIZ_DEVICES names {name!r}; here are {', '.join(['cpu', *there])}.")
    return named or there or ["cpu"]
