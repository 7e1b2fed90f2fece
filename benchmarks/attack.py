"""What one student can do to another: attacks on a real server, and what another student notices of them.

One server for all. The other student comes from an address of their own (127.0.0.2), the attacker from another.
Before, as measured on the version in which each of these was found; those tables are in docs/benchmarks.md.
"""

import argparse
import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from benchmarks.memory_fairness import largest_design
from benchmarks.server import Server, serve
from benchmarks.table import percentile, table
from benchmarks.uploads import send_file
from benchmarks.visitor import Visitor
from cnnviz.architecture import Architecture
from cnnviz.layers import Conv2d, Flatten, Linear, MaxPool2d, ReLU
from cnnviz.runs.drafts import Draft
from cnnviz.runs.run import Status
from cnnviz.runs.store import Store
from cnnviz.secret_key import owner_of_token, secret_key

OTHER_STUDENT, ATTACKER = "127.0.0.2", "127.0.0.3"
"""Addresses from which they come; all of 127.0.0.0/8 is this machine."""
MAX_WAIT_SECONDS = 90.0
"""How long the other student waits for a run that takes a second or two alone."""
SLOW_NET = Architecture(
    input_shape=(1, 99, 26),
    layers=[
        Conv2d(out_channels=776, kernel_size=(3, 3)),
        ReLU(),
        Conv2d(out_channels=776, kernel_size=(3, 3)),
        ReLU(),
        MaxPool2d(kernel_size=(2, 2)),
        Flatten(),
        Linear(out_features=35),
    ],
)
"""A design of little memory, one step of which takes half a minute on two cores."""


@dataclass(frozen=True)
class Outcome:
    """What an attack led to."""

    attack: str
    measure: str
    before: str
    after: str
    goal: str
    is_met: bool


Attack = Callable[[Server], Awaitable[Outcome]]


def resident_megabytes(server: Server) -> float:
    """Returns the resident memory of the server."""
    return float(server.process.memory_info().rss) / 2**20


def save_design(server: Server, token: str, design: Architecture) -> None:
    """Gives a student a design before they come."""
    store = Store(server.folder, is_prepared=True)
    store.save_draft(
        owner_of_token(token, secret_key(server.folder)), "draft", Draft(architecture=design).model_dump_json()
    )
    store.close()


async def start_runs(server: Server, tokens: list[str], count: int, epochs: int = 1000) -> None:
    """Starts so many long runs of each of these students, who come from the attacker's address."""
    for token in tokens:
        async with Visitor(server, token, "train", address=ATTACKER) as visitor:
            await visitor.enter("Epochs", epochs)
            for _ in range(count):
                await visitor.press("Train")


async def wait_until_training(server: Server, count: int) -> None:
    """Waits until so many runs are in turn, and one of them at work; raises RuntimeError where they are not."""
    store = Store(server.folder, is_prepared=True)
    for _ in range(100):
        training = [run for run in store.active_runs() if run.status == Status.RUNNING and run.steps]
        if len(training) >= count:
            break
        await asyncio.sleep(0.2)
    store.close()
    if len(training) < count:
        raise RuntimeError("the attack does not train")
    await asyncio.sleep(3)


async def time_run_of_another_student(server: Server) -> float:
    """Returns the seconds from the click until a run of one epoch has ended; infinity if it does not in time."""
    token, store = secrets.token_hex(16), Store(server.folder, is_prepared=True)
    owner = owner_of_token(token, secret_key(server.folder))
    async with Visitor(server, token, "train", address=OTHER_STUDENT) as visitor:
        await visitor.enter("Epochs", 1)
        start = time.monotonic()
        await visitor.press("Train")
        while time.monotonic() < start + MAX_WAIT_SECONDS:
            if any(run.status == Status.DONE for run in store.runs_of(owner)):
                store.close()
                return time.monotonic() - start
            await asyncio.sleep(0.1)
    store.close()
    return float("inf")


async def stop_all(server: Server) -> None:
    """Waits until the runs of all attackers have ended; their worker is killed where it does not."""
    store = Store(server.folder, is_prepared=True)
    for run in store.active_runs():
        store.update_run(run.id, status=Status.STOPPED)  # the next worker does not take it up again
    store.close()
    server.worker.kill()
    await asyncio.sleep(3)


async def uploads(server: Server) -> Outcome:
    """One session sends 6 x 450 MB."""
    before = resident_megabytes(server)
    token, peak = secrets.token_hex(16), 0.0
    for _ in range(6):
        await send_file(server, 450, token)
        peak = max(peak, resident_megabytes(server) - before)
    return Outcome(
        "one student sends 6 × 450 MB", "memory of the server", "+2,699 MB", f"{peak:+.0f} MB", "≤ +400 MB", peak <= 400
    )


