"""A real Chromium on a real server with a data directory of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

from cnnviz.data.spoken_words import read_sounds
from cnnviz.data.wav import encode_wav
from tests.browser.chromium import find_or_install_chromium
from tests.forked_python import Process, start_python

ROOT = Path(__file__).parents[2]
START_SECONDS = 90
TIMEOUT_MS = 90_000.0
"""Milliseconds until something is missed, on a busy machine too: a bound on time tests nothing else."""
expect.set_options(timeout=TIMEOUT_MS)
OpenApp = Callable[..., Page]
SPOKEN_WORD, SPOKEN_UTTERANCE = "six", 15
"""A recording that comes with cnnviz, which even a net trained for seconds knows."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What drives a browser is marked, so that `-m "not browser"` leaves it out."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("browser")


def choose_digits(app: Page) -> None:
    """On the Train page, the data set with which a training is over soon."""
    if urlsplit(app.url).path != "/train":
        app.get_by_role("link", name="Train").click()
    app.get_by_role("combobox", name="Data set").click()
    app.get_by_role("option", name="Handwritten digits").click()


def open_digits(app: Page) -> None:
    choose_digits(app)
    app.get_by_role("button", name=re.compile("Open “ConvNet for handwritten digits”")).click()
    expect(app.get_by_role("button", name="Train", exact=True)).to_be_enabled()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Server:
    """The app as `streamlit run app.py` starts it: by a new interpreter, or by one that has imported it already."""

    def __init__(
        self, folder: Path, log: Path, *more_options: str, port: int = 0, new: bool = False, **settings: str
    ) -> None:
        port = port or free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.folder, self.log = folder, log
        options = [f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true"]
        options += more_options
        command = ["-m", "streamlit", "run", "app.py", *options]
        environment = os.environ | {"CNNVIZ_DATA_DIR": str(folder)} | settings
        with log.open("a") as output:
            self.process: Process
            if new:
                self.process = subprocess.Popen(
                    [sys.executable, *command], cwd=ROOT, env=environment, stdout=output, stderr=output
                )
            else:
                out = output.fileno()
                self.process = start_python(*command, cwd=ROOT, env=environment, stdout=out, stderr=out)
        self._wait()

    def stop(self) -> int:
        """End it as Docker does, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(START_SECONDS)

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=5):  # noqa: S310 (our own server)
                    return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.1)  # between two looks at another process
        raise AssertionError(f"the server did not start: {self.log.read_text()}")


@pytest.fixture(scope="session")
def microphone_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the browser's microphone hears, once from the beginning of each recording: SPOKEN_WORD, then silence."""
    word, silence = read_sounds(SPOKEN_WORD)[SPOKEN_UTTERANCE], np.zeros(8_000, np.int16)
    path = tmp_path_factory.mktemp("microphone") / "word.wav"
    path.write_bytes(encode_wav(np.concatenate([silence, word, *[silence] * 8]), 16_000))
    return path


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any], playwright: Playwright, microphone_file: Path
) -> dict[str, Any]:
    try:
        executable = find_or_install_chromium(playwright)
    except RuntimeError as error:
        pytest.fail(str(error), pytrace=False)
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    arguments += ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    arguments += [f"--use-file-for-fake-audio-capture={microphone_file}%noloop"]
    arguments += ["--process-per-site", "--disable-features=SpareRendererForSitePerProcess"]  # fewer processes to warm
    return browser_type_launch_args | {"executable_path": str(executable), "args": arguments}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    running = Server(folder / "data", folder / "log.txt")
    yield running
    assert running.stop() in (0, -signal.SIGTERM), running.log.read_text()  # uvicorn ends by the signal it was sent
    assert "Traceback" not in running.log.read_text()


@pytest.fixture
def context(context: BrowserContext) -> BrowserContext:
    """The browser as one student has it, on a machine that may be busy."""
    context.set_default_timeout(TIMEOUT_MS)
    return context


@pytest.fixture(scope="session")
def warm_context(browser: Browser, server: Server) -> Iterator[BrowserContext]:
    """A browser whose one page, never closed, keeps the process alive that has compiled the app's scripts."""
    context = browser.new_context()
    context.set_default_timeout(TIMEOUT_MS)
    context.new_page().goto(f"{server.url}/_stcore/health")
    yield context
    context.close()


@pytest.fixture
def open_app(warm_context: BrowserContext, server: Server) -> Iterator[OpenApp]:
    """Opens pages of the app as a new student, by their names; no page error, no traceback until the end of the test.

    The browser is the same for all tests, without the cookies, storage and permissions that a test leaves behind.
    """
    kept_page = warm_context.pages[0]
    opened: list[Page] = []
    problems: list[str] = []

    def open_page(name: str = "") -> Page:
        page = warm_context.new_page()
        opened.append(page)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.set_viewport_size({"width": 1440, "height": 1000})
        page.goto(f"{server.url}/{name}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        return page

    try:
        yield open_page
        assert not problems
        for page in opened:
            assert page.get_by_text("Something went wrong").count() == 0
            assert page.get_by_text("Traceback").count() == 0
    finally:
        for page in warm_context.pages:
            if page != kept_page:
                page.close()
        kept_page.evaluate("localStorage.clear()")
        warm_context.clear_cookies()
        warm_context.clear_permissions()


@pytest.fixture
def app(open_app: OpenApp) -> Page:
    """The Design page as a new student sees it."""
    page = open_app()
    expect(page.get_by_role("heading", name="Design a net")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("Layer 1, Conv2d"))).to_be_visible()
    return page


@pytest.fixture
def digits(open_app: OpenApp) -> Page:
    """The Train page of a new student, who has chosen the digits and the net for them."""
    page = open_app("train")
    open_digits(page)
    return page
