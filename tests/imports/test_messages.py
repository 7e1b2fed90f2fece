"""Every message between server and importer goes through a pipe."""

from io import BytesIO
from tempfile import TemporaryFile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from cnnviz.imports.imports import IMPORTER_MODULE
from cnnviz.imports.messages import ORDERS, REPORTS, ImportOrder, ImportReport
from cnnviz.processes.launcher import start_child
from cnnviz.processes.pipe import PipeMessage, receive, send
from cnnviz.processes.subprocess_child import Streams
from tests.conftest import DEADLINE
from tests.message_strategies import kinds_of, values


@pytest.mark.parametrize(
    ("kind", "messages"), [(ImportOrder, ORDERS), *((kind, REPORTS) for kind in kinds_of(ImportReport))]
)
@settings(deadline=None)
@given(data=st.data(), payload=st.binary(max_size=30))
def test_every_message_comes_back_as_it_was(
    kind: type[PipeMessage], messages: TypeAdapter[Any], data: st.DataObject, payload: bytes
) -> None:
    message, stream = data.draw(values(kind)), BytesIO()
    send(stream, message, payload)
    assert receive(BytesIO(stream.getvalue()), messages) == (message, payload)


def test_an_importer_that_gets_no_order_but_garbage_exits() -> None:
    with TemporaryFile() as orders:
        orders.write(b"import everything\n")
        orders.seek(0)
        child = start_child(IMPORTER_MODULE, "name", streams=Streams(orders.fileno(), 2), oom_score=0)
        assert child.wait(DEADLINE) == 1
