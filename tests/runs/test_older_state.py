"""What a cnnviz has kept before modules, classes and fields got their present names is there for the present one.

`older_state/data_directory.zip` was written by a real server: a run with blocks, one that diverged, a learning-rate
finder, a paused run, a search of two runs, a deleted run, an uploaded data set, and what lay on the student's desk.
`older_state/run.zip` is the first of these runs, exported.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnnviz.architecture import build_model
from cnnviz.architecture.weights import read_weights
from cnnviz.data import own_uploads
from cnnviz.insight.run_summary import RunSummary
from cnnviz.insight.verdicts import find_verdicts
from cnnviz.runs.archives import read_archive
from cnnviz.runs.cluster import Cluster
from cnnviz.runs.run import LR_FINDER_RUN, TRAIN_RUN, Run, Status
from cnnviz.searches.searches import Searches
from cnnviz.secret_key import KEY_BYTES, KEY_FILE, owner_of_token
from cnnviz.settings import Settings, settings
from cnnviz.takehome.unpack import unpack
from cnnviz.training.end_reason import EndReason
from tests.conftest import Ended, WaitFor

STATE = Path(__file__).parent / "older_state"
KEY = bytes(range(KEY_BYTES))
TOKEN = "a" * 32
"""The cookie of the student; an older cnnviz took it for the owner, too."""
ANNA = owner_of_token(TOKEN, KEY)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("data")
    with zipfile.ZipFile(STATE / "data_directory.zip") as archive:
        archive.extractall(folder)
    (folder / KEY_FILE).write_bytes(KEY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNNVIZ_DATA_DIR", str(folder))
        settings.cache_clear()
        running = Cluster(Settings(devices="cpu"))
        yield running
        running.close()
    settings.cache_clear()


def named(server: Cluster, title: str) -> Run:
    return next(run for run in server.store.runs_of(ANNA) if run.title == title)


def test_every_run_is_listed_with_its_status_and_score(server: Cluster) -> None:
    runs = [(run.kind, run.status.value, run.search is not None) for run in server.store.runs_of(ANNA)]
    assert sorted(runs) == [
        (LR_FINDER_RUN, "done", False),
        (TRAIN_RUN, "done", False),
        (TRAIN_RUN, "done", True),
        (TRAIN_RUN, "done", True),
        (TRAIN_RUN, "failed", False),
        (TRAIN_RUN, "paused", False),
    ]
    first = named(server, "My first net")
    assert (first.starred, first.tags) == (True, ("lab", "deep"))
    assert (first.config.dataset, first.config.epochs, first.config.augmentation.noise) == ("digits", 2, 0.1)
    assert first.score.epoch == 2
    assert first.score.test


def test_weights_points_and_predictions_of_a_run_are_read(server: Cluster) -> None:
    first = named(server, "My first net")
    weights = server.store.weights(first.id)
    assert weights
    build_model(first.architecture).load_state_dict(read_weights(weights, first.architecture, "the store"))
    archive = read_archive(server.store, first)
    assert archive.predictions is not None
    assert archive.predictions.probabilities.shape == (180, 10)
    assert {point.split for point in archive.points} >= {"batch", "train", "validation", "test", "1"}


def test_a_run_that_diverged_is_still_told_so(server: Cluster) -> None:
    failed = next(run for run in server.store.runs_of(ANNA) if run.status == Status.FAILED)
    assert failed.end_reason == EndReason.DIVERGED
    summary = RunSummary(
        architecture=failed.architecture, config=failed.config, end_reason=failed.end_reason, message=failed.message
    )
    (verdict,) = find_verdicts(summary)
    assert "diverged" in verdict.text


def test_what_a_learning_rate_finder_found_is_read(server: Cluster) -> None:
    finder = next(run for run in server.store.runs_of(ANNA) if run.kind == LR_FINDER_RUN)
    result = server.store.facts(finder.id).lr_finder
    assert result is not None
    assert result.notes


def test_design_way_back_settings_and_space_are_found_again(server: Cluster) -> None:
    draft, config, space = (read(ANNA) for read in (server.drafts.draft, server.drafts.config, server.drafts.space))
    assert draft is not None
    assert config is not None
    assert space is not None
    assert draft.architecture == named(server, "My first net").architecture
    assert [layer.kind for layer in draft.past[0].layers] == ["Flatten", "Linear"]
    assert (config.epochs, config.optimizer, space.epochs, space.runs) == (7, "Adam", 3, 5)


def test_an_uploaded_data_set_is_there(server: Cluster) -> None:
    (dataset,) = own_uploads().datasets_of(ANNA).values()
    assert (dataset.title, dataset.classes, dataset.shape) == ("Tiny squares", ("a", "b", "c"), (1, 4, 4))
    assert len(dataset.load_content().y) == 30


def test_a_search_is_listed_with_its_trials(server: Cluster) -> None:
    searches = Searches(server, server.store, Settings(devices="cpu"))
    searches.open()
    try:
        (search,) = searches.searches_of(ANNA)
        assert search.status == Status.DONE
        assert len(searches.progress(ANNA, search.id).trials) == 2
    finally:
        searches.close()


def test_a_paused_run_goes_on_from_its_checkpoint(server: Cluster, ended: Ended, wait_for: WaitFor) -> None:
    paused = next(run for run in server.store.runs_of(ANNA) if run.status == Status.PAUSED)

    def steps() -> list[int]:
        return [point.step for _, point in server.store.points(paused.id) if point.split == "batch"]

    before = steps()
    assert before == list(range(1, len(before) + 1))
    server.resume(ANNA, paused.id)
    wait_for(lambda: len(steps()) > len(before))
    server.stop(ANNA, paused.id)
    assert ended(server.store, paused.id).status == Status.STOPPED
    assert steps() == list(range(1, len(steps()) + 1))


def test_an_exported_run_is_read() -> None:
    archive = unpack((STATE / "run.zip").read_bytes(), Settings())
    assert (archive.title, archive.best_epoch > 0, archive.status) == ("My first net", True, "done")
    assert [layer.kind for layer in archive.architecture.layers][2:4] == ["Residual", "Parallel"]


def test_nothing_is_stored_under_the_cookie_any_more(server: Cluster) -> None:
    assert not server.store.runs_of(TOKEN)
    assert not own_uploads().datasets_of(TOKEN)
    folder = settings().data_dir
    assert not [path for path in folder.rglob("*") if TOKEN in str(path)]
    assert TOKEN.encode() not in b"".join(path.read_bytes() for path in folder.glob("cnnviz.sqlite*"))
