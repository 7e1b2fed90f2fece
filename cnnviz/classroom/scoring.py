"""Requests to score what was handed in, by a process of its own: the only one that reads hidden tests."""

from typing import Annotated

import numpy as np
from pydantic import Field

from cnnviz.classroom.ladder import Correctness
from cnnviz.classroom.measure import Measurement
from cnnviz.classroom.submission import ValidationResult
from cnnviz.imports.messages import FilePath
from cnnviz.processes.one_shot import OneShotProcess
from cnnviz.processes.pipe import PipeMessage

NO_MEMORY = "Scoring this net needs more memory than the server has free. Make the net smaller, or its feature maps."
SCORING_PROCESS = OneShotProcess(
    module="cnnviz.classroom.scorer",
    task="Scoring this net",
    busy="Many nets are being scored just now.",
    timeout_advice="Make the net smaller, or hand it in again when fewer nets are training.",
    no_memory=NO_MEMORY,
    timeout_seconds=300,
)


class ScoringOrder(PipeMessage):
    """Try a net on the validation part of a data set, and on a hidden test."""

    design: str
    """The design as JSON."""
    config: str
    """The settings as JSON."""
    weights: FilePath
    hidden: FilePath | None = None
    """Folder of the hidden test."""


class Score(PipeMessage):
    """What the process answers."""

    validation: ValidationResult
    hidden_bits: str | None = None
    """For each sample of the hidden test, whether the net is right: eight in a byte, as hexadecimal digits."""
    hidden_samples: Annotated[int, Field(ge=0)] = 0


def score(order: ScoringOrder) -> Measurement:
    """Returns what was measured of a net; takes seconds, one net at a time.

    Raises CnnvizError with the reason where it cannot be scored.
    """
    answer = Score.model_validate_json(SCORING_PROCESS.run(order.model_dump_json().encode()))
    if answer.hidden_bits is None:
        return Measurement(answer.validation, None)
    return Measurement(answer.validation, unpack_bits(bytes.fromhex(answer.hidden_bits), answer.hidden_samples))


def pack_bits(correct: Correctness) -> bytes:
    """Returns whether a net is right for each sample, eight samples in a byte.

    >>> unpack_bits(pack_bits(np.array([True, False, True])), 3).tolist()
    [True, False, True]
    """
    return np.packbits(correct).tobytes()


def unpack_bits(content: bytes, samples: int) -> Correctness:
    """Returns what `pack_bits` has packed."""
    return np.unpackbits(np.frombuffer(content, np.uint8), count=samples).astype(bool)
