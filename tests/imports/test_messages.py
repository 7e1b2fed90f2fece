"""Every message between server and importer goes through a pipe."""

from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from cnnviz.imports.messages import ORDERS, REPORTS, ImportOrder, ImportReport
from cnnviz.processes.pipe import PipeMessage, receive, send
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
