"""Searches for a better net: groups of ordinary runs, each started when the ones before leave room."""

import logging
import time
import uuid
from collections.abc import Callable
from functools import cache, partial
from typing import TypeVar

from optuna.exceptions import StorageInternalError

from cnnviz.architecture import Architecture
from cnnviz.data import find_dataset
from cnnviz.errors import DesignError, LimitError, TrainingError
from cnnviz.runs.cluster import cluster
from cnnviz.runs.retry_queue import STORE_ERRORS
from cnnviz.runs.run import Status
from cnnviz.runs.search import Search
from cnnviz.runs.store import Store
from cnnviz.runs.task_loop import TaskLoop
from cnnviz.search.space import SearchParameter, Space, choices_from_params, config_for_choices, search_parameters
from cnnviz.searches.search_driver import RunSubmitter, SearchDriver, SearchEnding, SearchProgress
from cnnviz.searches.study import Study, open_storage
from cnnviz.settings import Settings, settings
from cnnviz.training.config import TrainConfig
from cnnviz.training.readiness import check_trainable

TICK_SECONDS = 0.5
"""Seconds between two looks at the runs of a search."""
RETRY_SECONDS = 2.0
"""Seconds until something that failed in the database is tried again."""
ANSWER_TIMEOUT_SECONDS = 10.0
MAX_CACHED_PROGRESS = 200
"""Number of ended searches whose progress is kept in memory."""
OTHER_VERSION_MESSAGE = "This search was started by another version of cnnviz and cannot go on. Start another one."
TRANSIENT_ERRORS = (StorageInternalError, *STORE_ERRORS)

T = TypeVar("T")
log = logging.getLogger(__name__)


