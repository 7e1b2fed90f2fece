"""What a teacher sees of a class and does in it."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

from cnnviz.errors import CnnvizError
from cnnviz.runs.class_overview import RunRow, StudentWork, class_overview
from cnnviz.runs.class_rules import ClassRules
from cnnviz.runs.class_store import ClassStore
from cnnviz.runs.comment import MAX_COMMENT_LENGTH, Comment
from cnnviz.runs.lesson import MAX_FIRST_RUNS, Lesson
from cnnviz.runs.store import Store
from cnnviz.runs.task_loop import TaskLoop
from cnnviz.runs.write_and_wait import write_and_wait

OVERVIEW_SECONDS = 1.0
"""How long an overview is shown to whoever asks, before the database is asked again."""
RULES_CHANGED = "class-rules"
"""What the store notes as changed when other rules are in force."""


class TeacherDesk:
    """Overview, rules and comments of a class; what is written is stored before the call returns."""

    def __init__(self, store: Store, writer_loop: TaskLoop, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._class_store = store, ClassStore(store.engine)
        self._writer_loop, self._clock, self._lock = writer_loop, clock, threading.Lock()
        self._rows: dict[float, tuple[float, list[RunRow]]] = {}

    @property
    def rules(self) -> ClassRules:
        """The rules in force."""
        return self._class_store.rules

    def set_rules(self, rules: ClassRules) -> None:
        """Puts other rules in force, for all pages at once. Raises CnnvizError where they cannot be stored."""
        write_and_wait(self._writer_loop, partial(self._class_store.save_rules, rules))
        self._store.changes.note(RULES_CHANGED)

    def begin_lesson(self, ends: float) -> None:
        """Begins a lesson that lasts until then, in seconds since 1970, or has the one that lasts now end then."""
        lesson = self.rules.present_lesson() or Lesson(ends=ends)
        self.set_rules(self.rules.changed(lesson=lesson.changed(ends=ends)))

    def end_lesson(self) -> None:
        """Ends the lesson; harmless where none lasts."""
        self.set_rules(self.rules.changed(lesson=None))

    def put_first(self, run_id: str, *, first: bool) -> None:
        """Lets a run go before all others as long as the lesson lasts, or no longer; harmless between lessons."""
        if lesson := self.rules.present_lesson():
            others = tuple(id_ for id_ in lesson.first_runs if id_ != run_id)
            first_runs = (*others[-MAX_FIRST_RUNS + 1 :], run_id) if first else others
            self.set_rules(self.rules.changed(lesson=lesson.changed(first_runs=first_runs)))

    def overview(self, since: float = 0.0, dataset: str | None = None) -> dict[str, StudentWork]:
        """Returns the work of each student since a time, on one data set or all, by owner.

        It is as it was at most OVERVIEW_SECONDS ago.
        """
        return class_overview(row for row in self._run_rows(since) if dataset in (row.dataset, None))

    def used_datasets(self, since: float = 0.0) -> list[str]:
        """Returns the names of the data sets that were trained on since a time, those of the most runs first."""
        return [name for name, _ in Counter(row.dataset for row in self._run_rows(since)).most_common()]

    def _run_rows(self, since: float) -> list[RunRow]:
        with self._lock:
            read_at, rows = self._rows.get(since, (float("-inf"), []))
            if self._clock() - read_at >= OVERVIEW_SECONDS:
                rows = self._class_store.run_rows(since)
                self._rows = {since: (self._clock(), rows)}
            return rows

    def comments(self, run_id: str) -> list[Comment]:
        """Returns the comments on a run, oldest first."""
        return self._class_store.comments(run_id)

    def add_comment(self, run_id: str, author: str, text: str) -> None:
        """Leaves a comment on a run; raises CnnvizError for one without words, or with too many."""
        text = text.strip()
        if not text:
            raise CnnvizError("Write what you want to say of this run first.")
        if len(text) > MAX_COMMENT_LENGTH:
            raise CnnvizError(f"A comment has up to {MAX_COMMENT_LENGTH:,} characters; this one has {len(text):,}.")
        comment = Comment(run_id, author, text, time.time())
        write_and_wait(self._writer_loop, partial(self._class_store.add_comment, comment))
        self._store.changes.note(run_id)

    def delete_comment(self, comment: Comment) -> None:
        """Deletes a comment."""
        write_and_wait(self._writer_loop, partial(self._class_store.delete_comment, comment.id))
        self._store.changes.note(comment.run_id)
