"""What surrounds the pages in the server process: its start, its end, and what happens on a bug."""

import asyncio
import gc
import logging
import os
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

# all that pages import, so that it is there before the freeze and no student waits for it
import cnnviz.charts.activation
import cnnviz.ui.augmenting
import cnnviz.ui.bench
import cnnviz.ui.bringing
import cnnviz.ui.calculator
import cnnviz.ui.chain
import cnnviz.ui.counsel
import cnnviz.ui.lab
import cnnviz.ui.live
import cnnviz.ui.question
import cnnviz.ui.recording
import cnnviz.ui.result
import cnnviz.ui.results
import cnnviz.ui.searching
import cnnviz.ui.sliding
import cnnviz.ui.training
import cnnviz.ui.values  # noqa: F401
from cnnviz.runs.cluster import cluster
from cnnviz.runs.searches import searches

log = logging.getLogger(__name__)

COLLECT_SECONDS = 10.0
"""Between two collections of garbage."""


def send_at_once() -> None:
    """Let no connection of this process hold a small message back until the one before it is acknowledged.

    asyncio asks for that (TCP_NODELAY) where a socket names its protocol. Streamlit 1.67 makes its listening socket
    without one, so every answer of some small messages waited for the browser's delayed acknowledgement: 40 ms, once or
    twice in each rerun. Connections inherit the option from the socket that accepts them.
    """
    with suppress(OSError):  # a system without /dev/fd goes on as before
        for name in os.listdir("/dev/fd"):
            with suppress(OSError):  # closed meanwhile
                if not stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                    continue
                each = socket.socket(fileno=os.dup(int(name)))
                if each.family in (socket.AF_INET, socket.AF_INET6) and each.type == socket.SOCK_STREAM:
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                each.close()


async def collect() -> None:
    """Collect what gone sessions have left behind, now and then: Streamlit would after every run of a script.

    That is turned off (runner.postScriptGC): it holds up each answer, and those of all others, for 2 to 3 ms.
    """
    while True:
        await asyncio.sleep(COLLECT_SECONDS)
        gc.collect()


@asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[None]:
    """Start the devices before the first visitor, end them with the server."""
    # Until the frame has run once, Streamlit takes a folder called pages/ for its old scheme of pages without a
    # frame; the first visitor may come by the address of a page.
    PagesManager.uses_pages_directory = False
    running = await asyncio.to_thread(cluster)
    seeking = await asyncio.to_thread(searches)
    send_at_once()
    # With torch, ignite and scikit-learn imported, a collection of garbage walks a million objects that never die.
    # Frozen once, they are not walked again.
    gc.collect()
    gc.freeze()
    collecting = asyncio.create_task(collect())
    yield
    collecting.cancel()
    await asyncio.to_thread(seeking.close)
    await asyncio.to_thread(running.close)


def on_script_error(error: Exception) -> bool:
    """Tell the student in a sentence that this was our fault; the traceback goes to the log."""
    log.error("a page failed", exc_info=error)
    st.error("Something went wrong on our side. Your design and your runs are safe: reload the page to go on.")
    return True
