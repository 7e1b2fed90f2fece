"""What is kept of a class beside its runs: the teacher's rules and comments, and the rows of the overview."""

import logging
from contextlib import suppress

import sqlalchemy as sql
from pydantic import ValidationError

from cnnviz.runs.class_overview import RunRow
from cnnviz.runs.class_rules import ClassRules
from cnnviz.runs.comment import Comment
from cnnviz.runs.rows import parse_config
from cnnviz.runs.run import TRAIN_RUN
from cnnviz.runs.tables import CLASS_OPTIONS, COMMENTS, RUNS

RULES = "rules"
"""Name of the rules among the options of the class."""
MAX_OVERVIEW_RUNS = 20_000
"""The latest runs of a class that an overview counts."""
log = logging.getLogger(__name__)


class ClassStore:
    """The tables of a class; any thread may read, only the thread that writes what belongs to no device may write."""

    def __init__(self, engine: sql.Engine) -> None:
        self._engine = engine
        self.rules = self._read_rules()
        """The rules in force."""

    def _read_rules(self) -> ClassRules:
        with self._engine.connect() as connection:
            content = connection.scalar(sql.select(CLASS_OPTIONS.c.content).where(CLASS_OPTIONS.c.name == RULES))
        try:
            return ClassRules.model_validate_json(content) if content else ClassRules()
        except ValidationError:
            log.exception("the rules of the class cannot be read; there are none now")
            return ClassRules()

    def run_rows(self, since: float = 0.0) -> list[RunRow]:
        """Returns the trainings that were made after a time, sorted by owner and by when they were made."""
        columns = (RUNS.c.owner, RUNS.c.id, RUNS.c.created, RUNS.c.finished, RUNS.c.status, RUNS.c.message)
        latest = (
            sql.select(*columns, RUNS.c.config, RUNS.c.best_accuracy)
            .where(RUNS.c.created >= since, RUNS.c.deleted.is_(None), RUNS.c.kind == TRAIN_RUN)
            .order_by(RUNS.c.created.desc())
            .limit(MAX_OVERVIEW_RUNS)
        )
        rows = []
        with self._engine.connect() as connection:
            for row in connection.execute(latest):
                with suppress(ValueError):  # another version of cnnviz wrote it, and nobody can see it here
                    dataset = parse_config(row.config).dataset
                    facts = (row.owner, row.id, row.created, row.finished, row.status, row.message)
                    rows.append(RunRow(*facts, dataset, row.best_accuracy))
        return sorted(rows, key=lambda row: (row.owner, row.created))

    def comments(self, run_id: str) -> list[Comment]:
        """Returns the comments on a run, oldest first."""
        query = sql.select(COMMENTS).where(COMMENTS.c.run_id == run_id).order_by(COMMENTS.c.id)
        with self._engine.connect() as connection:
            return [Comment(**row) for row in connection.execute(query).mappings()]

    # ── writing ──

    def save_rules(self, rules: ClassRules) -> None:
        """Puts other rules in force."""
        with self._engine.begin() as connection:
            connection.execute(sql.delete(CLASS_OPTIONS).where(CLASS_OPTIONS.c.name == RULES))
            connection.execute(sql.insert(CLASS_OPTIONS).values(name=RULES, content=rules.model_dump_json()))
        self.rules = rules

    def add_comment(self, comment: Comment) -> None:
        """Keeps a new comment."""
        row = {name: value for name, value in vars(comment).items() if name != "id"}
        with self._engine.begin() as connection:
            connection.execute(sql.insert(COMMENTS).values(row))

    def delete_comment(self, comment_id: int) -> None:
        """Deletes a comment, if it is still there."""
        with self._engine.begin() as connection:
            connection.execute(sql.delete(COMMENTS).where(COMMENTS.c.id == comment_id))
