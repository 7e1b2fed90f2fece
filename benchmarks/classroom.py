"""A lesson: sixty students of a class do what students do, runs train all the while, a teacher watches.

Each student is logged in, has one page open, and does one thing after another: edits, looks at shapes, listens, trains
and watches the curves, opens results, hands in, all drawn at random. A rerun lasts from the change that is sent to
`script_finished`. Curves are late by the time from the storing of an epoch to the first answer that shows it; an epoch
that was stored a second or more before its student ceased to watch, and that no answer has shown, counts as never
shown. Of the runs that are done, every split and metric must have a point for each epoch. Before it is measured, one
student has been on every page.
"""

import argparse
import asyncio
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.entrance import LOGIN_COOKIE, Entrance
from benchmarks.greedy import be_greedy, print_first_points
from benchmarks.server import Server, serve
from benchmarks.stored_epochs import Shown, StoredEpochs, lateness, lost_epochs
from benchmarks.table import percentile, table, verdict
from benchmarks.visitor import Answer, Visitor
from cnnviz.runs.run import TRAIN_RUN, Run, Status
from cnnviz.runs.store import Store

GOAL_P50_MS, GOAL_P95_MS, GOAL_LATE_SECONDS, GOAL_SESSION_MB = 30.0, 100.0, 1.0, 3.0
PAUSE_SECONDS = (1.0, 4.0)
"""Least and most time between two things that a student does."""
LOOK_SECONDS, WATCH_SECONDS = 0.5, 10.0
PAGES = ("", "shapes", "data", "train", "result", "assignment")
KERNELS, EPOCHS = (3, 4, 5, 6, 7), 3
SETTLE_SECONDS = 75.0
"""Until the sessions of students who have left are forgotten."""
MIB = 2**20


