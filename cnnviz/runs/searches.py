"""Searches for a better net: groups of ordinary runs, begun when the ones before them leave room."""

import logging
import time
import uuid
from collections.abc import Callable
from functools import cache, partial
from typing import TypeVar

from optuna.exceptions import StorageInternalError

from cnnviz.architecture import Architecture
from cnnviz.data import find
from cnnviz.errors import DesignError, LimitError, TrainingError
from cnnviz.runs.backlog import STORE_ERRORS
from cnnviz.runs.cluster import cluster
from cnnviz.runs.loop import Loop
from cnnviz.runs.run import Status
from cnnviz.runs.search import Search
from cnnviz.runs.seeker import Outcome, Progress, Seeker, Trainer
from cnnviz.runs.store import Store
from cnnviz.runs.study import Study, open_storage
from cnnviz.search.space import Parameter, Space, chosen, configured, parameters
from cnnviz.settings import Settings, settings
from cnnviz.training.config import TrainConfig
from cnnviz.training.readiness import check

TICK = 0.5
"""Seconds between two looks at the runs of a search."""
RETRY_SECONDS = 2.0
"""Seconds until something is tried again that the database refused."""
ANSWER_SECONDS = 10.0
MOST_KEPT = 200
"""Ended searches whose progress is kept at hand."""
OTHER_VERSION = "This search was begun by another version of cnnviz and cannot go on. Start another one."
PASSING = (StorageInternalError, *STORE_ERRORS)

T = TypeVar("T")
log = logging.getLogger(__name__)


