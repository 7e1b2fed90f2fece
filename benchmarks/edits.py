"""How soon an edit is seen: kernel 3 → 5 in a net of 20 layers, in a real Chromium, while twenty others edit, too.

Timed inside the page, from the Enter key in `kernel_size` to the frame in which the table shows the new shape. The
others speak Streamlit's protocol over real websockets; each edits the lab's ConvNet every two seconds, as in
`benchmarks.sessions`. Rounds with and without the others take turns, on one server.
"""

import argparse
import asyncio
import os
import re
import secrets
import shutil
import threading
from itertools import cycle
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, sync_playwright

from benchmarks.latency import BROWSER_ARGUMENTS, READY_MS, wait_until_idle
from benchmarks.server import Server, serve
from benchmarks.table import percentile, table, verdict
from benchmarks.visitor import Visitor
from cnnviz.architecture import Architecture, trace
from cnnviz.layers import BatchNorm2d, Conv2d, Dropout, Flatten, Linear, LogSoftmax, MaxPool2d, ReLU
from cnnviz.runs.drafts import Draft
from cnnviz.runs.store import Store
from cnnviz.secret_key import owner_of_token, secret_key
from cnnviz.shapes import format_shape

GOALS_MS = {"p50": 100.0, "p95": 200.0}
"""Milliseconds while the others edit, at most."""
KERNELS = (3, 4, 5, 6, 7, 8, 9, 11, 12, 10)
BLOCK = (Conv2d(out_channels=32, kernel_size=3, padding=1), BatchNorm2d(), ReLU(), MaxPool2d(kernel_size=2))
NET = Architecture(
    input_shape=(1, 99, 99),
    layers=(*BLOCK, *BLOCK, *BLOCK, *BLOCK[:3], Flatten(), Dropout(), Linear(out_features=35), ReLU(), LogSoftmax()),
)


async def edit_as_students(server: Server, sessions: int, period: float, stop: threading.Event) -> None:
    """Edits in many sessions, each at its own moment, until `stop` is set."""

    async def edit(number: int) -> None:
        async with Visitor(server, secrets.token_hex(16)) as visitor:
            await asyncio.sleep(period * number / sessions)
            for kernel in cycle(KERNELS):
                if stop.is_set():
                    return
                await asyncio.gather(visitor.type("kernel_size", str(kernel)), asyncio.sleep(period))

    await asyncio.gather(*map(edit, range(sessions)))


WATCH_SHAPE = """shape => {
  const host = [...document.querySelectorAll(".st-key-stack *")].find(element => element.shadowRoot)
  const cell = () => host.shadowRoot.querySelector(".layer[data-path='0'] .shape").textContent
  window.waited = new Promise((resolve, reject) => addEventListener("keydown", event => {
    const check = () => {
      const passed = performance.now() - event.timeStamp
      if (cell() === shape) resolve(passed)
      else if (passed > 30000) reject(new Error(`${cell()} instead of ${shape} after 30 s`))
      else requestAnimationFrame(check)
    }
    check()
  }, { capture: true, once: true }))
}"""


def time_edits(page: Page, repetitions: int) -> list[float]:
    """Edits the first layer again and again; returns the ms from each key to the frame with the new shape."""
    field = page.get_by_role("textbox", name="kernel_size")
    field.wait_for(timeout=READY_MS)
    milliseconds = []
    for repetition in range(repetitions + 1):
        kernel = 5 if repetition % 2 == 0 else 3
        wait_until_idle(page)
        field.fill(str(kernel))
        page.evaluate(WATCH_SHAPE, format_shape(trace(NET.update_layer(0, kernel_size=kernel))[0].output_shape or ()))
        field.press("Enter")
        milliseconds.append(float(page.evaluate("window.waited")))
    return milliseconds[1:]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repetitions", type=int, default=30)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--period", type=float, default=2.0, help="seconds between two edits of one other session")
    options = parser.parse_args()
    token = secrets.token_hex(16)
    milliseconds: dict[str, list[float]] = {"alone": [], f"with {options.sessions} others": []}

    def prepare(folder: Path) -> None:
        store = Store(folder)
        store.save_draft(owner_of_token(token, secret_key(folder)), "draft", Draft(architecture=NET).model_dump_json())
        store.close()

    with serve(prepare=prepare) as server, sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=list(BROWSER_ARGUMENTS))
        context = browser.new_context(viewport={"width": 1440, "height": 1000})
        context.add_cookies([{"name": "cnnviz_student", "value": token, "url": server.address}])
        page = context.new_page()
        page.goto(server.address)
        page.get_by_role("row", name=re.compile("Layer 20")).wait_for(timeout=READY_MS)
        time_edits(page, 3)
        for _ in range(options.rounds):
            for label, times in milliseconds.items():
                stop = threading.Event()
                sessions = 0 if label == "alone" else options.sessions
                others = threading.Thread(
                    target=lambda: asyncio.run(edit_as_students(server, sessions, options.period, stop)),  # noqa: B023
                )
                others.start()
                page.wait_for_timeout(1500 * options.period if sessions else 0)  # until all of them edit
                times.extend(time_edits(page, options.repetitions))
                stop.set()
                others.join()
        browser.close()
    print(f"{options.rounds} rounds of {options.repetitions} edits each; ms from Enter to the new shape on screen.\n")
    rows = [
        (label, f"{median(times):.0f}", f"{percentile(times, 0.95):.0f}", f"{max(times):.0f}")
        for label, times in milliseconds.items()
    ]
    print(table(["", "p50", "p95", "max"], rows))
    print()
    times_with_others = list(milliseconds.values())[1]
    measured = {"p50": percentile(times_with_others, 0.5), "p95": percentile(times_with_others, 0.95)}
    print(
        table(
            ["goal", "ms", ""],
            [(name, f"≤ {goal:g}", verdict(measured[name], goal)) for name, goal in GOALS_MS.items()],
        )
    )


if __name__ == "__main__":
    main()
