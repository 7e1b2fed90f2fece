"""How long a visit to the Design page takes over a slow connection: until there is a text, and until the net is there.

Chromium itself slows the connection down (Network.emulateNetworkConditions): 1 Mbit/s in both directions, and 600 ms
until an answer begins. It does not slow down a WebSocket.
"""

import tempfile
import time
from pathlib import Path

from playwright.sync_api import BrowserContext, sync_playwright

from benchmarks.table import table
from tests.browser.chromium import find_or_install_chromium
from tests.browser.conftest import Server

BYTES_PER_SECOND = 1_000_000 / 8
LATENCY_MS = 600
TIMEOUT_MS = 60_000
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


def visit(context: BrowserContext, url: str) -> tuple[float, float]:
    """Seconds to the first text, and until the last layer of the net is drawn."""
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    limits = {"downloadThroughput": BYTES_PER_SECOND, "uploadThroughput": BYTES_PER_SECOND}
    session.send("Network.emulateNetworkConditions", {"offline": False, "latency": LATENCY_MS} | limits)
    start = time.monotonic()
    page.goto(url, wait_until="commit")
    page.get_by_text("Design").first.wait_for(timeout=TIMEOUT_MS)
    text = time.monotonic() - start
    page.get_by_role("row", name="Layer 9").wait_for(timeout=TIMEOUT_MS)
    ready = time.monotonic() - start
    page.close()
    return text, ready


def main() -> None:
    """Prints a row for the first and one for the second visit."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder) / "data", Path(folder) / "log.txt")
        browser = playwright.chromium.launch(executable_path=str(find_or_install_chromium(playwright)), args=ARGUMENTS)
        context = browser.new_context()
        rows = [(name, *visit(context, server.url)) for name in ("first", "second")]
        browser.close()
        server.stop()
    print(table(["visit", "text (s)", "ready (s)"], [(name, f"{a:.1f}", f"{b:.1f}") for name, a, b in rows]))


if __name__ == "__main__":
    main()
