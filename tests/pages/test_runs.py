"""The page of all runs: found, sorted, chosen, named, deleted, brought back, compared."""

import secrets
from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import TextInput

from cnnviz.architecture import Architecture
from cnnviz.presets import PRESETS
from cnnviz.runs.cluster import Cluster
from cnnviz.runs.run import LR_FINDER_RUN, Run, Status
from cnnviz.secret_key import new_owner
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import Point
from cnnviz.ui.runs.actions import PICKED_KEY
from tests.designs import NET

OpenPage = Callable[..., AppTest]
LAB, RESIDUAL = (PRESETS[name].architecture for name in ("lab-convnet", "keywords-residual"))


def make_run_with_points(
    owner: str, design: Architecture, accuracy: float, created: float, **more: object
) -> tuple[Run, list[Point]]:
    run = Run(secrets.token_hex(16), owner, "cpu", design, TrainConfig(epochs=2), Status.DONE, created, worked=3.0)
    points = [
        Point(10 * epoch, epoch, split, metric, value)
        for epoch in (1, 2)
        for split in ("train", "validation")
        for metric, value in (("loss", 1 - accuracy), ("accuracy", accuracy * epoch / 2))
    ]
    return replace(run, **more), points  # type: ignore[arg-type]


@pytest.fixture
def anna() -> str:
    return new_owner()


@pytest.fixture
def three(server: Cluster, anna: str) -> list[Run]:
    """A run of the lab's net, a better one with a name, a stopped one on digits, and a finder run."""
    runs = []
    for run, points in [
        make_run_with_points(anna, LAB, 0.5, 1.0),
        make_run_with_points(
            anna, RESIDUAL, 0.9, 2.0, title="the *good* one", tags=("deep",), config=TrainConfig(learning_rate=0.25)
        ),
        make_run_with_points(anna, LAB, 0.4, 3.0, config=TrainConfig(dataset="digits"), status=Status.STOPPED),
        make_run_with_points(anna, LAB, 0.4, 4.0, kind=LR_FINDER_RUN),
    ]:
        server.store.add_run(run)
        server.store.append_points(run.id, points)
        runs.append(run)
    return runs[:3]


def names(app: AppTest) -> list[str]:
    """Returns the names of the runs in the order of the table."""
    return list(app.dataframe[0].value["name"])


def tags_field(app: AppTest) -> TextInput:
    return next(field for field in app.text_input if field.label.startswith("Tags"))


def test_without_runs_the_page_says_what_will_stand_there(open_page: OpenPage) -> None:
    assert any("All your runs will be listed here" in info.value for info in open_page("runs").info)


def test_runs_are_listed_newest_first_without_searches_for_a_rate(
    open_page: OpenPage, anna: str, three: list[Run]
) -> None:
    app = open_page("runs", owner=anna)
    table = app.dataframe[0].value
    assert names(app) == ["The lab's ConvNet", "the *good* one", "The lab's ConvNet"]
    assert table["accuracy"].tolist() == [0.4, 0.9, 0.5]
    assert table["epochs"].tolist() == ["2 / 30", "2 / 30", "2 / 2"]
    assert table["best"].tolist() == [2, 2, 2]
    assert table["parameters"].tolist()[0] > 90_000
    assert table["status"].tolist() == ["stopped", "done", "done"]


@pytest.mark.parametrize(
    ("widget", "value", "left"),
    [
        ("find-runs", "GOOD", [1]),
        ("find-runs", "deep", [1]),
        ("find-runs", "sgd 0.25", [1]),
        ("find-runs", "seed 0 0.25", [1]),
        ("find-runs", "nothing like that", []),
        ("find-data", "digits", [2]),
        ("find-status", [Status.STOPPED], [2]),
        ("find-starred", True, []),
        ("sort-runs", "Best validation accuracy", [1, 0, 2]),
        ("sort-runs", "Fewest parameters", [1, 2, 0]),
        ("sort-runs", "Name", [1, 2, 0]),
        ("sort-runs", "Net and settings", [1, 2, 0]),
    ],
)
def test_runs_are_found_and_sorted(
    open_page: OpenPage, anna: str, three: list[Run], widget: str, value: object, left: list[int]
) -> None:
    app = open_page("runs", owner=anna)
    for kind in (app.text_input, app.selectbox, app.button_group, app.toggle):
        for each in kind:
            if each.key == widget:
                each.set_value(value)
    app.run()
    assert not app.exception
    if not left:
        assert any("None of your runs matches this filter" in info.value for info in app.info)
        return
    table = app.dataframe[0].value
    if widget == "sort-runs" and value != "Best validation accuracy":
        assert set(names(app)) == {"the *good* one", "The lab's ConvNet"}
    assert sorted(table["accuracy"]) == sorted([[0.5, 0.9, 0.4][place] for place in left])
    if value == "Best validation accuracy":
        assert table["accuracy"].tolist() == [0.9, 0.5, 0.4]
    if value == "Fewest parameters":
        assert table["parameters"].is_monotonic_increasing


