"""Sixty students watch a run each on the Train page, and twenty others edit: what the looks cost everybody.

All runs are in turn on one device. The watchers ask for a look every half second, as the frontend does; where there is
nothing new, the server answers nothing. A look lasts from its request to `script_finished`. In turn, rounds in which
they ask and rounds in which they do not, so that the edits can be compared.
"""

import argparse
import asyncio
import secrets
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from statistics import median

from benchmarks.server import Server, serve
from benchmarks.sessions import cpu_seconds, edit_all
from benchmarks.table import percentile, spread, table, verdict
from benchmarks.visitor import Visitor
from cnnviz.runs.store import Store

LOOK_SECONDS, EDIT_SECONDS = 0.5, 2.0
"""Seconds between two requests of a watcher, and between two edits of another student."""
ARRIVAL_SECONDS = 12.0
"""Time over which the watchers come, one after the other, before it is measured."""
GOAL_P50_MS, GOAL_P95_MS, GOAL_CORE, GOAL_EDITS = 20.0, 80.0, 0.5, 1.2
"""Goals: a look in ms, the server's share of a core, and an edit beside the watchers relative to one without."""
SLOW_MS = 400.0
"""Answers that took longer may belong to an earlier request than the one that they are counted for."""


@dataclass
class Rounds:
    """Measurements of all rounds of one kind."""

    looks: list[float] = field(default_factory=list)
    edits: list[list[float]] = field(default_factory=list)
    """Milliseconds of every edit, by round."""
    core_shares: list[float] = field(default_factory=list)
    late: int = 0


async def measure(server: Server, watchers: int, editors: int, rounds: int, seconds: float) -> dict[bool, Rounds]:
    """Measures on one server, rounds without and with watchers in turn."""
    measured = {False: Rounds(), True: Rounds()}
    async with AsyncExitStack() as stack:
        watching = []
        for number in range(watchers):
            visitor = await stack.enter_async_context(Visitor(server, secrets.token_hex(16), "train"))
            await visitor.enter("Epochs", 1000)
            await visitor.press("Train")
            await visitor.rerun()
            watching.append(visitor)
            if number % 10 == 9:
                print(f"{number + 1} runs", flush=True)
        editing = [await stack.enter_async_context(Visitor(server, secrets.token_hex(16))) for _ in range(editors)]
        await edit_all(editing, EDIT_SECONDS, 2 * EDIT_SECONDS)
        for number in range(2 * rounds):
            watch = bool(number % 2)
            result = measured[watch]
            looking = [
                asyncio.create_task(_watch(visitor, ARRIVAL_SECONDS * place / watchers, ARRIVAL_SECONDS, seconds))
                for place, visitor in enumerate(watching)
                if watch
            ]
            await asyncio.sleep(ARRIVAL_SECONDS)
            cpu_before, start = cpu_seconds(server)[0], time.perf_counter()
            edits, late = await edit_all(editing, EDIT_SECONDS, seconds)
            answers = await asyncio.gather(*looking)
            result.core_shares.append((cpu_seconds(server)[0] - cpu_before) / (time.perf_counter() - start))
            result.edits.append(edits)
            result.late += late
            result.looks += [1000 * answer for of_one in answers for answer in of_one]
            print(
                f"round {number + 1}: edits p50 {percentile(edits, 0.5):.1f} ms, {len(result.looks)} looks", flush=True
            )
    return measured


async def _watch(visitor: Visitor, delay: float, unmeasured: float, seconds: float) -> list[float]:
    """Begins to watch after a delay; returns the answers of the `seconds` after those that are not measured."""
    await asyncio.sleep(delay)
    await visitor.watch(LOOK_SECONDS, unmeasured - delay)
    return await visitor.watch(LOOK_SECONDS, seconds)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--watchers", type=int, default=60)
    parser.add_argument("--editors", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    with serve() as server:
        measured = asyncio.run(measure(server, options.watchers, options.editors, options.rounds, options.seconds))
        store = Store(server.folder, is_prepared=True)
        active = len(store.active_runs())
        store.close()
    without, beside = measured[False], measured[True]
    looks, slow = beside.looks, sum(look > SLOW_MS for look in beside.looks)
    requests = options.watchers * options.rounds * options.seconds / LOOK_SECONDS
    ratios = {
        share: median(percentile(edits, share) for edits in beside.edits)
        / median(percentile(edits, share) for edits in without.edits)
        for share in (0.5, 0.95)
    }
    print(
        f"\n{options.watchers} watchers with {active} active runs, {options.editors} editors; {options.rounds} rounds"
    )
    print(
        f"of {options.seconds:g} s each; {requests:,.0f} requests, {len(looks):,} answered, {slow} after {SLOW_MS:g} ms"
    )
    p50, p95, core = percentile(looks, 0.5), percentile(looks, 0.95), median(beside.core_shares)
    rows = [
        ["look, p50 ms", f"{p50:.1f}", verdict(p50, GOAL_P50_MS)],
        ["look, p95 ms", f"{p95:.1f}", verdict(p95, GOAL_P95_MS)],
        ["server, of a core, edits included", f"{core:.2f}", verdict(core, GOAL_CORE)],
        ["server, of a core, edits alone", f"{median(without.core_shares):.2f}", ""],
        ["edit alone, p50 ms", spread([percentile(edits, 0.5) for edits in without.edits]), ""],
        ["edit beside watchers, p50 ms", spread([percentile(edits, 0.5) for edits in beside.edits]), ""],
        ["÷ edit alone, p50", f"{ratios[0.5]:.2f}", verdict(ratios[0.5], GOAL_EDITS)],
        ["÷ edit alone, p95", f"{ratios[0.95]:.2f}", ""],
        ["edits that started late", f"{without.late} alone, {beside.late} beside", ""],
    ]
    print(table(["", "measured", "goal"], rows))


if __name__ == "__main__":
    main()
