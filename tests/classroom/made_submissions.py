"""Submissions of untrained nets for the digits, and their signed zips."""

import torch
from safetensors.torch import save

from cnnviz.architecture import build_model
from cnnviz.classroom.assignment import Assignment
from cnnviz.classroom.checks import HiddenAccuracy, OneChange, Parameters, ValidationAccuracy
from cnnviz.classroom.signed_zip import pack_submission
from cnnviz.classroom.submission import Submission, SubmissionStatus, ValidationResult, weights_digest
from cnnviz.classroom.work import Accuracy
from cnnviz.settings import Settings
from tests.designs import ANNA, NET, SHORT

TASK = Assignment(
    title="Digits",
    design=NET,
    config=SHORT,
    checks=(ValidationAccuracy(at_least=0.1), Parameters(at_most=100), OneChange(), HiddenAccuracy(at_least=0.2)),
)
KEY, LIMITS = b"k" * 32, Settings()


def make_submission(number: int, owner: str = ANNA) -> tuple[Submission, bytes]:
    torch.manual_seed(number)
    weights = save(build_model(NET).state_dict())
    submission = Submission(
        id=f"{number:032}",
        assignment="a" * 32,
        owner=owner,
        name=f"=Student {number}",
        run="r" * 32,
        submitted=1.8e9 + number,
        architecture=NET,
        config=SHORT,
        weights_digest=weights_digest(weights),
        status=SubmissionStatus.SCORED,
        validation=ValidationResult(accuracy=Accuracy(correct=20, samples=180), classes=("0", "1")),
        hidden=Accuracy(correct=1, samples=9),
    )
    return submission, weights


def signed_zip(number: int, owner: str = ANNA) -> bytes:
    return pack_submission(TASK, *make_submission(number, owner), deadline=1.8e9, key=KEY)
