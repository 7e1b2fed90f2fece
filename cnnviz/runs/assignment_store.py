"""Assignments and what belongs to them in the database: extensions, participants, submissions."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sql
from sqlalchemy.dialects import postgresql, sqlite

from cnnviz.classroom.assignment import Assignment
from cnnviz.classroom.ladder import Climb, Correctness
from cnnviz.classroom.scoring import unpack_bits
from cnnviz.classroom.standing import Extension
from cnnviz.classroom.submission import Submission, SubmissionStatus, ValidationResult
from cnnviz.classroom.work import Accuracy
from cnnviz.errors import CnnvizError
from cnnviz.runs import rows
from cnnviz.runs.tables import ASSIGNMENTS, EXTENSIONS, PARTICIPANTS, SUBMISSIONS

log = logging.getLogger(__name__)
SHOWN_COLUMNS = [column for column in SUBMISSIONS.c if column.name != "hidden_bits"]
INSERT_STATEMENTS: dict[str, Callable[[sql.Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


DECODE_CACHE_SIZE = 1024
"""Parsed assignments and results that are kept in memory."""


@dataclass(frozen=True)
class StoredAssignment:
    """An assignment of a teacher's."""

    id: str
    owner: str
    created: float
    assignment: Assignment


@dataclass(frozen=True)
class Participant:
    """A student who has looked at an assignment."""

    owner: str
    name: str
    begun: float
    """When first, in seconds since 1970."""
    is_named: bool
    """Whether the leaderboard shows the name."""


