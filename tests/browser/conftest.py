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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect

from tests.browser.chromium import find_or_install_chromium

ROOT = Path(__file__).parents[2]
START_SECONDS = 90
TIMEOUT_MS = 90_000.0
"""Milliseconds until something is missed, on a busy machine too: a bound on time tests nothing else."""
expect.set_options(timeout=TIMEOUT_MS)


class Server:
    """The app as `streamlit run app.py` starts it."""

    def __init__(self, folder: Path, log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.folder, self.log = folder, log
        options = [f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true"]
        with log.open("a") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "app.py", *options],
                cwd=ROOT,
                env=os.environ | {"CNNVIZ_DATA_DIR": str(folder)},
                stdout=output,
                stderr=output,
            )
        self._wait()

    def stop(self) -> int:
        """End it as Docker does, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=START_SECONDS)

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
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], playwright: Playwright) -> dict[str, Any]:
    try:
        executable = find_or_install_chromium(playwright)
    except RuntimeError as error:
        pytest.fail(str(error), pytrace=False)
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    arguments += ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]  # a microphone that beeps
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


@pytest.fixture
def app(page: Page, server: Server) -> Iterator[Page]:
    """The Design page as a new student sees it; no page error, no traceback until the end of the test."""
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.set_viewport_size({"width": 1440, "height": 1000})
    page.goto(server.url)
    expect(page.get_by_role("heading", name="Design a net")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("Layer 1, Conv2d"))).to_be_visible()
    yield page
    assert not problems
    assert page.get_by_text("Something went wrong").count() == 0
    assert page.get_by_text("Traceback").count() == 0