@dataclass
class Lesson:
    """What was measured."""

    reruns: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Milliseconds of each rerun, by what was done."""
    lateness: list[float | None] = field(default_factory=list)
    """Seconds from the storing of each watched epoch to the first answer that shows it; None where none does."""
    errors: list[str] = field(default_factory=list)
    memory: dict[str, float] = field(default_factory=dict)
    """MiB of the server, by moment."""
    core_share: float = 0.0
    """Of one core, that the server worked."""
    own_core_share: float = 0.0
    """Of one core, that this process worked, which plays all students."""
    done: int = 0
    """Runs that are done."""
    lost: Counter[str] = field(default_factory=Counter)
    """Epochs without a point in runs that are done, by split and metric."""


class Student:
    """Somebody with one page open, who does one thing after another."""

    def __init__(self, visitor: Visitor, owner: str, lesson: Lesson, store: Store, epochs: StoredEpochs) -> None:
        self._visitor, self._owner, self._lesson, self._store, self._epochs = visitor, owner, lesson, store, epochs
        self._random, self._page = random.Random(owner), ""
        self._acts: dict[str, tuple[int, Callable[[], Awaitable[None]]]] = {
            "edit": (10, self._edit),
            "shapes": (3, self._calculate),
            "listen": (3, self._listen),
            "train and watch": (3, self._train),
            "results": (2, self._open_result),
            "hand in": (1, self._hand_in),
        }

    async def work(self, end: float) -> None:
        """Does one thing after another until `end`."""
        await asyncio.sleep(self._random.uniform(0, PAUSE_SECONDS[1]))
        while time.perf_counter() < end:
            weights = [weight for weight, _ in self._acts.values()]
            ((name, (_, act)),) = self._random.choices(list(self._acts.items()), weights)
            try:
                await act()
            except Exception as error:  # whatever it is, it is counted
                self._lesson.errors.append(f"{name}: {type(error).__name__} {error}")
            await asyncio.sleep(self._random.uniform(*PAUSE_SECONDS))

    async def _measure(self, name: str, change: Awaitable[Answer]) -> Answer:
        answer = await change
        self._lesson.reruns[name].append(1000 * answer.seconds)
        for message in answer.messages:
            if message.delta.new_element.HasField("exception"):
                self._lesson.errors.append(f"{name}: {message.delta.new_element.exception.message}")
        return answer

    async def _open(self, page: str) -> None:
        if self._page != page:
            await self._measure(f"open {page or 'design'}", self._visitor.open(page))
            self._page = page

    async def _edit(self) -> None:
        await self._open("")
        for kernel in self._random.sample(KERNELS, 3):
            await self._measure("edit", self._visitor.type("kernel_size", str(kernel)))
            await asyncio.sleep(self._random.uniform(*PAUSE_SECONDS) / 2)

    async def _calculate(self) -> None:
        await self._open("shapes")
        await self._measure("shapes", self._visitor.type("kernel_size", str(self._random.choice(KERNELS))))

    async def _listen(self) -> None:
        await self._open("data")
        await self._measure("listen", self._visitor.press("Other samples"))

    async def _train(self) -> None:
        self._page = "another"  # so that the page shows the present state of the run
        await self._open("train")
        if not self._runs_now():
            await self._measure("set epochs", self._visitor.enter("Epochs", EPOCHS))
            await self._measure("train", self._visitor.press("Train"))
            self._epochs.watch(self._newest_run().id)
            await self._measure("open train", self._visitor.rerun())
        run_id, answers = self._newest_run().id, list[Shown]()

        def note_look(messages: list[ForwardMsg]) -> None:
            texts = (message.delta.new_element.markdown.body for message in messages)
            for match in filter(None, (re.search(r"epoch \*\*(\d+)\*\* of", text) for text in texts)):
                answers.append(Shown(time.perf_counter(), int(match[1])))

        if self._visitor.watches:
            start = time.perf_counter()
            seconds = await self._visitor.watch(LOOK_SECONDS, WATCH_SECONDS, note_look)
            self._lesson.reruns["look at curves"] += [1000 * each for each in seconds]
            stored = {epoch: at for epoch, at in self._epochs.reached_by(run_id).items() if at >= start}
            self._lesson.lateness += lateness(stored, answers, time.perf_counter(), GOAL_LATE_SECONDS)

    def _newest_run(self) -> Run:
        return self._store.runs_of(self._owner)[0]

    def _runs_now(self) -> bool:
        return any(run.active for run in self._store.runs_of(self._owner))

    async def _open_result(self) -> None:
        self._page = "another"
        await self._open("result")

    async def _hand_in(self) -> None:
        await self._open("assignment")
        if self._visitor.has("Hand in this run"):
            await self._measure("hand in", self._visitor.press("Hand in this run"))


async def teach(lesson: Lesson, server: Server, store: Store, epochs: StoredEpochs, count: int, seconds: float) -> None:
    """Lets `count` students work for `seconds`, with the teacher's page open; measures the memory before and after."""
    entrance = Entrance(server)
    logins = [entrance.log_in(f"Student {number:03d}") for number in range(count)]
    async with Visitor(server, entrance.log_in("The first"), cookie=LOGIN_COOKIE) as first:
        for page in PAGES:
            await first.open(page)
    async with Visitor(server, entrance.teacher, "class", cookie=LOGIN_COOKIE) as teacher:
        lesson.memory["before"] = _memory(server)
        async with AsyncExitStack() as stack:
            students = []
            for login in logins:
                visitor = await stack.enter_async_context(Visitor(server, login, cookie=LOGIN_COOKIE))
                students.append(Student(visitor, login.partition(".")[0], lesson, store, epochs))
            start, cpu, own_cpu = time.perf_counter(), _cpu_seconds(server), time.process_time()
            end = start + seconds
            watching = asyncio.create_task(teacher.watch(1.0, seconds))
            await asyncio.gather(*(student.work(end) for student in students))
            lesson.reruns["the teacher's page"] += [1000 * each for each in await watching]
            wall = time.perf_counter() - start
            lesson.core_share = (_cpu_seconds(server) - cpu) / wall
            lesson.own_core_share = (time.process_time() - own_cpu) / wall
            lesson.memory["at the end"] = _memory(server)
        await asyncio.sleep(SETTLE_SECONDS)
        lesson.memory["after they have left"] = _memory(server)
    for run in [run for login in logins for run in store.runs_of(login.partition(".")[0])]:
        if run.status == Status.DONE and run.kind == TRAIN_RUN:
            lesson.done += 1
            points = (point for _, point in store.iter_points(run.id))
            lesson.lost.update({" ".join(curve): count for curve, count in lost_epochs(run, points).items()})