class AssignmentStore:
    """The tables of assignments; any thread may read, only the thread that writes may write."""

    def __init__(self, engine: sql.Engine) -> None:
        self._engine = engine

    # ── reading ──

    def assignments(self) -> list[StoredAssignment]:
        """Returns the assignments of all teachers, oldest first; without those that this version cannot read."""
        with self._engine.connect() as connection:
            found = connection.execute(sql.select(ASSIGNMENTS).order_by(ASSIGNMENTS.c.created)).all()
        stored = []
        for row in found:
            try:
                stored.append(StoredAssignment(row.id, row.owner, row.created, _parse_assignment(row.content)))
            except CnnvizError:
                log.warning("assignment %s was written by another version and is left out", row.id)
        return stored

    def extensions(self, assignment_id: str) -> list[Extension]:
        """Returns the later deadlines of an assignment."""
        query = sql.select(EXTENSIONS).where(EXTENSIONS.c.assignment == assignment_id).order_by(EXTENSIONS.c.owner)
        with self._engine.connect() as connection:
            return [Extension(row.owner, row.deadline, row.note) for row in connection.execute(query)]

    def participants(self, assignment_id: str) -> dict[str, Participant]:
        """Returns who has looked at an assignment, by owner, in the order in which they came."""
        query = (
            sql.select(PARTICIPANTS).where(PARTICIPANTS.c.assignment == assignment_id).order_by(PARTICIPANTS.c.begun)
        )
        with self._engine.connect() as connection:
            return {
                row.owner: Participant(row.owner, row.name, row.begun, row.is_named)
                for row in connection.execute(query)
            }

    def submissions(self, assignment_id: str, owner: str | None = None) -> list[Submission]:
        """Returns what was handed in for an assignment, by all or by one student, oldest first."""
        query = sql.select(*SHOWN_COLUMNS).where(SUBMISSIONS.c.assignment == assignment_id)
        if owner is not None:
            query = query.where(SUBMISSIONS.c.owner == owner)
        return self._select(query.order_by(SUBMISSIONS.c.submitted, SUBMISSIONS.c.id))

    def submission(self, submission_id: str) -> Submission | None:
        """Returns a submission; None when there is none."""
        return next(iter(self._select(sql.select(*SHOWN_COLUMNS).where(SUBMISSIONS.c.id == submission_id))), None)

    def waiting_submissions(self) -> list[Submission]:
        """Returns all that is not scored yet, oldest first."""
        query = sql.select(*SHOWN_COLUMNS).where(SUBMISSIONS.c.status == SubmissionStatus.WAITING)
        return self._select(query.order_by(SUBMISSIONS.c.submitted, SUBMISSIONS.c.id))

    def has_submissions(self, assignment_id: str) -> bool:
        """Returns whether anything was handed in."""
        query = sql.select(sql.exists().where(SUBMISSIONS.c.assignment == assignment_id))
        with self._engine.connect() as connection:
            return bool(connection.scalar(query))

    def best_on_hidden_test(self, assignment_id: str) -> dict[str, Correctness]:
        """Returns, for each student, where the best net so far is right; for the server alone."""
        query = (
            sql.select(SUBMISSIONS.c.owner, SUBMISSIONS.c.hidden, SUBMISSIONS.c.hidden_bits)
            .where(SUBMISSIONS.c.assignment == assignment_id, SUBMISSIONS.c.is_new_best)
            .order_by(SUBMISSIONS.c.submitted, SUBMISSIONS.c.id)
        )
        with self._engine.connect() as connection:
            found = connection.execute(query).all()
        return {
            row.owner: unpack_bits(row.hidden_bits, Accuracy.model_validate_json(row.hidden).samples) for row in found
        }

    def climb(self, assignment_id: str, owner: str) -> Climb | None:
        """Returns a student's way up on the hidden test; None before the first net was tried there."""
        best = self.best_on_hidden_test(assignment_id).get(owner)
        if best is None:
            return None
        tried = sql.select(sql.func.count()).where(
            SUBMISSIONS.c.assignment == assignment_id,
            SUBMISSIONS.c.owner == owner,
            SUBMISSIONS.c.hidden_bits.is_not(None),
        )
        with self._engine.connect() as connection:
            return Climb(best, tries=int(connection.scalar(tried) or 1) - 1)

    # ── writing: in the thread that writes ──

    def save_assignment(self, stored: StoredAssignment) -> None:
        """Stores an assignment, in the place of the one before."""
        self._upsert(
            ASSIGNMENTS,
            id=stored.id,
            owner=stored.owner,
            created=stored.created,
            content=stored.assignment.model_dump_json(),
        )

    def delete_assignment(self, assignment_id: str) -> None:
        """Deletes an assignment with its extensions and participants."""
        with self._engine.begin() as connection:
            connection.execute(sql.delete(ASSIGNMENTS).where(ASSIGNMENTS.c.id == assignment_id))
            for table in (EXTENSIONS, PARTICIPANTS):
                connection.execute(sql.delete(table).where(table.c.assignment == assignment_id))

    def save_extension(self, assignment_id: str, extension: Extension) -> None:
        """Stores a later deadline, in the place of the one before."""
        self._upsert(EXTENSIONS, assignment=assignment_id, **vars(extension))

    def save_participant(self, assignment_id: str, participant: Participant) -> None:
        """Stores that somebody has looked at an assignment."""
        self._upsert(PARTICIPANTS, assignment=assignment_id, **vars(participant))

    def add_submission(self, submission: Submission) -> None:
        """Stores what was handed in."""
        row = {name: value for name, value in vars(submission).items() if name in SUBMISSIONS.c}
        row |= {
            "architecture": submission.architecture.model_dump_json(),
            "config": submission.config.model_dump_json(),
            "validation": submission.validation.model_dump_json() if submission.validation else None,
            "hidden": submission.hidden.model_dump_json() if submission.hidden else None,
        }
        with self._engine.begin() as connection:
            connection.execute(sql.insert(SUBMISSIONS).values(row))

    def save_score(
        self,
        submission_id: str,
        validation: ValidationResult,
        *,
        hidden: Accuracy | None = None,
        is_new_best: bool = False,
        hidden_bits: bytes | None = None,
    ) -> None:
        """Stores what was measured of a submission."""
        self._update(
            submission_id,
            status=SubmissionStatus.SCORED,
            validation=validation.model_dump_json(),
            hidden=hidden.model_dump_json() if hidden else None,
            is_new_best=is_new_best,
            hidden_bits=hidden_bits,
        )

    def refuse(self, submission_id: str, reason: str) -> None:
        """Stores that a submission could not be scored, so that it does not count."""
        self._update(submission_id, status=SubmissionStatus.REFUSED, message=reason)

    def _update(self, submission_id: str, **values: object) -> None:
        with self._engine.begin() as connection:
            connection.execute(sql.update(SUBMISSIONS).where(SUBMISSIONS.c.id == submission_id).values(values))

    def _upsert(self, table: sql.Table, **row: Any) -> None:
        insert = INSERT_STATEMENTS[self._engine.dialect.name](table).values(row)
        with self._engine.begin() as connection:
            connection.execute(insert.on_conflict_do_update(index_elements=[*table.primary_key], set_=row))

    def _select(self, query: sql.Select[Any]) -> list[Submission]:
        with self._engine.connect() as connection:
            return [each for row in connection.execute(query).mappings() if (each := _submission_from_row(row))]


@lru_cache(DECODE_CACHE_SIZE)  # pages look again and again
def _parse_assignment(text: str) -> Assignment:
    return Assignment.from_json(text)


@lru_cache(DECODE_CACHE_SIZE)
def _parse_validation(text: str) -> ValidationResult:
    return ValidationResult.model_validate_json(text)


def _submission_from_row(row: sql.RowMapping) -> Submission | None:
    """Returns the submission of a row; None for one that this version cannot read."""
    try:
        parsed = {
            "architecture": rows.parse_architecture(row["architecture"]),
            "config": rows.parse_config(row["config"]),
            "status": SubmissionStatus(row["status"]),
            "validation": _parse_validation(row["validation"]) if row["validation"] else None,
            "hidden": Accuracy.model_validate_json(row["hidden"]) if row["hidden"] else None,
        }
    except ValueError:
        log.warning("submission %s was written by another version and is left out", row["id"])
        return None
    return Submission(**dict(row) | parsed)