async def largest_nets(server: Server) -> Outcome:
    """Two students start the largest net that is allowed."""
    tokens = [secrets.token_hex(16) for _ in range(2)]
    for token in tokens:
        save_design(server, token, largest_design())
    await start_runs(server, tokens, 2)
    await wait_until_training(server, 2)
    seconds = await time_run_of_another_student(server)
    await stop_all(server)
    text = f"{seconds:.1f} s"
    return Outcome("two students start the largest nets", "a run of an epoch", "never", text, "≤ 30 s", seconds <= 30)


async def slow_step(server: Server) -> Outcome:
    """One student starts a net one step of which takes long."""
    token = secrets.token_hex(16)
    save_design(server, token, SLOW_NET)
    await start_runs(server, [token], 1)
    await wait_until_training(server, 1)
    seconds = await time_run_of_another_student(server)
    await stop_all(server)
    return Outcome(
        "a step of half a minute", "a run of an epoch", "> 45 s", f"{seconds:.1f} s", "≤ 30 s", seconds <= 30
    )


async def foreign_session(server: Server) -> Outcome:
    """Somebody asks to go on with a session of another student, whose id is known to them."""
    async with (
        Visitor(server, secrets.token_hex(16), address=OTHER_STUDENT) as other_student,
        Visitor(server, secrets.token_hex(16), address=ATTACKER, session_id=other_student.session_id) as attacker,
    ):
        given = attacker.session_id == other_student.session_id
    after = "the session is given" if given else "a session of their own"
    return Outcome("the session id of another student", "what is given", "the session", after, "their own", not given)


async def foreign_origin(server: Server) -> Outcome:
    """Ten handshakes from a web page of somebody else, while the other student edits."""
    taken = 0

    async def attempt_handshake() -> None:
        nonlocal taken
        try:
            async with connect(
                f"ws://127.0.0.1:{server.port}/_stcore/stream",
                origin="http://stranger.example",
                open_timeout=30,  # type: ignore[arg-type]
            ):
                taken += 1
        except InvalidStatus:
            pass

    async with Visitor(server, secrets.token_hex(16), address=OTHER_STUDENT) as other_student:
        handshakes = [asyncio.create_task(attempt_handshake()) for _ in range(10)]
        edits = [(await other_student.enter("kernel_size", 3 + number % 5)).seconds * 1000 for number in range(20)]
        await asyncio.gather(*handshakes)
    slowest = max(edits)
    return Outcome(
        "10 handshakes from a foreign origin",
        "the slowest edit",
        "20,000 ms",
        f"{slowest:.0f} ms, {taken} taken",
        "≤ 500 ms, none",
        slowest <= 500 and not taken,
    )


async def invented_cookies(server: Server) -> Outcome:
    """Twenty cookies of one address queue as many runs as they may."""
    await start_runs(server, [secrets.token_hex(16) for _ in range(20)], 5)
    store = Store(server.folder, is_prepared=True)
    queued = len(store.active_runs())
    store.close()
    seconds = await time_run_of_another_student(server)
    async with AsyncExitStack() as stack:
        visitor = await stack.enter_async_context(Visitor(server, secrets.token_hex(16), address=OTHER_STUDENT))
        edits = [(await visitor.enter("kernel_size", 3 + number % 5)).seconds * 1000 for number in range(20)]
    await stop_all(server)
    return Outcome(
        "20 invented cookies queue 5 runs each",
        "a run of an epoch",
        "54 s (100 runs)",
        f"{seconds:.1f} s ({queued} runs), edits p95 {percentile(edits, 0.95):.0f} ms",
        "≤ 20 s",
        seconds <= 20,
    )


ATTACKS: tuple[Attack, ...] = (
    foreign_session,
    foreign_origin,
    slow_step,
    largest_nets,
    invented_cookies,
    uploads,
)
"""Every attack, in the order in which they are played."""


async def run_attacks(server: Server, attacks: list[Attack]) -> list[Outcome]:
    """Plays attacks, one after the other."""
    alone = [await time_run_of_another_student(server) for _ in range(2)][-1]
    print(f"alone, the run of an epoch takes {alone:.1f} s", flush=True)
    outcomes = []
    for attack in attacks:
        outcomes.append(await attack(server))
        print(outcomes[-1].attack, "→", outcomes[-1].after, flush=True)
    return outcomes


def main() -> None:
    """Attacks and prints."""
    names = {attack.__name__: attack for attack in ATTACKS}  # type: ignore[attr-defined]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("attacks", nargs="*", metavar="ATTACK", help=f"of {', '.join(names)}; all without")
    parser.add_argument("--log", type=Path, default=None, help="file for what the server writes")
    options = parser.parse_args()
    with serve(log=options.log) as server:
        outcomes = asyncio.run(run_attacks(server, [names[name] for name in options.attacks or names]))
    rows = [
        [
            outcome.attack,
            outcome.measure,
            outcome.before,
            outcome.after,
            outcome.goal,
            "met" if outcome.is_met else "missed",
        ]
        for outcome in outcomes
    ]
    print()
    print(table(["attack", "measured", "before", "after", "goal", ""], rows))


if __name__ == "__main__":
    main()