class Searches:
    """Every search of a server; one at a time for each student, in their share of the devices.

    Everything happens in one thread of their own, so nothing here needs a lock.
    """

    def __init__(self, trainer: Trainer, store: Store, limits: Settings, tick: float = TICK) -> None:
        self._trainer, self._store, self._limits, self._tick = trainer, store, limits, tick
        self._loop = Loop("searches")
        self._storage = open_storage(limits)
        self._seekers: dict[str, Seeker] = {}
        self._progress: dict[str, Progress] = {}

    # ── for other threads ──

    def open(self) -> None:
        """Start the thread, which goes on with what an ended server has left."""
        self._loop.do(self._recover)
        self._loop.start()

    def close(self) -> None:
        """End the thread; searches that go on are resumed by the next server."""
        self._loop.do(self._close)
        self._loop.join(ANSWER_SECONDS)

    def start(self, owner: str, architecture: Architecture, config: TrainConfig, space: Space) -> str:
        """Begin a search; its id.

        Raises CnnvizError with the reason when the design does not fit the data, nothing may vary, or a limit is
        reached.
        """
        check(architecture, configured(config, space, chosen({})), find(config.dataset, owner), self._limits)
        parameters(space, architecture, config)
        number = len(self.of(owner)) + 1
        search = Search(uuid.uuid4().hex, owner, time.time(), architecture, config, space.model_dump(), number=number)
        self._answer(partial(self._start, search))
        return search.id

    def stop(self, owner: str, search_id: str) -> None:
        """Stop a search of this owner and its runs; harmless for one that has ended."""
        self._answer(partial(self._stop, self.search(owner, search_id)))

    def of(self, owner: str) -> list[Search]:
        """The searches of one student, newest first."""
        return self._store.searches(owner)

    def search(self, owner: str, search_id: str) -> Search:
        """A search of this owner; raises DesignError when there is none."""
        found = next((search for search in self.of(owner) if search.id == search_id), None)
        if found is None:
            raise DesignError("There is no such search of yours.")
        return found

    def progress(self, owner: str, search_id: str) -> Progress:
        """What a search of this owner has tried; raises DesignError when there is none."""
        search = self.search(owner, search_id)
        return self._progress.get(search_id) or self._answer(partial(self._read, search))

    def _answer(self, task: Callable[[], T]) -> T:
        """What the thread makes of a task; raises its CnnvizError, or one of its own where the database refuses."""
        asked = self._loop.call(task)
        try:
            return asked.result(ANSWER_SECONDS)
        except (TimeoutError, *PASSING):
            asked.cancel()
            log.exception("a search was not started, stopped or read")
            raise TrainingError("The server cannot do that just now. Try again in a minute.") from None

    # ── in this thread ──

    def _start(self, search: Search) -> None:
        if any(seeker.search.owner == search.owner for seeker in self._seekers.values()):
            raise LimitError("You have a search under way. Stop it, or wait until it ends.")
        seeker = self._seeker(search)
        seeker.begin(self._parameters(search))
        self._store.add_search(search)
        self._follow(seeker)

    def _recover(self) -> None:
        try:
            left = self._store.active_searches()
            for search in left:
                if search.id not in self._seekers:
                    self._resume(search)
        except PASSING:
            log.exception("searches wait on")
            self._loop.later(RETRY_SECONDS, self._recover)

    def _resume(self, search: Search) -> None:
        try:
            seeker = self._seeker(search)
            seeker.resume()
        except PASSING:
            raise
        except Exception:  # whatever another version has left: the other searches go on
            log.exception("search %s was written by another version and ends", search.id)
            self._store.update_search(search.id, status=Status.FAILED, message=OTHER_VERSION)
        else:
            self._follow(seeker)

    def _seeker(self, search: Search) -> Seeker:
        study = Study(self._storage, search.id, self._parameters(search), search.config.seed)
        return Seeker(search, study, self._trainer, self._store, self._limits)

    def _parameters(self, search: Search) -> dict[str, Parameter]:
        return parameters(Space.model_validate(search.space), search.architecture, search.config)

    def _follow(self, seeker: Seeker) -> None:
        self._seekers[seeker.search.id] = seeker
        self._keep(seeker)
        self._loop.do(partial(self._step, seeker.search.id))

    def _step(self, search_id: str) -> None:
        """Once a tick for each search that goes on."""
        seeker = self._seekers.get(search_id)
        if seeker is None:  # stopped meanwhile
            return
        try:
            outcome = seeker.step()
            if seeker.changed:
                self._keep(seeker)
            if outcome:
                self._end(seeker, outcome)
            else:
                self._loop.later(self._tick, partial(self._step, search_id))
        except PASSING:
            log.exception("search %s waits on", search_id)
            self._loop.later(RETRY_SECONDS, partial(self._step, search_id))
        except Exception:  # ours to mend; it must not go on for ever, unseen
            log.exception("search %s failed", search_id)
            self._give_up(seeker)

    def _give_up(self, seeker: Seeker) -> None:
        """End a search that cannot go on, and its runs; again and again, where the database refuses."""
        try:
            seeker.halt()
            self._end(seeker, Outcome(Status.FAILED, "Something went wrong on our side. Start another search."))
        except PASSING:
            log.exception("search %s waits for its end", seeker.search.id)
            self._loop.later(RETRY_SECONDS, partial(self._give_up, seeker))

    def _end(self, seeker: Seeker, outcome: Outcome) -> None:
        self._store.update_search(seeker.search.id, status=outcome.status, message=outcome.message)
        del self._seekers[seeker.search.id]

    def _stop(self, search: Search) -> None:
        seeker = self._seekers.get(search.id)
        if seeker:
            seeker.halt()
            self._keep(seeker)
            self._end(seeker, Outcome(Status.STOPPED, ""))
        elif search.active:  # nobody follows it any more
            self._store.update_search(search.id, status=Status.STOPPED)

    def _keep(self, seeker: Seeker) -> Progress:
        """Have the progress at hand for pages, which ask often."""
        progress = self._progress[seeker.search.id] = seeker.progress()
        for old in [known for known in self._progress if known not in self._seekers][:-MOST_KEPT]:
            del self._progress[old]
        return progress

    def _read(self, search: Search) -> Progress:
        """The progress of a search that ended before this server began."""
        return self._keep(self._seekers.get(search.id) or self._seeker(search))

    def _close(self) -> None:
        self._storage.remove_session()
        self._storage.engine.dispose()
        self._loop.end()


@cache
def searches() -> Searches:
    """The searches of this process's cluster, begun at first use."""
    running = Searches(cluster(), cluster().store, settings())
    running.open()
    return running
