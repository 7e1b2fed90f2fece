"""Every message between server and worker goes through a pipe, and each side handles every kind."""

import ast
import inspect
import os
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from cnnviz.processes.pipe import GarbledMessageError, PipeMessage, receive, send
from cnnviz.runs.device import Device
from cnnviz.runs.facts import AnyFact, content_to_json
from cnnviz.runs.worker import messages as module
from cnnviz.runs.worker.messages import ORDERS, REPORTS, LeaveOrder, RunReport, WorkerOrder, WorkerReport
from cnnviz.runs.worker.supervisor import WORKER_MODULE
from cnnviz.runs.worker.worker import Worker
from tests.child_processes import exit_code_after
from tests.message_strategies import kinds_of, values


def through_pipe(message: PipeMessage, payload: bytes, messages: TypeAdapter[Any]) -> object:
    source, target = os.pipe()
    with os.fdopen(source, "rb") as reading, os.fdopen(target, "wb") as writing:
        send(writing, message, payload)
        return receive(reading, messages)


@pytest.mark.parametrize(
    ("kind", "messages"),
    [*((kind, ORDERS) for kind in kinds_of(WorkerOrder)), *((kind, REPORTS) for kind in kinds_of(WorkerReport))],
)
@settings(deadline=None, max_examples=20)
@given(data=st.data(), payload=st.binary(max_size=30))
def test_every_message_comes_back_as_it_was(
    kind: type[PipeMessage], messages: TypeAdapter[Any], data: st.DataObject, payload: bytes
) -> None:
    message = data.draw(values(kind))
    assert through_pipe(message, payload, messages) == (message, payload)


@settings(deadline=None)
@given(values(AnyFact))
def test_the_content_of_a_fact_is_stored_as_json(fact: AnyFact) -> None:
    content = content_to_json(fact)
    assert type(fact).model_validate({"name": fact.name, "content": content}, strict=False) == fact


def test_orders_are_no_reports_and_reports_no_orders() -> None:
    with pytest.raises(GarbledMessageError, match="'leave' found using 'type' does not match"):
        through_pipe(LeaveOrder(), b"", REPORTS)
    assert not {*kinds_of(WorkerOrder)} & {*kinds_of(WorkerReport)}


def test_the_unions_hold_every_message_of_the_module() -> None:
    defined = {
        kind
        for kind in vars(module).values()
        if inspect.isclass(kind) and issubclass(kind, PipeMessage) and kind.__module__ == module.__name__
    }
    assert defined == {*kinds_of(WorkerOrder), *kinds_of(WorkerReport)}
    names = [kind.model_fields["type"].default for kind in defined]
    assert len({*names}) == len(names)


def cases(*functions: object) -> set[str]:
    """Names of the classes that the functions match."""
    trees = (ast.walk(ast.parse(dedent(inspect.getsource(each)))) for each in functions)
    return {ast.unparse(node.cls) for tree in trees for node in tree if isinstance(node, ast.MatchClass)}


def test_both_sides_handle_every_kind() -> None:
    """mypy proves it by `assert_never`; here in case that it is not asked."""
    assert cases(Worker._handle_order) == {kind.__name__ for kind in kinds_of(WorkerOrder)}
    assert cases(Device._on_run_report) == {kind.__name__ for kind in kinds_of(RunReport)}
    assert cases(Device._on_report, Device._on_run_report) == {kind.__name__ for kind in kinds_of(WorkerReport)}


def test_a_worker_that_gets_no_order_but_garbage_exits() -> None:
    assert exit_code_after(b"train everything\n", WORKER_MODULE, "cpu") == 1
