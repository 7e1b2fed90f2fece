"""What a browser made before anybody logged in there goes to one person, whole."""

import time
from collections.abc import Iterator

import pytest

from cnnviz.data import own_uploads
from cnnviz.data.uploads import UploadInfo
from cnnviz.errors import LimitError
from cnnviz.runs.cluster import Cluster
from cnnviz.runs.drafts import Draft
from cnnviz.runs.run import Status
from cnnviz.runs.search import Search
from cnnviz.runs.take_over import NO_WORK, find_work, take_over
from cnnviz.secret_key import new_owner
from cnnviz.settings import Settings, settings
from tests.conftest import WaitFor
from tests.data.test_uploads import PAIR
from tests.designs import DIVERGING, ENDLESS, NET, SHORT, make_run


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNNVIZ_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        settings.cache_clear()
        running = Cluster(Settings(devices="cpu"))
        yield running
        running.close()
    settings.cache_clear()


def test_runs_data_sets_and_design_go_together_and_nothing_of_others(server: Cluster, wait_for: WaitFor) -> None:
    former, anna, bert = new_owner(), new_owner(), new_owner()
    done = make_run(former, status=Status.DONE, title="my first net")
    of_bert = make_run(bert, status=Status.DONE)
    for run in (done, of_bert):
        server.store.add_run(run)
    server.store.save_draft(former, "draft", Draft(architecture=NET).model_dump_json())
    dataset = own_uploads(settings()).add(former, PAIR, UploadInfo("my data"))
    work = find_work(server, former)
    assert (work.runs, work.datasets, work.designs, work.titles) == (1, 1, 1, ("my first net", "my data"))
    take_over(server, former, anna)
    assert find_work(server, former) == NO_WORK
    assert [run.id for run in server.store.runs_of(anna)] == [done.id]
    assert [*own_uploads(settings()).datasets_of(anna)] == [dataset.name]
    draft = server.drafts.draft(anna)
    assert draft
    assert draft.architecture == NET
    assert [run.id for run in server.store.runs_of(bert)] == [of_bert.id]


def test_a_run_that_trains_goes_on_for_whom_it_belongs_to(server: Cluster, wait_for: WaitFor) -> None:
    former, anna = new_owner(), new_owner()
    run = server.submit(former, NET, ENDLESS)
    wait_for(lambda: server.store.points(run.id))
    take_over(server, former, anna)
    points = len(server.store.points(run.id))
    wait_for(lambda: len(server.store.points(run.id)) > points)
    assert server.run(anna, run.id).status == Status.RUNNING
    server.stop(anna, run.id, wait=10.0)
    wait_for(lambda: server.run(anna, run.id).status == Status.STOPPED)


def test_whoever_has_a_design_keeps_it(server: Cluster) -> None:
    former, anna = new_owner(), new_owner()
    for owner, net in ((former, NET), (anna, DIVERGING)):
        server.store.save_draft(owner, "draft", Draft(architecture=net).model_dump_json())
    server.store.save_draft(former, "config", SHORT.model_dump_json())
    take_over(server, former, anna)
    draft = server.drafts.draft(anna)
    assert draft
    assert draft.architecture == DIVERGING
    assert server.drafts.config(anna) == SHORT
    assert server.drafts.draft(former) is None


def test_nothing_is_taken_while_a_search_is_at_work(server: Cluster) -> None:
    former, anna = new_owner(), new_owner()
    search = Search("a-search", former, time.time(), NET, SHORT, {})
    server.store.add_search(search)
    with pytest.raises(LimitError, match="still at work"):
        take_over(server, former, anna)
    server.store.update_search(search.id, status=Status.STOPPED)
    take_over(server, former, anna)
    assert [found.id for found in server.store.searches(anna)] == [search.id]


@pytest.mark.parametrize("former", ["", "same"])
def test_there_may_be_nothing_to_take(server: Cluster, former: str) -> None:
    take_over(server, former, "same")
