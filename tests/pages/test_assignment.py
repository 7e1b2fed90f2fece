"""The Assignment page: checks live, a run handed in, what is left, and what teachers see."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from cnnviz.classroom.assignment import Assignment
from cnnviz.classroom.checks import CHECKS, Parameters, ValidationAccuracy
from cnnviz.identity.person import Person, Role
from cnnviz.runs.cluster import Cluster
from cnnviz.runs.run import Run, Status
from cnnviz.secret_key import new_owner
from cnnviz.ui.assignment import page
from tests.designs import NET, SHORT
from tests.pages.conftest import wait_for

OpenPage = Callable[..., AppTest]
TASK = Assignment(
    title="Digits",
    text="Recognise **digits**.",
    design=NET,
    config=SHORT,
    checks=(ValidationAccuracy(at_least=0.5), Parameters(at_most=10)),
)


@pytest.fixture
def teacher() -> Person:
    return Person(new_owner(), "Ms Miller", Role.TEACHER)


@pytest.fixture
def as_person(monkeypatch: pytest.MonkeyPatch) -> Callable[[Person], None]:
    """Who the page takes whoever looks at it for."""
    return lambda person: monkeypatch.setattr(page, "current_person", lambda: person)


@pytest.fixture
def task(server: Cluster, teacher: Person) -> str:
    return server.assignments.add(teacher, TASK)


def finished(server: Cluster, owner: str, epochs: int = 2) -> Run:
    run = server.submit(owner, NET, SHORT.changed(epochs=epochs))
    wait_for(lambda: server.run(owner, run.id).status == Status.DONE)
    return server.run(owner, run.id)


def texts(app: AppTest) -> str:
    return "\n".join(str(each.value) for each in (*app.markdown, *app.caption, *app.info, *app.error, *app.subheader))


def test_the_labs_exercise_is_there_for_everybody(open_page: OpenPage) -> None:
    app = open_page("assignment")
    assert "A better net for 35 words" in texts(app)
    assert "validation ≥ 0.90" in texts(app)
    assert app.button(key="hand-in").disabled
    assert "4 of 4 submissions" in texts(app)


def test_its_net_opens_on_the_design_page(open_page: OpenPage) -> None:
    app = open_page("assignment")
    app.button(key="start-lab").click().run()
    assert not app.exception
    assert any(title.value == "Design a net" for title in app.title)


def test_a_run_is_handed_in_once_and_what_is_left_is_shown(
    server: Cluster, open_page: OpenPage, task: str, as_person: Callable[[Person], None]
) -> None:
    anna = Person(new_owner(), "Anna")
    as_person(anna)
    finished(server, anna.owner)
    app = open_page("assignment", owner=anna.owner, assignment=task)
    shown = texts(app)
    assert "of 180 validation samples are right" in shown
    assert "650 parameters, 640 more than the 10 allowed" in shown
    app.button(key="hand-in").click().run()
    assert not app.exception
    assert "3 of 4 submissions" in texts(app)
    wait_for(lambda: server.assignments.standing(anna, task).at_deadline)
    app.run()
    assert "of the points" in texts(app)
    app.button(key="hand-in").click().run()
    assert "exactly this net" in texts(app)
    assert "3 of 4 submissions" in texts(app)


def test_the_teacher_sees_the_class_and_students_do_not(
    server: Cluster, open_page: OpenPage, task: str, teacher: Person, as_person: Callable[[Person], None]
) -> None:
    anna = Person(new_owner(), "Anna")
    run = finished(server, anna.owner)
    server.assignments.begin(anna, task)
    server.assignments.hand_in(anna, task, run.id)
    wait_for(lambda: server.assignments.standing(anna, task).at_deadline)
    as_person(teacher)
    app = open_page("assignment", owner=teacher.owner, assignment=task, **{"assignment-view": page.CLASS})
    assert not app.exception
    assert "Items" in texts(app)
    assert "What the nets of the class confuse" in texts(app)
    (students,) = [each.value for each in app.dataframe if "Student" in each.value]
    assert list(students["Student"]) == ["Anna"]
    as_person(anna)
    app = open_page("assignment", owner=anna.owner, assignment=task, **{"assignment-view": page.CLASS})
    assert "Items" not in texts(app)


def test_the_form_makes_an_assignment_of_every_check(
    server: Cluster, open_page: OpenPage, task: str, teacher: Person, as_person: Callable[[Person], None]
) -> None:
    as_person(teacher)
    app = open_page("assignment", owner=teacher.owner, assignment=task, **{"assignment-view": page.FORM})
    assert not app.exception
    for kind in CHECKS:
        app.selectbox(key="check-kind").set_value(kind).run()
        app.button(key="add-check").click().run()
        assert not app.exception
    app.text_input(key=f"title-{task}").set_value("All of it").run()
    app.button(key="publish").click().run()
    assert not app.exception
    made = [each for each in server.assignments.all().values() if each.assignment.title == "All of it"]
    assert [check.kind for check in made[0].assignment.checks] == ["validation-accuracy", "parameters", *CHECKS]
