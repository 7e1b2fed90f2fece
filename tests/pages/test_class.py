"""The teacher's page beside the pages of students, on one server for a class."""

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from cnnviz.identity.account import Account
from cnnviz.identity.person import Person, Role
from cnnviz.presets import PRESETS
from cnnviz.runs.class_rules import ClassRules
from cnnviz.runs.cluster import Cluster, cluster
from cnnviz.runs.run import Run, Status
from cnnviz.secret_key import new_owner
from cnnviz.settings import settings
from cnnviz.training.config import TrainConfig
from cnnviz.training.end_reason import EndReason
from cnnviz.training.point import Point
from cnnviz.ui.login.logins import logins
from cnnviz.ui.received_files import received_files
from cnnviz.ui.teacher.downloads import designs_zip, table_csv
from cnnviz.ui.teacher.roster import student_rows
from cnnviz.ui.workbench import Workbench
from cnnviz.words import spreadsheet_text
from tests.designs import make_run
from tests.pages.conftest import ROOT, wait_for

OpenPage = Callable[..., AppTest]
DIGITS = PRESETS["digits-convnet"].architecture
ENDLESS = TrainConfig(dataset="digits", epochs=1000)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    caches = (settings, cluster, received_files, logins)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNNVIZ_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        patch.setenv("CNNVIZ_MODE", "class")
        for cached in caches:
            cached.cache_clear()
        running = cluster()
        yield running
        running.close()
    for cached in caches:
        cached.cache_clear()


def enrol(server: Cluster, name: str, role: Role = Role.STUDENT) -> str:
    owner = new_owner()
    server.store.people.add(Account(Person(owner, name, role), login=owner))
    return owner


@pytest.fixture
def teacher(server: Cluster) -> Iterator[str]:
    yield enrol(server, "Ms Lee", Role.TEACHER)
    server.desk.set_rules(ClassRules())


@pytest.fixture
def anna(server: Cluster) -> str:
    return enrol(server, "Anna")


def measured(server: Cluster, owner: str, accuracy: float, **values: object) -> Run:
    run = make_run(owner, created=time.time(), **values)
    server.store.add_run(run)
    points = [Point(1, 1, "validation", "accuracy", accuracy), Point(1, 1, "validation", "loss", 1.0)]
    server.store.append_points(run.id, points)
    return run


def table_of(app: AppTest) -> pd.DataFrame:
    return next(frame.value for frame in app.dataframe if "page" in frame.value)


def row_of(app: AppTest, name: str) -> "pd.Series[object]":
    (row,) = [row for _, row in table_of(app).iterrows() if row["name"] == name]
    return row


def texts(app: AppTest) -> str:
    kinds = ("markdown", "info", "warning", "error", "caption")
    return " ".join(str(element.value) for kind in kinds for element in app.get(kind))


