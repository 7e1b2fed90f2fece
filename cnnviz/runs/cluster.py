"""Cluster: all devices of a server, to submit, stop and look at runs."""

import logging
import threading
import time
import uuid
from concurrent.futures import Future
from dataclasses import replace
from functools import cache, partial

from sqlalchemy.exc import SQLAlchemyError

from cnnviz.architecture import Architecture
from cnnviz.data import find_dataset, own_uploads
from cnnviz.errors import DesignError, TrainingError
from cnnviz.identity.last_actions import LastActions
from cnnviz.imports.imports import Imports
from cnnviz.runs.assignments import Assignments
from cnnviz.runs.checkpoints import Checkpoints
from cnnviz.runs.data_directory import DataDirectory, refuse_unusable
from cnnviz.runs.device import Device
from cnnviz.runs.device_names import device_names
from cnnviz.runs.drafts import Drafts
from cnnviz.runs.idle_runs import IdleRuns, idle_seconds
from cnnviz.runs.library import RunLibrary
from cnnviz.runs.owner_hashes import hash_owners
from cnnviz.runs.queue_outlook import QueueOutlook
from cnnviz.runs.retry_queue import STORE_ERRORS
from cnnviz.runs.run import LR_FINDER_RUN, STOPPED_BY_STUDENT, TRAIN_RUN, Ending, Run, RunKind, Status
from cnnviz.runs.run_limits import RunLimits
from cnnviz.runs.sharing import Sharing
from cnnviz.runs.store import Store
from cnnviz.runs.teacher_desk import TeacherDesk
from cnnviz.runs.write_and_wait import wait_until
from cnnviz.settings import Mode, Settings, settings
from cnnviz.training.config import TrainConfig
from cnnviz.training.duration import check_finder_step
from cnnviz.training.readiness import check_trainable
from cnnviz.visitors import visitors

ANSWER_TIMEOUT_SECONDS = 10.0
log = logging.getLogger(__name__)


