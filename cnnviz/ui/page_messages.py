"""What an open page may ask of the server: what cnnviz's pages need, and nothing that Streamlit has for developers."""

import logging

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.app_session import AppSession

from cnnviz.ui.media_route import MediaOwners

PAGE_MESSAGES = frozenset({"rerun_script", "stop_script", "app_heartbeat", "file_urls_request"})
"""Kinds of message that are passed on. Others of Streamlit 1.67 clear the caches of everybody, or tell the names of
files of the server's repository."""
PAGE_OPERATIONS = frozenset({"dataframe_chunk", "deferred_file"})
"""Likewise of operations; others write into the server's folder."""
log = logging.getLogger(__name__)


def is_for_pages(message: BackMsg, owner: str, media_owners: MediaOwners) -> bool:
    """Returns whether a message is one of those that pages of this owner send: of downloads, their own alone."""
    kind = message.WhichOneof("type")
    if kind != "backend_operation_request":
        return kind in PAGE_MESSAGES
    operation = message.backend_operation_request
    if operation.WhichOneof("payload") not in PAGE_OPERATIONS:
        return False
    return not operation.HasField("deferred_file") or media_owners.may_read(operation.deferred_file.file_id, owner)


def pass_on_messages_of_pages(media_owners: MediaOwners) -> None:
    """Has sessions hear what pages send, and nothing else; the browser that sends it gets no answer."""
    handle_backmsg = AppSession.handle_backmsg

    def handle_page_message(session: AppSession, message: BackMsg) -> None:
        if is_for_pages(message, str(session._user_info.get("owner") or ""), media_owners):
            handle_backmsg(session, message)
        else:
            log.info("a message %s that no page of its sender needs is not heard", message.WhichOneof("type"))

    AppSession.handle_backmsg = handle_page_message  # type: ignore[method-assign,assignment]
