"""The signed zip of a submission: all that its result follows from, and by what it is known to be as it was handed in.

SHA256SUMS has the hash of every file, which `sha256sum -c` checks, too. SIGNATURE is a keyed hash (HMAC-SHA-256) of
SHA256SUMS: whoever holds the key of the server can tell whether the zip is one of the server's.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, ValidationError

from cnnviz.architecture import Architecture
from cnnviz.architecture.step import FLOAT32_BYTES
from cnnviz.architecture.weights import MAX_HEADER_BYTES
from cnnviz.classroom.assignment import Assignment
from cnnviz.classroom.submission import Submission, weights_digest
from cnnviz.classroom.work import Accuracy
from cnnviz.data.archive import ZipArchive
from cnnviz.data.archive_member import ArchiveMember
from cnnviz.errors import DataError
from cnnviz.settings import Settings
from cnnviz.takehome.pack import CONFIG_FILE, DESIGN_FILE, WEIGHTS_FILE, write_zip
from cnnviz.training.config import TrainConfig
from cnnviz.validation import FrozenModel, describe_error

ASSIGNMENT_FILE, SUBMISSION_FILE = "assignment.json", "submission.json"
SUMS_FILE, SIGNATURE_FILE = "SHA256SUMS", "SIGNATURE"
SIGNED_FILES = (ASSIGNMENT_FILE, SUBMISSION_FILE, DESIGN_FILE, CONFIG_FILE, WEIGHTS_FILE)
MAX_TEXT_BYTES = 4 * 2**20
"""Largest file but the weights."""
MAX_BUFFER_BYTES = 16 * 2**20
"""Most bytes of weights that are not parameters, such as the running statistics of norms."""


class Signature(StrEnum):
    """What is known of a signature."""

    VALID = "valid"
    WRONG = "wrong"
    UNCHECKED = "not checked"
    """Without the server's key."""
    MISSING = "none"
    """The zip of a run that a student has taken home."""


class ShownResult(FrozenModel):
    """What came of a check, as the server has shown it."""

    check: str
    reached: bool
    value: str


class SubmissionRecord(FrozenModel):
    """The submission.json: who has handed in what and when, and what the server has shown."""

    format: Literal[1] = 1
    id: Annotated[str, Field(max_length=64)]
    assignment: Annotated[str, Field(max_length=64)]
    student: Annotated[str, Field(max_length=64)]
    """What tells students of one name apart."""
    name: Annotated[str, Field(max_length=200)]
    submitted: AwareDatetime
    deadline: AwareDatetime | None
    """The deadline that held for the student."""
    validation: Accuracy | None
    hidden: Accuracy | None
    results: Annotated[tuple[ShownResult, ...], Field(strict=False)]


@dataclass(frozen=True, eq=False)
class SignedSubmission:
    """What a signed zip holds."""

    assignment: Assignment
    record: SubmissionRecord
    architecture: Architecture
    config: TrainConfig
    weights: bytes
    signature: Signature


def signing_key(secret: bytes) -> bytes:
    """Returns the key for signatures that follows from a server's secret, which does not follow from it.

    A teacher may carry it to another machine: nobody can pass for a student with it.
    """
    return hashlib.blake2b(b"submissions", key=secret, digest_size=32).digest()


def pack_submission(
    assignment: Assignment, submission: Submission, weights: bytes, *, deadline: float | None, key: bytes
) -> bytes:
    """Returns the signed zip of a submission; the same submission always gives the same bytes."""
    results = submission.results(assignment)
    record = SubmissionRecord(
        id=submission.id,
        assignment=submission.assignment,
        student=submission.owner,
        name=submission.name,
        submitted=datetime.fromtimestamp(submission.submitted, UTC),
        deadline=None if deadline is None else datetime.fromtimestamp(deadline, UTC),
        validation=submission.validation.accuracy if submission.validation else None,
        hidden=submission.hidden,
        results=tuple(
            ShownResult(check=check.label, reached=result.reached, value=result.value)
            for check, result in zip(assignment.checks, results, strict=True)
        ),
    )
    files = {
        ASSIGNMENT_FILE: assignment.model_dump_json(indent=2).encode(),
        SUBMISSION_FILE: record.model_dump_json(indent=2).encode(),
        DESIGN_FILE: submission.architecture.to_json().encode(),
        CONFIG_FILE: submission.config.model_dump_json(indent=2).encode(),
        WEIGHTS_FILE: weights,
    }
    sums = _sums(files)
    return write_zip({**files, SUMS_FILE: sums, SIGNATURE_FILE: _sign(sums, key).encode()})


def read_submission(content: bytes, limits: Settings, key: bytes | None = None) -> SignedSubmission:
    """Returns what a signed zip holds; raises DataError where a file is missing, was changed, or is damaged.

    With the server's key, the signature is checked, too: a zip that somebody has made anew has a wrong one.
    """
    max_weights = FLOAT32_BYTES * limits.max_parameters + MAX_BUFFER_BYTES + MAX_HEADER_BYTES
    with ZipArchive(content, max_weights + 8 * MAX_TEXT_BYTES, max_member=max_weights) as archive:
        members = {member.name: member for member in archive.members if not member.folders}
        files = {
            name: _read(archive, members, name, max_weights if name == WEIGHTS_FILE else MAX_TEXT_BYTES)
            for name in (*SIGNED_FILES, SUMS_FILE, SIGNATURE_FILE)
        }
    signed = {name: files[name] for name in SIGNED_FILES}
    if files[SUMS_FILE] != _sums(signed):
        raise DataError(f"A file of this zip was changed: its hash is not the one in {SUMS_FILE}.")
    try:
        record = SubmissionRecord.model_validate_json(files[SUBMISSION_FILE])
        config = TrainConfig.model_validate_json(files[CONFIG_FILE])
    except ValidationError as error:
        raise DataError(describe_error(error, "The submission")) from None
    signature = Signature.UNCHECKED
    if key is not None:
        is_valid = hmac.compare_digest(files[SIGNATURE_FILE].strip(), _sign(files[SUMS_FILE], key).encode())
        signature = Signature.VALID if is_valid else Signature.WRONG
    return SignedSubmission(
        assignment=Assignment.from_json(files[ASSIGNMENT_FILE]),
        record=record,
        architecture=Architecture.from_json(files[DESIGN_FILE]),
        config=config,
        weights=files[WEIGHTS_FILE],
        signature=signature,
    )


def is_submission_zip(content: bytes, limits: Settings) -> bool:
    """Returns whether a zip is that of a submission, and not of a run."""
    max_bytes = FLOAT32_BYTES * limits.max_parameters + 2**29
    with ZipArchive(content, max_bytes, max_member=max_bytes) as archive:
        return any(member.name == SUBMISSION_FILE and not member.folders for member in archive.members)


def _read(archive: ZipArchive, members: dict[str, ArchiveMember], name: str, max_bytes: int) -> bytes:
    member = members.get(name)
    if member is None:
        raise DataError(f"This zip is incomplete: {name} is missing. Use an unchanged zip of a submission.")
    if member.size > max_bytes:
        raise DataError(f"{name} takes {member.size:,} bytes; at most {max_bytes:,} are read.")
    return archive.read(member)


def _sums(files: dict[str, bytes]) -> bytes:
    return "".join(f"{weights_digest(content)}  {name}\n" for name, content in files.items()).encode()


def _sign(sums: bytes, key: bytes) -> str:
    return hmac.new(key, sums, hashlib.sha256).hexdigest()
