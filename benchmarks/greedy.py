"""How long a class waits for its first points beside one student who has started all that is allowed."""

import asyncio
import time
from collections import Counter
from contextlib import AsyncExitStack

from benchmarks.entrance import LOGIN_COOKIE, Entrance
from benchmarks.server import Server
from benchmarks.stored_epochs import StoredEpochs
from benchmarks.table import percentile, verdict
from benchmarks.visitor import Visitor
from cnnviz.runs.store import Store

GOAL_FIRST_POINT_SECONDS = 20.0


async def be_greedy(server: Server, store: Store, epochs: StoredEpochs, others: int) -> list[float | None]:
    """Lets one student start all that is allowed, then `others` a run each; returns the seconds to first points."""
    entrance = Entrance(server)
    async with AsyncExitStack() as stack:
        greedy_login = entrance.log_in("Greedy")
        greedy = await stack.enter_async_context(Visitor(server, greedy_login, "train", cookie=LOGIN_COOKIE))
        await greedy.enter("Epochs", 1000)
        for label in ("Train", "Train", "Train", "Find a learning rate", "Over-fit one batch", "Train"):
            if greedy.has(label):
                await greedy.press(label)
                await greedy.rerun()
        await greedy.open("search")
        if greedy.has("Start the search"):
            await greedy.press("Start the search")
        await asyncio.sleep(10)
        visitors = []
        for number in range(others):
            login = entrance.log_in(f"Student {number:03d}")
            visitor = await stack.enter_async_context(Visitor(server, login, "train", cookie=LOGIN_COOKIE))
            visitors.append((visitor, login.partition(".")[0]))
        runs = []
        for visitor, owner in visitors:
            await visitor.press("Train")
            runs.append(store.runs_of(owner)[0].id)
            epochs.watch(runs[-1])
        end = time.perf_counter() + 4 * GOAL_FIRST_POINT_SECONDS
        while time.perf_counter() < end and any(epochs.first_seconds(run) is None for run in runs):
            await asyncio.sleep(0.2)
        active = [run for run in store.active_runs() if run.owner == greedy_login.partition(".")[0]]
        kinds = Counter("of a search" if run.search else run.kind for run in active)
        held = ", ".join(f"{count} {kind}" for kind, count in kinds.items()) or "none"
        print(f"active runs of the greedy student at the end: {held}")
        return [epochs.first_seconds(run) for run in runs]


def print_first_points(seconds: list[float | None]) -> None:
    """Prints the seconds to the first points; None stands for one that did not come."""
    known = [each for each in seconds if each is not None]
    last = max(known) if len(known) == len(seconds) else float("inf")
    print(f"first points of {len(seconds)} others beside one student who has started all that is allowed:")
    if known:
        print(f"{len(known)} came; median {percentile(known, 0.5):.1f} s, ", end="")
    print(f"last {last:.1f} s", end="")
    print(f" (goal {GOAL_FIRST_POINT_SECONDS:g} s: {verdict(last, GOAL_FIRST_POINT_SECONDS)})")
