"""An ONNX file from a process of its own, within bounds: a file takes seconds and several times its size in memory."""

import logging
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from cnnviz.architecture import Architecture, Step, every
from cnnviz.architecture.step import FLOAT_BYTES
from cnnviz.errors import CnnvizError, DesignError, LimitError
from cnnviz.export.gaps import writable
from cnnviz.settings import settings
from cnnviz.shapes import size_of

SECONDS = 60
"""Time for one file, and for waiting until others are written. Usual nets take three seconds of a core."""
BATCH = 2
"""Samples in the batch that the exporter follows through the net."""
COPIES = 4
"""Of the weights, and of the largest batch of feature maps, in memory; measured. The process itself takes 270 MB."""
REFUSED = 3
"""Exit code of the process where its output is a sentence for the student."""
NO_MEMORY = "Writing this net as ONNX needs more memory than the server has free. Use fewer channels, or pool earlier."
ROOT = Path(__file__).parent.parent.parent
log = logging.getLogger(__name__)
_turn = threading.Semaphore()


def to_onnx(architecture: Architecture) -> bytes:
    """The net with random weights as an ONNX file: input x and output scores, of N samples each.

    Its nodes are named after the layers (/conv1/Conv). Takes some seconds; one file is written at a time.
    Raises DesignError where the net cannot be written, LimitError where that would take too much or too long,
    CnnvizError where it fails.
    """
    check_size(writable(architecture))
    if not _turn.acquire(timeout=SECONDS):
        raise LimitError("Many ONNX files are being written just now. Try again in a minute.")
    try:
        # subprocess, not multiprocessing: its spawn would execute Streamlit's main script again
        ended = subprocess.run(
            [sys.executable, "-m", "cnnviz.export.writer"],
            input=architecture.to_json().encode(),
            capture_output=True,
            cwd=ROOT,
            timeout=SECONDS,
            start_new_session=True,  # Ctrl-C in the server's terminal is the server's to handle
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LimitError(
            f"Writing this net as ONNX took more than {SECONDS} seconds and was given up. Try again when fewer nets"
            " train, or make the net smaller."
        ) from None
    finally:
        _turn.release()
    if ended.returncode == REFUSED:
        raise DesignError(ended.stdout.decode())
    if ended.returncode:
        log.error("export ended with %d: %s", ended.returncode, ended.stderr.decode(errors="replace"))
        raise LimitError(NO_MEMORY) if ended.returncode < 0 else CnnvizError(_FAULT)
    return ended.stdout


def check_size(steps: Sequence[Step]) -> None:
    """Raise LimitError where the file would have more weights than the server allows."""
    limits = settings()
    parameters = sum(step.parameters for step in steps)
    if (size := FLOAT_BYTES * parameters) > limits.max_export_bytes:
        raise LimitError(
            f"The {parameters:,} parameters of this net make a file of {size / 2**20:,.0f} MB; this server writes at"
            f" most {limits.max_export_bytes / 2**20:,.0f} MB. Smaller Linear layers help most."
        )
    largest = max(size_of(step.output_shape or ()) for step in every(steps))
    needed = COPIES * (size + BATCH * FLOAT_BYTES * largest)
    if needed > limits.max_training_bytes:
        raise LimitError(
            f"Writing this net as ONNX needs about {needed / 2**20:,.0f} MB; this server gives it at most"
            f" {limits.max_training_bytes / 2**20:,.0f} MB. Use fewer channels, or pool earlier."
        )


_FAULT = "Writing this net as ONNX failed inside cnnviz. The design is safe; the server's log has the details."