def _cpu_seconds(server: Server) -> float:
    times = server.process.cpu_times()
    return float(times.user + times.system)


def _memory(server: Server) -> float:
    return float(server.process.memory_info().rss) / MIB


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=60)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--fair", action="store_true", help="measure the first points beside a greedy student instead")
    options = parser.parse_args()
    limits = {"CNNVIZ_MODE": "class", "CNNVIZ_MAX_ADDRESS_RUNS": "1000"}
    with serve(**limits) as server:
        store = Store(server.folder, is_prepared=True)
        with StoredEpochs(store) as epochs:
            if options.fair:
                print_first_points(asyncio.run(be_greedy(server, store, epochs, 29)))
            else:
                lesson = Lesson()
                asyncio.run(teach(lesson, server, store, epochs, options.students, 60 * options.minutes))
                _print_lesson(lesson, options.students, options.minutes)
        store.close()


def _print_lesson(lesson: Lesson, students: int, minutes: float) -> None:
    rows = [
        [name, len(each), f"{percentile(each, 0.5):.0f}", f"{percentile(each, 0.95):.0f}", f"{max(each):.0f}"]
        for name, each in sorted(lesson.reruns.items(), key=lambda item: -len(item[1]))
        if each
    ]
    every = [each for name, values in lesson.reruns.items() if name != "the teacher's page" for each in values]
    p50, p95 = percentile(every, 0.5), percentile(every, 0.95)
    rows.append(["all but the teacher's page", len(every), f"{p50:.0f}", f"{p95:.0f}", f"{max(every):.0f}"])
    print(f"{students} students, {minutes:g} minutes\n")
    print(table(["", "reruns", "p50, ms", "p95, ms", "max, ms"], rows))
    shown = [seconds for seconds in lesson.lateness if seconds is not None]
    never, lost = len(lesson.lateness) - len(shown), sum(lesson.lost.values())
    late = percentile(shown, 0.95) if shown else float("nan")
    memory = lesson.memory
    a_session = (memory["at the end"] - memory["before"]) / students
    print(
        f"\nThe server worked for {lesson.core_share:.2f} of a core, the students for {lesson.own_core_share:.2f}.",
        end="",
    )
    print(" MiB of the server: " + ", ".join(f"{moment} {value:.0f}" for moment, value in memory.items()) + "\n")
    print(
        table(
            ["", "measured", "goal", ""],
            [
                ["rerun, p50 ms", f"{p50:.1f}", f"{GOAL_P50_MS:g}", verdict(p50, GOAL_P50_MS)],
                ["rerun, p95 ms", f"{p95:.1f}", f"{GOAL_P95_MS:g}", verdict(p95, GOAL_P95_MS)],
                [
                    f"curves late, p95 of {len(shown)} epochs shown, s",
                    f"{late:.2f}",
                    f"{GOAL_LATE_SECONDS:g}",
                    verdict(late, GOAL_LATE_SECONDS),
                ],
                [
                    f"epochs never shown, of {len(lesson.lateness)}",
                    never,
                    "0",
                    verdict(never, 0) if lesson.lateness else "not measured",
                ],
                ["errors", len(lesson.errors), "0", verdict(len(lesson.errors), 0)],
                [
                    f"points lost by {lesson.done} runs that are done",
                    lost,
                    "0",
                    verdict(lost, 0) if lesson.done else "not measured",
                ],
                ["MiB a session", f"{a_session:.1f}", f"{GOAL_SESSION_MB:g}", verdict(a_session, GOAL_SESSION_MB)],
            ],
        )
    )
    for curve, count in lesson.lost.most_common(10):
        print(f"{count} epochs lack {curve}")
    for error, count in Counter(lesson.errors).most_common(10):
        print(f"{count} × {error[:300]}")


if __name__ == "__main__":
    main()