class Cluster:
    """The devices of a server, their store, the drafts of its students, and its imports.

    Raises CnnvizError when another server already works in the same data directory, or where that cannot be used.
    """

    def __init__(self, limits: Settings) -> None:
        folder = limits.data_dir
        with refuse_unusable(folder):
            self._directory = DataDirectory(folder)
            self.store = Store(folder, limits.database_url)
        self.store.claim()
        self._limits = limits
        hash_owners(self.store, own_uploads(limits), self._directory.key)
        self._submit_lock = threading.Lock()
        self.checkpoints = Checkpoints(folder)
        self.checkpoints.delete_temporary_files()

        def comes_first(run_id: str) -> bool:
            return self.desk.rules.comes_first(run_id)

        self.devices = {
            name: Device(name, self.store, self.checkpoints, limits, comes_first=comes_first)
            for name in device_names(limits)
        }
        self.outlook = QueueOutlook(self.devices)
        writer_loop = next(iter(self.devices.values())).loop  # writes what belongs to no device
        self.drafts = Drafts(self.store, writer_loop.call_soon, writer_loop.call_later)
        self.library = RunLibrary(self.store, self.checkpoints, writer_loop, self.stop)
        self.desk = TeacherDesk(self.store, writer_loop)
        self._run_limits = RunLimits(self.store, limits, rules=lambda: self.desk.rules)
        self.assignments = Assignments(self.store, writer_loop, limits, rules=lambda: self.desk.rules)
        self.sharing = Sharing(self.store, writer_loop)
        self.imports = Imports(limits)
        self.last_actions = LastActions()
        self.idle_runs = IdleRuns(
            rules=lambda: self.desk.rules,
            active_runs=self.store.active_runs,
            paused_runs=self.store.paused_runs,
            idle_seconds=partial(idle_seconds, self.store.people, self.last_actions),
            pause=self.pause,
            resume=self.resume,
        )
        self._sweep()
        self.library.start_sweeping()
        self._requeue_unfinished()
        for owner in self.store.owners():  # they have been here before
            visitors().establish(owner)
        for device in self.devices.values():
            device.start()
        self.assignments.start()
        if limits.mode == Mode.CLASS:
            self.idle_runs.start()
        self.imports.open()

    def _sweep(self) -> None:
        """Deletes what interrupted imports and writes have left; where that cannot be done now, at the next start."""
        try:
            self.store.delete_orphans()
        except STORE_ERRORS:
            log.exception("what interrupted imports have left stays")

    @property
    def folder_is_gone(self) -> bool:
        """Whether the data directory is no longer where it was when the server started: nothing can be kept then."""
        return self._directory.is_gone

    def submit(
        self,
        owner: str,
        architecture: Architecture,
        config: TrainConfig,
        kind: RunKind = TRAIN_RUN,
        *,
        title: str = "",
        search: str | None = None,
        parent: str | None = None,
    ) -> Run:
        """Queues a training, or a learning-rate finder, on the device with the fewest runs.

        `parent` is the run that a training starts from; unless it is named, or a search makes it, that is the run which
        its student has opened last.

        Raises CnnvizError with the reason when the design does not fit the data or a limit is reached.
        """
        if parent is None and search is None and kind == TRAIN_RUN:
            parent = self.drafts.origin(owner)
        run = self._new_run(owner, architecture, config)
        return self._submit(replace(run, kind=kind, title=title, search=search, parent=parent))

    def submit_seed(self, owner: str, run: Run, seed: int, *, title: str = "") -> Run:
        """Queues a run again with another seed: one of those that are to say what of it is luck.

        They are trained one after another, and no more of them than needed (`seed_answer`), or in one pass on a GPU.
        Raises CnnvizError when a limit is reached.
        """
        new = self._new_run(owner, run.architecture, run.config.changed(seed=seed))
        return self._submit(replace(new, title=title, parent=run.id, seed_group=run.id))

    def trains_seeds_together(self, run: Run) -> bool:
        """Returns whether other seeds of a run would be trained in one pass."""
        return self.next_device.stacks(run)

    def _new_run(self, owner: str, architecture: Architecture, config: TrainConfig) -> Run:
        """Returns a run that nobody has heard of yet."""
        device = self.next_device.name
        return Run(uuid.uuid4().hex, owner, device, architecture, config, Status.QUEUED, time.time())

    def _submit(self, run: Run) -> Run:
        """Queues a run on the device with the fewest runs, unless something speaks against it."""
        dataset, device = find_dataset(run.config.dataset, run.owner), self.next_device
        check_trainable(run.architecture, run.config, dataset, self._limits, device.speed)
        self.desk.rules.check(run.architecture, run.config)
        if run.kind == LR_FINDER_RUN:
            check_finder_step(run.architecture, run.config, self._limits, device.speed)
        with self._submit_lock:
            self._run_limits.check(run.owner)
            run = replace(run, device=self._device_for(run).name, created=time.time())
            self._wait_until_stored(self.devices[run.device].submit(run), run)
        return run

    def _device_for(self, run: Run) -> Device:
        """The device on which a run is to train: for a seed, that of the others of its group, else the next one."""
        others = self.store.runs_of(run.owner) if run.seed_group else []
        group = [other.device for other in others if other.seed_group == run.seed_group and other.active]
        return self.devices.get(group[0], self.next_device) if group else self.next_device

    @property
    def next_device(self) -> Device:
        """The device on which the next run is to train: that with the fewest runs."""
        return min(self.devices.values(), key=lambda device: device.run_count)

    def pause(self, owner: str, run_id: str, wait: float = 0.0, message: str = "") -> None:
        """Pauses a waiting or running run of this owner; harmless for one that is neither.

        `message` tells them why, where they have not done it.
        """
        run = self.run(owner, run_id)
        if run.active:
            self.devices[run.device].pause(run_id, message)
            wait_until(lambda: not self.run(owner, run_id).active, wait)

    def resume(self, owner: str, run_id: str) -> None:
        """Continues a paused run of this owner, or one that failed through no fault of its own.

        Raises LimitError when its owner has as many runs as the server allows.
        """
        run = self.run(owner, run_id)
        if run.status == Status.PAUSED or (run.status == Status.FAILED and self.resumable(run)):
            self._requeue(run)

    def extend(self, owner: str, run_id: str, epochs: int) -> None:
        """Trains a run that has ended further, by so many epochs after the last one that it had begun.

        Weights, optimizer and random numbers go on, and so does the curve. Raises DesignError when there is nothing to
        go on from, LimitError when a limit is reached.
        """
        run = self.run(owner, run_id)
        if run.active or not self.resumable(run):
            raise DesignError("This run left no checkpoint from which it could go on. Start it again.")
        if epochs < 1:
            raise TrainingError(f"A run can be trained further by 1 or more epochs, not by {epochs}.")
        config = run.config.changed(epochs=self.store.last_epoch(run_id) + epochs)
        device = self.devices.get(run.device, self.next_device)
        check_trainable(run.architecture, config, find_dataset(config.dataset, owner), self._limits, device.speed)
        self.desk.rules.check(run.architecture, config)
        steps_per_epoch = run.steps // run.config.epochs
        self._requeue(replace(run, config=config, steps=steps_per_epoch * config.epochs))

    def resumable(self, run: Run) -> bool:
        """Returns whether a run that is not active can go on from where it was."""
        return not run.active and run.kind == TRAIN_RUN and self.checkpoints.find(run.id) is not None

    def stop(self, owner: str, run_id: str, wait: float = 0.0, ending: Ending = STOPPED_BY_STUDENT) -> None:
        """Stops a run of this owner and waits up to `wait` seconds for its end; twice is harmless."""
        run = self.run(owner, run_id)
        ended = self.devices[self._available_device(run)].stop(run_id, ending)
        if wait:
            try:
                ended.result(wait)
            except TimeoutError:  # it ends soon; the page shows it then
                return
            except STORE_ERRORS:
                raise TrainingError("The server cannot stop runs just now. Try again in a minute.") from None

    def move_up(self, run_id: str) -> None:
        """Lets a run that waits begin before all others, as many as its owner has begun; harmless for any other.

        As long as a lesson lasts it stays before them: it makes room for none, also after its first turn.
        """
        run = self.store.run(run_id)
        if run and run.active:
            self.desk.put_first(run_id, first=True)
            self.devices[self._available_device(run)].move_up(run_id)

    def move_back(self, run_id: str) -> None:
        """Lets a run that was moved up be one of all again; harmless for any other."""
        self.desk.put_first(run_id, first=False)
        run = self.store.run(run_id)
        if run and run.active:
            self.devices[self._available_device(run)].move_back(run_id)

    def run(self, owner: str, run_id: str) -> Run:
        """Returns a run of this owner; raises DesignError when there is none."""
        return self.store.owned_run(owner, run_id)

    def close(self) -> None:
        """Ends all workers and imports, and releases the data directory."""
        self.imports.close()
        self.assignments.close()
        self.idle_runs.close()
        for device in self.devices.values():
            device.close()
        self.store.close()
        self._directory.release()

    def _requeue(self, run: Run) -> None:
        """Queues a stored run."""
        with self._submit_lock:
            self._run_limits.check(run.owner, except_run_id=run.id)
            self.desk.rules.check_not_frozen()
            self._run_limits.check_time(run)
            self._wait_until_stored(self.devices[self._available_device(run)].resume(run), run)

    def _wait_until_stored(self, task: Future[None], run: Run) -> None:
        try:
            task.result(ANSWER_TIMEOUT_SECONDS)
        except (SQLAlchemyError, TimeoutError):
            task.cancel()  # or it would be done later, and again when it is tried again
            log.exception("run %s of %s was not taken", run.id, run.owner)
            raise TrainingError("The server cannot take new runs just now. Try again in a minute.") from None

    def _available_device(self, run: Run) -> str:
        """Returns the run's device, or another one if that no longer exists."""
        if run.device not in self.devices:
            device = self.next_device.name
            try:
                self.store.update_run(run.id, device=device)
            except STORE_ERRORS:
                log.exception("run %s was not given to %s", run.id, device)
                raise TrainingError("The server cannot change runs just now. Try again in a minute.") from None
            return device
        return run.device

    def _requeue_unfinished(self) -> None:
        """Queues the runs that the last server left; those that ran go on from their checkpoints."""
        for run in self.store.active_runs():
            self.devices[self._available_device(run)].requeue(run)


@cache
def cluster() -> Cluster:
    """Returns the cluster of this process, which is started at first use."""
    return Cluster(settings())