def frame_of(owner: str) -> AppTest:
    """The app as somebody opens it: AppTest draws the frame around the first page alone."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.session_state["owner"] = owner
    return app.run()


def test_the_class_is_for_teachers(open_page: OpenPage, teacher: str, anna: str) -> None:
    with pytest.raises(ValueError, match=r"^Could not find a navigation page"):
        open_page("class", owner=anna)
    assert not open_page("class", owner=teacher).error


def test_the_teacher_sees_who_is_here_what_they_reached_and_who_is_stuck(
    open_page: OpenPage, server: Cluster, teacher: str
) -> None:
    clara, dora = enrol(server, "Clara"), enrol(server, "=Dora()")
    measured(server, clara, 0.95, status=Status.DONE)
    for _ in range(6):
        measured(server, dora, 0.4, status=Status.DONE)
    app = open_page("class", owner=teacher)
    wait_for(lambda: row_of(app.run(), spreadsheet_text("=Dora()"))["stuck"])  # the overview is a second old at most
    row = row_of(app, "Clara")
    assert (row["accuracy"], bool(row["reached"]), row["runs"], row["active"], row["stuck"]) == (0.95, True, 1, 0, "")
    assert row["page"] == "away"
    assert "5 runs without a better one" in str(row_of(app, spreadsheet_text("=Dora()"))["stuck"])
    names = {metric.label: metric.value for metric in app.metric}
    assert names["Stuck"] == "1"
    rows = student_rows(0.0)
    table = pd.read_csv(io.StringIO(table_csv(rows)))
    assert spreadsheet_text("=Dora()") in set(table["name"])


def test_a_student_is_looked_at_over_the_shoulder_and_gets_a_comment(
    open_page: OpenPage, server: Cluster, teacher: str, anna: str
) -> None:
    run = measured(server, anna, 0.5, status=Status.DONE)
    app = open_page("class", owner=teacher)
    app.selectbox("class-student").select(anna).run()
    assert any(list(frame.value.get("accuracy", [])) == [0.5] and "epochs" in frame.value for frame in app.dataframe)
    app.text_area[0].set_value("Try *BatchNorm*.")
    next(button for button in app.button if "comment" in button.label.lower()).click().run()
    assert not app.exception
    for page in ("result", "train"):
        student = open_page(page, owner=anna, run=run.id)
        assert r"Try \*BatchNorm\*" in texts(student)
        assert "Ms Lee" in texts(student)
    other = open_page("result", owner=enrol(server, "Erik"))
    assert "BatchNorm" not in texts(other)


def test_what_the_teacher_sets_holds_for_students_at_once(
    open_page: OpenPage, server: Cluster, teacher: str, anna: str
) -> None:
    app = open_page("class", owner=teacher)
    app.segmented_control("class-view").set_value("Rules").run()
    app.text_area("rule-message").set_value("Ten **minutes** left").run()
    assert server.desk.rules.message, texts(app)
    app.text_input("rule-max_epochs").set_value("5").run()
    app.multiselect("rule-datasets").select("digits").run()
    assert not app.exception
    student = open_page("train", owner=anna, workbench=Workbench(DIGITS), config=ENDLESS)
    assert r"Ten \*\*minutes\*\* left" in texts(frame_of(anna))
    assert student.selectbox("config-dataset-0").options == ["Handwritten digits"]
    student.button("train").click().run()
    assert "allows 5 epochs a run at present" in texts(student)
    app.text_input("rule-max_epochs").set_value("").run()
    app.toggle("rule-frozen").set_value(True).run()
    student.button("train").click().run()
    assert "frozen" in texts(student)
    assert "frozen" in texts(frame_of(anna))
    assert server.store.runs_of(anna) == []
    app.toggle("rule-frozen").set_value(False).run()
    student.button("train").click().run()
    assert len(server.store.runs_of(anna)) == 1
    server.stop(anna, server.store.runs_of(anna)[0].id, wait=10)


def test_the_teacher_stops_pauses_and_moves_up_any_run(
    open_page: OpenPage, server: Cluster, teacher: str, anna: str
) -> None:
    runs = [server.submit(anna, DIGITS, ENDLESS.changed(seed=seed)) for seed in range(4)]
    try:
        wait_for(lambda: server.run(anna, runs[0].id).status == Status.RUNNING)
        app = open_page("class", owner=teacher)
        app.segmented_control("class-view").set_value("Devices").run()
        assert "2 runs in turn, 2 waiting" in texts(app)
        assert "**Anna**" in texts(app)
        app.button(f"Move up-{runs[3].id}").click().run()
        wait_for(lambda: server.run(anna, runs[3].id).status == Status.RUNNING)
        assert server.run(anna, runs[2].id).status == Status.QUEUED
        app.button(f"Pause-{runs[0].id}").click().run()
        wait_for(lambda: server.run(anna, runs[0].id).status == Status.PAUSED)
        assert server.run(anna, runs[0].id).message == "Paused by your teacher."
        app.button(f"Stop-{runs[1].id}").click().run()
        wait_for(lambda: server.run(anna, runs[1].id).status == Status.STOPPED)
        stopped = server.run(anna, runs[1].id)
        assert (stopped.end_reason, stopped.message) == (EndReason.TEACHER, "Stopped by your teacher.")
        assert not app.exception
    finally:
        for run in runs:
            server.stop(anna, run.id, wait=10)


def test_as_long_as_a_lesson_lasts_runs_stay_first_and_those_of_who_does_nothing_wait(
    open_page: OpenPage, server: Cluster, teacher: str, anna: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [server.submit(owner, DIGITS, ENDLESS) for owner in (anna, teacher)]
    try:
        rules = open_page("class", owner=teacher)
        rules.segmented_control("class-view").set_value("Rules").run()
        rules.button("lesson-begin").click().run()
        assert "**Lesson until " in texts(rules)
        server.move_up(runs[1].id)
        devices = open_page("class", owner=teacher)
        devices.segmented_control("class-view").set_value("Devices").run()
        devices.button(f"Move back-{runs[1].id}").click().run()
        assert not server.desk.rules.comes_first(runs[1].id)
        monkeypatch.setattr(server.last_actions, "_made", time.time() - 3600)  # as if nobody had done anything since
        server.idle_runs.look()
        wait_for(lambda: server.run(anna, runs[0].id).status == Status.PAUSED)
        assert "Paused while you were away" in texts(open_page("train", owner=anna, run=runs[0].id))
        assert server.run(teacher, runs[1].id).active  # teachers have more to do than to click
        rules.button("lesson-end").click().run()
        assert rules.button("lesson-begin")
        server.idle_runs.look()
        wait_for(lambda: server.run(anna, runs[0].id).active)
        assert not rules.exception
        assert not devices.exception
    finally:
        for run in runs:
            server.stop(run.owner, run.id, wait=10)


def test_a_limit_for_one_student_holds_for_that_student(open_page: OpenPage, server: Cluster, teacher: str) -> None:
    anna, bert = enrol(server, "Anna Two"), enrol(server, "Bert")
    app = open_page("class", owner=teacher)
    app.selectbox("class-student").select(anna).run()
    app.selectbox(f"limit-{anna}").select("0").run()
    assert server.desk.rules.student_runs == {anna: 0}
    student = open_page("train", owner=anna, workbench=Workbench(DIGITS), config=ENDLESS)
    student.button("train").click().run()
    assert "as many as your teacher allows" in texts(student)
    assert server.desk.rules.run_limit(bert, 5) == 5


def test_who_waits_sees_who_has_the_device(open_page: OpenPage, server: Cluster, anna: str) -> None:
    bert = enrol(server, "B. *Bold*")
    runs = [server.submit(anna, DIGITS, ENDLESS.changed(seed=seed)) for seed in range(2)]
    try:
        wait_for(lambda: all(server.run(anna, run.id).status == Status.RUNNING for run in runs))
        waiting = server.submit(anna, DIGITS, ENDLESS.changed(seed=3))
        runs.append(waiting)
        assert server.outlook.owners_in_turn(waiting) == [anna]
        assert server.outlook.owners_in_turn(make_run(bert, device="elsewhere")) == []
    finally:
        for run in runs:
            server.stop(anna, run.id, wait=10)


def test_the_zip_has_the_designs_of_all(server: Cluster, anna: str) -> None:
    measured(server, anna, 0.5, status=Status.DONE)
    sneaky = enrol(server, "../../../etc/passwd")
    measured(server, sneaky, 0.5, status=Status.DONE)
    with zipfile.ZipFile(io.BytesIO(designs_zip(student_rows(0.0)))) as archive:
        names = archive.namelist()
        assert not any(".." in Path(name).parts or name.startswith("/") for name in names)
        best = [name for name in names if "Anna/best run.json" in name]
        assert json.loads(archive.read(best[0]))["layers"]
        assert all(len(Path(name).parts) == 2 for name in names)
        compile(archive.read(best[0].replace(".json", ".py")), "net", "exec")


def test_the_accuracy_of_one_data_set_is_shown_at_a_time(
    open_page: OpenPage, server: Cluster, teacher: str, anna: str
) -> None:
    measured(server, anna, 0.99, status=Status.DONE)
    measured(server, anna, 0.3, status=Status.DONE, config=TrainConfig(dataset="words"))
    app = open_page("class", owner=teacher)
    wait_for(lambda: "Spoken words" in app.run().selectbox("class-dataset").options)
    app.selectbox("class-dataset").select("words").run()
    table = table_of(app)
    assert "Anna" in set(table[table["accuracy"].eq(0.3).fillna(value=False)]["name"])
    assert 0.99 not in list(table["accuracy"].dropna())
    app.selectbox("class-dataset").select("all data sets").run()
    assert 0.99 in list(table_of(app)["accuracy"].dropna())


def test_names_are_put_on_the_list_with_pins_and_taken_off_it(
    open_page: OpenPage, server: Cluster, teacher: str
) -> None:
    people = server.store.people
    app = open_page("class", owner=teacher)
    app.segmented_control("class-view").set_value("People").run()
    assert people.class_code() in texts(app)
    app.toggle("with-pins").set_value(True).run()
    app.text_area[0].set_value("Name\nFrida\nGustav\n").run()
    next(button for button in app.button if button.label.startswith("Put them")).click().run()
    assert not app.exception
    frida = next(account for account in people.all() if account.person.name == "Frida")
    assert frida.pin_hash
    (sheet,) = app.get("download_button")
    assert "2 PINs" in sheet.proto.label
    app.selectbox("one-person").select(frida.owner).run()
    app.button("person-Reset the PIN").click().run()
    assert not people.find(frida.owner).pin_hash
    app.button("person-Make a teacher").click().run()
    assert people.find(frida.owner).person.is_teacher
    app.button("person-Take off the list").click().run()
    assert people.find(frida.owner) is None
    app.selectbox("one-person").select(teacher).run()
    assert all(button.disabled for button in app.button if (button.key or "").startswith("person-"))
    app.text_area[0].set_value("Hugo\nHugo").run()
    next(button for button in app.button if button.label.startswith("Put them")).click().run()
    assert "stands there twice" in texts(app)
    app.toggle("list-open").set_value(False).run()
    assert not people.list_is_open()