def test_chosen_runs_are_compared(open_page: OpenPage, anna: str, three: list[Run]) -> None:
    app = open_page("runs", owner=anna, **{PICKED_KEY: (three[0].id, three[1].id), "compare-view": "Differences"})
    assert any("2 runs chosen" in caption.value for caption in app.caption)
    table = app.dataframe[1].value
    assert list(table.columns) == ["the *good* one, 01:00", "The lab's ConvNet, 01:00"] or table.shape[1] == 2
    assert table.loc["Learning rate"].tolist() == ["0.25", "0.01"]
    assert "Batch size" not in table.index
    app.toggle(key="compare-all").set_value(True).run()
    assert "Batch size" in app.dataframe[1].value.index
    for view in ("Curves", "What accuracy costs"):
        app.session_state["compare-view"] = view
        app.run()
        assert not app.exception
        assert len(app.get("vega_lite_chart")) == 2


def test_the_names_of_chosen_runs_are_written_out(open_page: OpenPage, anna: str, three: list[Run]) -> None:
    """A name longer than its column is cut off in the table."""
    picked = open_page("runs", owner=anna, **{PICKED_KEY: (three[0].id, three[1].id)})
    (names,) = [caption.value for caption in picked.caption if caption.value.startswith("Chosen: ")]
    assert sorted(names.removeprefix("Chosen: ").removesuffix(".").split("; ")) == [
        "The lab's ConvNet",
        "the \\*good\\* one",
    ]
    assert "Chosen: " not in texts(open_page("runs", owner=anna))


def texts(app: AppTest) -> str:
    return "\n".join(each.value for each in (*app.markdown, *app.caption, *app.info))


def test_changes_are_shown_below_the_run_that_they_started_from(
    open_page: OpenPage, server: Cluster, anna: str, three: list[Run]
) -> None:
    first = three[0]
    for child, points in [
        make_run_with_points(anna, LAB, 0.8, 5.0, config=TrainConfig(epochs=2, learning_rate=0.03), parent=first.id),
        make_run_with_points(anna, LAB, 0.6, 6.0, config=TrainConfig(epochs=2, batch_size=32, seed=4)),
    ]:
        server.store.add_run(child)
        server.store.append_points(child.id, points)
        server.store.save_fact(child.id, "parts", [800, 100, 100])
    server.store.save_fact(first.id, "parts", [800, 100, 100])
    tree = texts(open_page("runs", owner=anna, **{"compare-view": "Changes"}))
    assert "- **The lab's ConvNet**" in tree
    assert "    - learning rate 0.01 → 0.03: :green-badge[+0.300 ± 0.125] more than chance would explain" in tree
    assert "    - ≈ batch size 64 → 32: :gray-badge[+0.100 ± 0.136] no more than chance would explain" in tree
    assert "- **the \\*good\\* one**" in tree, "too many changes to be made of another one"


