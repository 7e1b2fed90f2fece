"""How long a student waits, in a real Chromium, with the worker warm.

Train → first point: from the click on Train until the run's line on the page names its first epoch, which it does
as soon as one batch loss of it is there. Stop → stopped: from the click on Stop until the badge says “stopped”.
Edit → shape: from Enter in `kernel_size` until the list of layers shows the new shape. All three are timed inside the
page, from the event of the click or key to the change of the text.
"""

import argparse
import os
import shutil
from collections.abc import Callable
from functools import partial
from statistics import median

from playwright.sync_api import Page, sync_playwright

from benchmarks.server import serve
from benchmarks.table import table, verdict
from cnnviz.architecture import trace
from cnnviz.presets import PRESETS
from cnnviz.shapes import format_shape

GOALS = {"Train → first point": 2.0, "Stop → stopped": 0.5, "Edit kernel_size → new shape": None}
"""Seconds at most."""
KERNELS = (3, 4, 5, 6, 7, 8, 9, 11, 12, 10)
BROWSER_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
TRAINING_TEXT = r"training[\s\S]*epoch [1-9]\d* of"
"""Text of a run in training; only one with a point has an epoch."""
STATUS, LAYERS = ".st-key-status", ".st-key-stack"
LAB = PRESETS["lab-convnet"].architecture
READY_MS = 60_000

WATCH_TEXT = """([type, selector, pattern]) => {
  // The list of layers lives in a shadow root, which innerText leaves out.
  const texts = element => [element.innerText,
                            ...[element, ...element.querySelectorAll("*")].filter(e => e.shadowRoot)
                                .flatMap(e => [...e.shadowRoot.children].map(texts))].flat()
  const text = () => [...document.querySelectorAll(selector)].flatMap(texts).join("\\n")
  window.waited = new Promise((resolve, reject) => {
    addEventListener(type, event => {
      const start = event.timeStamp
      const check = () => {
        if (new RegExp(pattern).test(text())) resolve((performance.now() - start) / 1000)
        else if (performance.now() - start > 30000) reject(new Error(`no ${pattern} in 30 s, but ${text()}`))
        else requestAnimationFrame(check)
      }
      check()
    }, { capture: true, once: true })
  })
}"""


def time_action(page: Page, action: Callable[[], None], event: str, *, selector: str, pattern: str) -> float:
    """Returns the seconds from the event that the action sends until the text of `selector` fits `pattern`."""
    page.evaluate(WATCH_TEXT, [event, selector, pattern])
    action()
    return float(page.evaluate("window.waited"))


def time_trainings(page: Page, repetitions: int) -> dict[str, list[float]]:
    """Starts and stops the digits preset again and again; the first time, unmeasured, warms the worker."""
    page.get_by_role("link", name="Train").first.click()
    page.get_by_role("combobox", name="Data set").click()
    page.get_by_role("option", name="Handwritten digits").click()
    page.get_by_role("button", name="Open “ConvNet for handwritten digits”").click()
    epochs = page.get_by_role("spinbutton", name="Epochs")
    epochs.wait_for(timeout=READY_MS)
    train = page.locator(".st-key-train button")
    epochs.fill("1000")
    epochs.press("Enter")
    stop = page.get_by_role("button", name="Stop")
    starts, stops = [], []
    for _ in range(repetitions + 1):
        wait_until_idle(page)
        # the run before stays on the page until the new one replaces it: its badge says stopped, not training
        starts.append(time_action(page, train.click, "click", selector=STATUS, pattern=TRAINING_TEXT))
        page.wait_for_timeout(1500)  # let it train for some ticks
        stops.append(time_action(page, stop.click, "click", selector=STATUS, pattern="stopped"))
    return {"Train → first point": starts[1:], "Stop → stopped": stops[1:]}


def time_edits(page: Page, repetitions: int) -> list[float]:
    """Edits the first layer of the lab's net again and again; returns the seconds of each edit but the first."""
    field = page.get_by_role("textbox", name="kernel_size")
    field.wait_for(timeout=READY_MS)
    seconds = []
    for repetition in range(repetitions + 1):
        kernel = KERNELS[repetition % len(KERNELS)]
        wait_until_idle(page)
        field.fill(str(kernel))
        shape = format_shape(trace(LAB.update_layer(0, kernel_size=kernel))[0].output_shape or ())
        enter = partial(field.press, "Enter")
        seconds.append(time_action(page, enter, "keydown", selector=LAYERS, pattern=rf"\b{shape}\b"))
    return seconds[1:]


def wait_until_idle(page: Page) -> None:
    """Waits until the page's script has ended."""
    page.locator("[data-testid='stApp'][data-test-script-state='notRunning']").wait_for(timeout=READY_MS)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=12)
    options = parser.parse_args()
    browser_path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with serve() as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=list(BROWSER_ARGUMENTS))
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.goto(server.address)
        seconds_by_name = {"Edit kernel_size → new shape": time_edits(page, options.repetitions)}
        seconds_by_name |= time_trainings(page, options.repetitions)
        browser.close()
    rows = []
    for name, goal in GOALS.items():
        seconds = seconds_by_name[name]
        goal_text = "" if goal is None else f"≤ {goal:g} s, {verdict(max(seconds), goal)}"
        rows.append((name, f"{median(seconds):.2f}", f"{min(seconds):.2f}", f"{max(seconds):.2f}", goal_text))
    print(f"{options.repetitions} repetitions each, one browser; seconds. A goal is met when the slowest meets it.\n")
    print(table(["", "median", "min", "max", "goal"], rows))


if __name__ == "__main__":
    main()
