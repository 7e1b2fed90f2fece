"""What a browser made before anybody logged in there is given to whoever says that it is theirs."""

from contextlib import suppress
from typing import NamedTuple

from cnnviz.data import own_uploads
from cnnviz.errors import LimitError
from cnnviz.runs.cluster import Cluster
from cnnviz.settings import settings

PAUSE_SECONDS = 10.0
SHOWN_TITLES = 3


class FormerWork(NamedTuple):
    """What an owner has, as far as somebody has to know it to say whether it is theirs; nothing is false."""

    runs: int
    datasets: int
    designs: int
    titles: tuple[str, ...]
    """Of the latest runs and of data sets."""
    since: float
    """When the latest run began, in seconds since 1970; 0 without runs."""

    def __bool__(self) -> bool:
        return bool(self.runs or self.datasets or self.designs)


NO_WORK = FormerWork(0, 0, 0, (), 0.0)


def find_work(cluster: Cluster, owner: str) -> FormerWork:
    """Returns what an owner has."""
    runs = cluster.store.runs_of(owner)
    datasets = own_uploads(settings()).datasets_of(owner)
    titles = dict.fromkeys(
        [*(run.title or run.config.dataset for run in runs), *(dataset.title for dataset in datasets.values())]
    )
    designs = int(cluster.drafts.draft(owner) is not None)
    since = runs[0].created if runs else 0.0
    return FormerWork(len(runs), len(datasets), designs, tuple(titles)[:SHOWN_TITLES], since)


def take_over(cluster: Cluster, former: str, owner: str) -> None:
    """Gives all that `former` has to `owner`, who keeps the design and settings that they have already.

    Runs that train pause meanwhile. Raises LimitError where that takes too long, or a search is at work.
    """
    if not former or former == owner:
        return
    if any(search.owner == former for search in cluster.store.active_searches()):
        raise LimitError("A search that was started here is still at work. Come back when it has ended.")
    active = [run.id for run in cluster.store.runs_of(former) if run.active]
    for run_id in active:
        cluster.pause(former, run_id, PAUSE_SECONDS)
    if any(run.active for run in cluster.store.runs_of(former)):
        raise LimitError("A run that was started here could not be set aside. Try again in a minute.")
    cluster.store.give(former, owner)
    own_uploads(settings()).rename_owners(lambda present: owner if present == former else present)
    for run_id in active:
        with suppress(LimitError):  # they have as many runs as they may; it waits, paused
            cluster.resume(owner, run_id)
