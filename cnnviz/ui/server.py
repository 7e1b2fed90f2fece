"""The server process around the pages: its start, its end, and what it does about a bug."""

import asyncio
import gc
import logging
import os
import re
import socket
import stat
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import NoReturn

import streamlit as st
from streamlit.runtime import Runtime
from streamlit.runtime.pages_manager import PagesManager

from cnnviz.errors import CnnvizError
from cnnviz.processes.launcher import FORK_SERVER, start_fork_server

# all that pages import, so that it is there before the freeze and no student waits for it
from cnnviz.runs.cluster import cluster
from cnnviz.searches.searches import searches
from cnnviz.settings import Mode, settings
from cnnviz.ui.callbacks import keep_waiting_changes, keep_waiting_page, protect_callbacks
from cnnviz.ui.login.class_start import open_class
from cnnviz.ui.looks import LOOKS, skip_looks_at_nothing_new
from cnnviz.ui.media_route import MEDIA_OWNERS
from cnnviz.ui.outbox import gather_messages, take_messages_in_bundles, write_in_one_piece
from cnnviz.ui.page_messages import pass_on_messages_of_pages
from cnnviz.ui.received_files import received_files
from cnnviz.ui.reruns import (
    hold_messages_of_looks,
    look_up_values_alone,
    note_messages_without_waking,
    read_configuration_once,
)

log = logging.getLogger(__name__)

SESSION_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FOLDER_GONE_MESSAGE = (
    "The folder in which this server keeps designs and runs is gone, so nothing you do now is saved. Copy your"
    " design as code, and tell whoever runs the server."
)
UNSAVED_MESSAGE = (
    "The server cannot save your latest changes just now; its disk may be full. It tries again every second. Do not"
    " rely on them being there later: download your design before you leave."
)
NO_COOKIE_MESSAGE = (
    "Your browser keeps no cookies of this address. After a reload you would not find your designs and runs again, and"
    " files and sounds of yours can be neither sent nor played. Allow cookies for this address, then reload."
)
UNUSABLE_EXIT_CODE = 78
"""Exit code of a server whose settings or data directory cannot be used (EX_CONFIG of sysexits.h)."""
GC_INTERVAL_SECONDS = 10.0
"""Between two collections of garbage."""
SWEEP_INTERVAL_SECONDS = 5.0
LEFT_SECONDS = 45.0
"""How long a session, with the files that were sent for it, is kept for a browser that has lost its connection."""


def disable_nagle() -> None:
    """Has no connection of this process hold back a small message until the one before it is acknowledged.

    asyncio asks for that (TCP_NODELAY) where a socket names its protocol. Streamlit 1.67 makes its listening socket
    without one, so every answer of some small messages waited for the browser's delayed acknowledgement: 40 ms, once or
    twice in each rerun. Connections inherit the option from the socket that accepts them.
    """
    with suppress(OSError):  # a system without /dev/fd goes on as before
        for name in os.listdir("/dev/fd"):
            with suppress(OSError):  # closed meanwhile
                if not stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                    continue
                listener = socket.socket(fileno=os.dup(int(name)))
                if listener.family in (socket.AF_INET, socket.AF_INET6) and listener.type == socket.SOCK_STREAM:
                    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                listener.close()


async def sweep_sessions() -> None:
    """Ends sessions that their browsers have left, and deletes the files that were sent for them.

    Streamlit does so only when another session ends.
    """
    left_since: dict[str, float] = {}
    while True:
        await asyncio.sleep(SWEEP_INTERVAL_SECONDS)
        now, runtime = time.monotonic(), Runtime.instance()
        try:
            session_ids = {info.session.id for info in runtime._session_mgr.list_sessions()}
            left_since = {id_: left_since.get(id_, now) for id_ in session_ids if not runtime.is_active_session(id_)}
            for session_id, since in left_since.items():
                if now - since >= LEFT_SECONDS:
                    session_ids.discard(session_id)
                    runtime.close_session(session_id)
            await asyncio.to_thread(received_files().sweep, session_ids)
            MEDIA_OWNERS.forget_deleted(runtime.media_file_mgr)
            LOOKS.forget_left()
        except Exception:  # of a disk that fails: the next sweep may succeed
            log.exception("left sessions were not swept")


async def collect_garbage() -> None:
    """Collects the garbage of ended sessions from time to time; Streamlit would after every run of a script.

    That is turned off (runner.postScriptGC): it holds up each answer, and those of all others, for 2 to 3 ms.
    """
    while True:
        await asyncio.sleep(GC_INTERVAL_SECONDS)
        gc.collect()


def hide_session_id(record: logging.LogRecord) -> bool:
    """Takes ids of sessions out of what Streamlit logs: whoever reads a log should not hold anything of a student's."""
    record.msg, record.args = SESSION_ID.sub("…", record.getMessage()), ()
    return True


@asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[None]:
    """Starts the devices before the first visitor, and stops them with the server."""
    # Until the frame has run once, Streamlit takes a folder called pages/ for its old scheme of pages without a
    # frame; the first visitor may come by the address of a page.
    PagesManager.uses_pages_directory = False
    protect_callbacks()
    keep_waiting_changes()
    keep_waiting_page()
    skip_looks_at_nothing_new(lambda: cluster().store.changes)
    read_configuration_once()
    look_up_values_alone()
    gather_messages()
    take_messages_in_bundles()
    write_in_one_piece()
    hold_messages_of_looks()
    note_messages_without_waking()
    pass_on_messages_of_pages(MEDIA_OWNERS)
    try:
        settings()
    except CnnvizError as error:
        _refuse_to_start(error)
    logging.getLogger("streamlit.runtime.websocket_session_manager").addFilter(hide_session_id)
    MEDIA_OWNERS.watch(Runtime.instance().media_file_mgr)
    os.umask(0o077)  # what students do is in files that only this server's user can read
    start_fork_server()
    try:
        running_cluster = await asyncio.to_thread(cluster)
        running_searches = await asyncio.to_thread(searches)
        await asyncio.to_thread(received_files)
        if settings().mode == Mode.CLASS:
            await asyncio.to_thread(open_class, settings(), running_cluster.store.people)
    except CnnvizError as error:
        _refuse_to_start(error)
    disable_nagle()
    # With torch, ignite and scikit-learn imported, a collection of garbage walks a million objects that never die.
    # Frozen once, they are not walked again.
    gc.collect()
    gc.freeze()
    tasks = [asyncio.create_task(collect_garbage()), asyncio.create_task(sweep_sessions())]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.to_thread(running_searches.close)
    await asyncio.to_thread(running_cluster.close)


def _refuse_to_start(error: CnnvizError) -> NoReturn:
    """Ends the server with a sentence and UNUSABLE_EXIT_CODE; uvicorn would print a traceback around it."""
    print(f"cnnviz cannot start. {error}", file=sys.stderr, flush=True)  # noqa: T201 (for whoever starts it)
    FORK_SERVER.close()
    os._exit(UNUSABLE_EXIT_CODE)


def on_script_error(error: Exception) -> bool:
    """Tells the student in one sentence that this was our fault; the traceback goes to the log."""
    log.error("a page failed", exc_info=error)
    if cluster().folder_is_gone:
        st.error(FOLDER_GONE_MESSAGE)
    else:
        st.error("Something went wrong on our side. Your design and your runs are safe: reload the page to go on.")
    return True
