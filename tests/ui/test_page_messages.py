"""What of Streamlit's messages is heard: every kind that Streamlit has is either needed by pages or refused here."""

import pytest
from streamlit.proto.BackMsg_pb2 import BackendOperationRequest, BackMsg

from cnnviz.ui.media_route import MediaOwners
from cnnviz.ui.page_messages import PAGE_MESSAGES, PAGE_OPERATIONS, is_for_pages

REFUSED = {"clear_cache", "set_run_on_save", "load_git_info", "debug_disconnect_websocket", "debug_shutdown_runtime"}
REFUSED_OPERATIONS = {"install_skills", "dismiss_skills_nudge"}


def test_each_kind_of_message_is_decided_on() -> None:
    """A kind that another version of Streamlit adds is refused; this test asks whether pages need it."""
    kinds = {field.name for field in BackMsg.DESCRIPTOR.oneofs_by_name["type"].fields}
    assert kinds == PAGE_MESSAGES | REFUSED | {"backend_operation_request"}
    operations = {field.name for field in BackendOperationRequest.DESCRIPTOR.oneofs_by_name["payload"].fields}
    assert operations == PAGE_OPERATIONS | REFUSED_OPERATIONS


@pytest.fixture
def owners() -> MediaOwners:
    owners = MediaOwners(lambda: "anna")
    owners._note("file", {"anna"})
    return owners


@pytest.mark.parametrize("kind", sorted(PAGE_MESSAGES | REFUSED))
def test_pages_are_heard_and_developers_are_not(owners: MediaOwners, kind: str) -> None:
    is_model = BackMsg.DESCRIPTOR.fields_by_name[kind].message_type is not None
    message = BackMsg(**{kind: {} if is_model else True})  # type: ignore[arg-type]
    assert is_for_pages(message, "anna", owners) == (kind in PAGE_MESSAGES)


@pytest.mark.parametrize("owner", ["anna", "bert", ""])
def test_a_download_is_made_for_whoever_was_offered_it(owners: MediaOwners, owner: str) -> None:
    for file_id in ("file", "another", ""):
        message = BackMsg(backend_operation_request={"deferred_file": {"file_id": file_id}})
        assert is_for_pages(message, owner, owners) == (owner == "anna" and file_id == "file")
    assert is_for_pages(BackMsg(backend_operation_request={"dataframe_chunk": {}}), owner, owners)
    for operation in sorted(REFUSED_OPERATIONS):
        assert not is_for_pages(BackMsg(backend_operation_request={operation: {}}), owner, owners)
    assert not is_for_pages(BackMsg(backend_operation_request={}), owner, owners)
    assert not is_for_pages(BackMsg(), owner, owners)
