"""Students who share a run or a design with their class or one classmate, on one server for a class."""

import time
from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from cnnviz.presets import PRESETS, net_name
from cnnviz.runs.cluster import Cluster
from cnnviz.runs.run import Run, Status
from cnnviz.runs.sharing import CLASS
from cnnviz.training.config import TrainConfig
from cnnviz.ui.design.page import EXCHANGE_VIEW_KEY
from cnnviz.ui.runs.actions import PICKED_KEY
from cnnviz.ui.runs.shared_runs import PICKED_KEY as SHARED_KEY
from cnnviz.ui.workbench import Workbench
from tests.pages import test_class
from tests.pages.test_class import enrol, measured, texts

server = test_class.server
"""The fixture: a server for a class."""
OpenPage = Callable[..., AppTest]
LAB, DIGITS = PRESETS["lab-convnet"].architecture, PRESETS["digits-convnet"].architecture


@pytest.fixture
def anna(server: Cluster) -> Iterator[str]:
    owner = enrol(server, "Anna *A*")
    yield owner
    server.store.people.remove(owner)  # with all that she shares


@pytest.fixture
def bert(server: Cluster) -> str:
    return enrol(server, "Bert")


@pytest.fixture
def run(server: Cluster, anna: str) -> Run:
    config = TrainConfig(dataset="digits", learning_rate=0.03)
    return measured(server, anna, 0.8, architecture=DIGITS, config=config, status=Status.DONE, title="My *best*")


def shared_names(app: AppTest) -> list[str]:
    """The names in the table of what is shared with whoever uses the app; none without it."""
    return [name for frame in app.dataframe if "from" in frame.value for name in frame.value["name"]]


def test_a_student_shares_a_run_with_a_classmate_and_revokes_it(
    open_page: OpenPage, server: Cluster, anna: str, bert: str, run: Run
) -> None:
    clara = enrol(server, "Clara")
    giver = open_page("runs", owner=anna, **{PICKED_KEY: (run.id,)})
    assert "Anna *A*" not in giver.selectbox(f"share-with-{run.id}").options
    giver.selectbox(f"share-with-{run.id}").select(bert).run()
    giver.button(f"share-{run.id}").click().run()
    assert not giver.exception
    assert "shared with **Bert**" in texts(giver)
    (share,) = server.sharing.given(anna, run.id)

    taker = open_page("runs", owner=bert, **{SHARED_KEY: (str(share.id),)})
    assert shared_names(taker) == ["My *best*"]
    table = next(frame.value for frame in taker.dataframe if "from" in frame.value)
    assert (list(table["from"]), list(table["accuracy"])) == (["Anna *A*"], [0.8])
    assert "Thick: validation" in texts(taker)  # the curves
    assert shared_names(open_page("runs", owner=clara, **{SHARED_KEY: (str(share.id),)})) == []

    giver.button(f"revoke-{share.id}").click().run()
    assert not giver.exception
    assert "shared with" not in texts(giver)
    taker.run()
    assert shared_names(taker) == []
    assert "Thick: validation" not in texts(taker)


def test_what_is_shared_is_copied_and_the_other_run_stays_as_it_is(
    open_page: OpenPage, server: Cluster, anna: str, bert: str, run: Run
) -> None:
    own = measured(server, bert, 0.4, status=Status.DONE)
    before = server.store.run(run.id)
    server.sharing.share_run(anna, run.id, CLASS)
    (share,) = server.sharing.received(bert)
    app = open_page("runs", owner=bert, run=own.id, **{SHARED_KEY: (str(share.id),), PICKED_KEY: (own.id,)})
    app.session_state["compare-view"] = "Curves"
    app.run()
    assert not app.exception  # with the curves of a run of one's own, too
    app.button("shared-open").click().run()
    assert not app.exception
    assert app.session_state["workbench"].architecture == DIGITS
    assert app.session_state["config"] == run.config
    assert server.drafts.origin(bert) is None
    assert server.store.run(run.id) == before
    assert [mine.id for mine in server.store.runs_of(bert)] == [own.id]


def test_a_run_on_data_of_ones_own_shares_no_data(open_page: OpenPage, server: Cluster, anna: str, bert: str) -> None:
    run = measured(server, anna, 0.8, config=TrainConfig(dataset="secret-upload"), status=Status.DONE)
    server.sharing.share_run(anna, run.id, bert)
    (share,) = server.sharing.received(bert)
    app = open_page("runs", owner=bert, config=TrainConfig(dataset="digits"), **{SHARED_KEY: (str(share.id),)})
    assert list(next(frame.value for frame in app.dataframe if "from" in frame.value)["data"]) == [
        "a data set of theirs"
    ]
    app.button("shared-open").click().run()
    assert app.session_state["config"].dataset == "digits"


def test_a_run_that_is_deleted_meanwhile_is_not_opened(
    open_page: OpenPage, server: Cluster, anna: str, bert: str, run: Run
) -> None:
    server.sharing.share_run(anna, run.id, bert)
    (share,) = server.sharing.received(bert)
    app = open_page("runs", owner=bert, workbench=Workbench(LAB), **{SHARED_KEY: (str(share.id),)})
    server.store.update_run(run.id, deleted=time.time())
    app.button("shared-open").click().run()
    assert not app.exception
    assert app.session_state["workbench"].architecture == LAB
    assert shared_names(app) == []


def test_a_design_is_shared_with_the_class(open_page: OpenPage, server: Cluster, anna: str, bert: str) -> None:
    app = open_page("design", owner=anna, workbench=Workbench(DIGITS), **{EXCHANGE_VIEW_KEY: "Share with the class"})
    app.button("share-design").click().run()
    assert not app.exception
    assert "shared with **the whole class**" in texts(app)
    (share,) = server.sharing.given(anna)
    taker = open_page("runs", owner=bert, **{SHARED_KEY: (str(share.id),)})
    assert net_name(DIGITS) in shared_names(taker)
    taker.button("shared-open").click().run()
    assert not taker.exception
    assert taker.session_state["workbench"].architecture == DIGITS