def test_what_several_changes_brought_together_is_not_given_to_one_of_them(
    open_page: OpenPage, server: Cluster, anna: str
) -> None:
    config = TrainConfig(dataset="digits", epochs=2)
    both = config.changed(learning_rate=0.03, batch_size=128)
    before, after, single = [
        make_run_with_points(anna, NET, accuracy, created, config=each)
        for accuracy, created, each in (
            (0.5, 1.0, config),
            (0.9, 2.0, both),
            (0.8, 3.0, config.changed(batch_size=128)),
        )
    ]
    for run, points in (before, after, single):
        server.store.add_run(run)
        server.store.append_points(run.id, points)
    app = open_page("runs", owner=anna, **{PICKED_KEY: (before[0].id, after[0].id), "compare-view": "Differences"})
    said = texts(app)
    assert "**2 changes at once**: batch size 64 → 128, learning rate 0.01 → 0.03" in said
    assert "These runs do not tell which of these changes" in said
    assert "batch size 64 → 128 alone: :gray-badge[+0.300]" in said, "it is known from another run"
    (button,) = [button for button in app.button if button.label.startswith("Train with")]
    assert button.label == "Train with learning rate 0.01 → 0.03 alone"
    button.click().run()
    assert not app.exception
    (child,) = server.store.active_runs()
    assert (child.parent, child.config) == (before[0].id, config.changed(learning_rate=0.03))
    server.stop(anna, child.id, wait=20)
    one = open_page("runs", owner=anna, **{PICKED_KEY: (before[0].id,), "compare-view": "Differences"})
    assert "Choose two or more runs" in texts(one)


def test_differences_of_the_ends_of_a_chain_lead_to_changes(open_page: OpenPage, server: Cluster, anna: str) -> None:
    config = TrainConfig(dataset="digits", epochs=2)
    configs = config, config.changed(learning_rate=0.03), config.changed(learning_rate=0.03, batch_size=128)
    ids: list[str] = []
    for created, each in enumerate(configs, start=1):
        parent = ids[-1] if ids else None
        run, points = make_run_with_points(anna, NET, 0.5, float(created), config=each, parent=parent)
        server.store.add_run(run)
        server.store.append_points(run.id, points)
        ids.append(run.id)
    app = open_page("runs", owner=anna, **{PICKED_KEY: (ids[0], ids[2]), "compare-view": "Differences"})
    steps = "in 2 steps: learning rate 0.01 → 0.03; batch size 64 → 128. **Changes**, above, shows"
    assert steps in texts(app)
    single = open_page("runs", owner=anna, **{PICKED_KEY: (ids[0], ids[1]), "compare-view": "Differences"})
    assert "**Changes**, above" not in texts(single)


def test_a_run_is_starred_named_deleted_and_brought_back(
    open_page: OpenPage, server: Cluster, anna: str, three: list[Run]
) -> None:
    run = three[0]
    app = open_page("runs", owner=anna, **{PICKED_KEY: (run.id,)})
    app.button(key="shelf-star").click().run()
    assert server.run(anna, run.id).starred
    app.text_input(key=f"name-{run.id}").set_value("mine")
    tags_field(app).set_value("a, b")
    next(button for button in app.button if button.label == "Save").click().run()
    stored_run = server.run(anna, run.id)
    assert (stored_run.title, stored_run.tags, stored_run.starred) == ("mine", ("a", "b"), True)
    app.button(key="shelf-delete").click().run()
    assert len(names(app)) == 2
    assert server.run(anna, run.id).deleted
    app.button(key="shelf-undo").click().run()
    assert "mine" in names(app)
    assert not app.exception


def test_what_was_deleted_earlier_can_be_brought_back(
    open_page: OpenPage, server: Cluster, anna: str, three: list[Run]
) -> None:
    server.library.delete(anna, [run.id for run in three])
    app = open_page("runs", owner=anna)
    app.button(key=f"back-{three[1].id}").click().run()
    assert not app.exception
    assert names(app) == ["the *good* one"]


def test_what_cannot_be_kept_is_told(open_page: OpenPage, anna: str, three: list[Run]) -> None:
    app = open_page("runs", owner=anna, **{PICKED_KEY: (three[0].id,)})
    tags_field(app).set_value("a, b, c, d, e, f, g, h, i")
    next(button for button in app.button if button.label == "Save").click().run()
    assert not app.exception
    assert any("at most 8 tags" in each.value for each in app.markdown)
    app.run()
    assert any("at most 8 tags" in each.value for each in app.markdown)  # while a run trains, every second
    tags_field(app).set_value("")
    app.text_input(key=f"name-{three[0].id}").set_value("n" * 100)
    next(button for button in app.button if button.label == "Save").click().run()
    assert any("A name has at most 60 characters; this one has 100." in each.value for each in app.markdown)
    assert not app.toast
    assert app.text_input(key=f"name-{three[0].id}").value == "n" * 100