class Searches:
    """All searches of a server; one at a time for each student, within the student's share of the devices.

    Everything happens in one thread, so nothing here needs a lock.
    """

    def __init__(self, trainer: RunSubmitter, store: Store, limits: Settings, tick: float = TICK_SECONDS) -> None:
        self._trainer, self._store, self._limits, self._tick = trainer, store, limits, tick
        self._loop = TaskLoop("searches")
        self._storage = open_storage(limits)
        self._drivers: dict[str, SearchDriver] = {}
        self._progress: dict[str, SearchProgress] = {}

    # ── for other threads ──

    def open(self) -> None:
        """Starts the thread, which continues the searches of an earlier server."""
        self._loop.call_soon(self._recover)
        self._loop.start()

    def close(self) -> None:
        """Ends the thread; the next server continues active searches."""
        self._loop.call_soon(self._close)
        self._loop.join(ANSWER_TIMEOUT_SECONDS)

    def start(self, owner: str, architecture: Architecture, config: TrainConfig, space: Space) -> str:
        """Starts a search and returns its id.

        Raises CnnvizError with the reason when the design does not fit the data, nothing may vary, or a limit is
        reached.
        """
        check_trainable(
            architecture,
            config_for_choices(config, space, choices_from_params({})),
            find_dataset(config.dataset, owner),
            self._limits,
        )
        search_parameters(space, architecture, config)
        number = len(self.searches_of(owner)) + 1
        search = Search(uuid.uuid4().hex, owner, time.time(), architecture, config, space.model_dump(), number=number)
        self._run_in_thread(partial(self._start_search, search))
        return search.id

    def stop(self, owner: str, search_id: str) -> None:
        """Stops a search of this owner and its runs; harmless for one that has ended."""
        self._run_in_thread(partial(self._stop_search, self.search(owner, search_id)))

    def searches_of(self, owner: str) -> list[Search]:
        """Returns the searches of one student, newest first."""
        return self._store.searches(owner)

    def search(self, owner: str, search_id: str) -> Search:
        """Returns a search of this owner; raises DesignError when there is none."""
        match = next((search for search in self.searches_of(owner) if search.id == search_id), None)
        if match is None:
            raise DesignError("There is no such search of yours.")
        return match

    def progress(self, owner: str, search_id: str) -> SearchProgress:
        """Returns the progress of a search of this owner; raises DesignError when there is none."""
        search = self.search(owner, search_id)
        return self._progress.get(search_id) or self._run_in_thread(partial(self._read_progress, search))

    def _run_in_thread(self, task: Callable[[], T]) -> T:
        """Returns what a task in the thread returns; raises its CnnvizError, or TrainingError if the database fails."""
        future = self._loop.submit(task)
        try:
            return future.result(ANSWER_TIMEOUT_SECONDS)
        except (TimeoutError, *TRANSIENT_ERRORS):
            future.cancel()
            log.exception("a search was not started, stopped or read")
            raise TrainingError("The server cannot do that just now. Try again in a minute.") from None

    # ── in this thread ──

    def _start_search(self, search: Search) -> None:
        if any(driver.search.owner == search.owner for driver in self._drivers.values()):
            raise LimitError("You have a search under way. Stop it, or wait until it ends.")
        driver = self._build_driver(search)
        driver.enqueue_start(self._parameters(search))
        self._store.add_search(search)
        self._add_driver(driver)

    def _recover(self) -> None:
        try:
            active_searches = self._store.active_searches()
            for search in active_searches:
                if search.id not in self._drivers:
                    self._resume_search(search)
        except TRANSIENT_ERRORS:
            log.exception("searches wait on")
            self._loop.call_later(RETRY_SECONDS, self._recover)

    def _resume_search(self, search: Search) -> None:
        try:
            driver = self._build_driver(search)
            driver.resume()
        except TRANSIENT_ERRORS:
            raise
        except Exception:  # whatever another version has left: the other searches go on
            log.exception("search %s was written by another version and ends", search.id)
            self._store.update_search(search.id, status=Status.FAILED, message=OTHER_VERSION_MESSAGE)
        else:
            self._add_driver(driver)

    def _build_driver(self, search: Search) -> SearchDriver:
        study = Study(self._storage, search.id, self._parameters(search), search.config.seed)
        return SearchDriver(search, study, self._trainer, self._store, self._limits)

    def _parameters(self, search: Search) -> dict[str, SearchParameter]:
        return search_parameters(Space.model_validate(search.space), search.architecture, search.config)

    def _add_driver(self, driver: SearchDriver) -> None:
        self._drivers[driver.search.id] = driver
        self._cache_progress(driver)
        self._loop.call_soon(partial(self._step_driver, driver.search.id))

    def _step_driver(self, search_id: str) -> None:
        """Does a step of an active search, once a tick."""
        driver = self._drivers.get(search_id)
        if driver is None:  # stopped meanwhile
            return
        try:
            ending = driver.step()
            if driver.changed:
                self._cache_progress(driver)
            if ending:
                self._finish(driver, ending)
            else:
                self._loop.call_later(self._tick, partial(self._step_driver, search_id))
        except TRANSIENT_ERRORS:
            log.exception("search %s waits on", search_id)
            self._loop.call_later(RETRY_SECONDS, partial(self._step_driver, search_id))
        except Exception:  # a bug: it must not go on for ever, unseen
            log.exception("search %s failed", search_id)
            self._give_up(driver)

    def _give_up(self, driver: SearchDriver) -> None:
        """Ends a search that cannot go on, and its runs; tries until the database takes it."""
        try:
            driver.stop_runs()
            self._finish(driver, SearchEnding(Status.FAILED, "Something went wrong on our side. Start another search."))
        except TRANSIENT_ERRORS:
            log.exception("search %s waits for its end", driver.search.id)
            self._loop.call_later(RETRY_SECONDS, partial(self._give_up, driver))

    def _finish(self, driver: SearchDriver, ending: SearchEnding) -> None:
        self._store.update_search(driver.search.id, status=ending.status, message=ending.message)
        del self._drivers[driver.search.id]

    def _stop_search(self, search: Search) -> None:
        driver = self._drivers.get(search.id)
        if driver:
            driver.stop_runs()
            self._cache_progress(driver)
            self._finish(driver, SearchEnding(Status.STOPPED, ""))
        elif search.active:  # no driver follows it any more
            self._store.update_search(search.id, status=Status.STOPPED)

    def _cache_progress(self, driver: SearchDriver) -> SearchProgress:
        """Keeps the progress in memory for pages, which read it often."""
        progress = self._progress[driver.search.id] = driver.progress()
        for ended_id in [known for known in self._progress if known not in self._drivers][:-MAX_CACHED_PROGRESS]:
            del self._progress[ended_id]
        return progress

    def _read_progress(self, search: Search) -> SearchProgress:
        """Returns the progress of a search that ended before this server started."""
        return self._cache_progress(self._drivers.get(search.id) or self._build_driver(search))

    def _close(self) -> None:
        self._storage.remove_session()
        self._storage.engine.dispose()
        self._loop.stop()


@cache
def searches() -> Searches:
    """Returns the searches of this process's cluster, which are started at first use."""
    running = Searches(cluster(), cluster().store, settings())
    running.open()
    return running
