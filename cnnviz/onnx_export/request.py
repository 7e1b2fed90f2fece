"""Requests for ONNX files, with limits: writing one takes seconds, and several times its size in memory."""

from collections.abc import Sequence

from cnnviz.architecture import Architecture, Step, iter_steps
from cnnviz.architecture.step import FLOAT32_BYTES
from cnnviz.architecture.weights import MAX_HEADER_BYTES, read_weights
from cnnviz.errors import DesignError, LimitError
from cnnviz.onnx_export.support import exportable_steps
from cnnviz.processes.one_shot import OneShotProcess
from cnnviz.settings import settings
from cnnviz.shapes import numel
from cnnviz.words import format_mebibytes

EXAMPLE_BATCH_SIZE = 2
"""Samples in the batch that the exporter follows through the net."""
MEMORY_COPIES = 4
"""Copies of the weights, and of the largest batch of feature maps, in memory; measured. The process takes 270 MB."""
LENGTH_BYTES = 8
"""Bytes of a request that hold the length of the design; the design and the weights follow."""
NO_MEMORY = "Writing this net as ONNX needs more memory than the server has free. Use fewer channels, or pool earlier."
ONNX_PROCESS = OneShotProcess(
    module="cnnviz.onnx_export.writer",
    task="Writing this net as ONNX",
    busy="Many ONNX files are being written just now.",
    timeout_advice="Try again when fewer nets are training, or make the net smaller.",
    no_memory=NO_MEMORY,
    reassurance="The design is safe",
    refusal_error=DesignError,
)
"""Process that writes ONNX files; a typical net takes three seconds of a core."""


def to_onnx(architecture: Architecture, weights: bytes | None = None) -> bytes:
    """Returns the net as an ONNX file: input x and output scores, of N samples each.

    `weights` is a safetensors file of its state dict; without it, the weights are random. The nodes of
    the file are named after the layers (/conv1/Conv). Takes some seconds; one file is written at a time.
    Raises DesignError when the net cannot be written or the weights are those of another net, DataError when they are
    invalid, LimitError when writing would take too much memory or time, CnnvizError when it fails.
    """
    check_size(exportable_steps(architecture))
    if weights is not None:
        if len(weights) > (max_bytes := settings().max_export_bytes + MAX_HEADER_BYTES):
            raise LimitError(f"These weights take more than the {max_bytes:,} bytes that this server writes as ONNX.")
        read_weights(weights, architecture, "The file of weights")  # refused at once, before anything starts
    return ONNX_PROCESS.run(encode_request(architecture, weights))


def encode_request(architecture: Architecture, weights: bytes | None = None) -> bytes:
    """Returns the request for the process: length of the design, design, and weights if there are any."""
    design = architecture.to_json().encode()
    return len(design).to_bytes(LENGTH_BYTES, "big") + design + (weights or b"")


def check_size(steps: Sequence[Step]) -> None:
    """Raises LimitError when the file or the memory to write it would exceed the server's limits."""
    limits = settings()
    parameters = sum(step.parameters for step in steps)
    if (size := FLOAT32_BYTES * parameters) > limits.max_export_bytes:
        raise LimitError(
            f"The {parameters:,} parameters of this net make a file of {format_mebibytes(size)}; this server writes at"
            f" most {format_mebibytes(limits.max_export_bytes)}. Smaller Linear layers help most."
        )
    largest = max(numel(step.output_shape or ()) for step in iter_steps(steps))
    needed_bytes = MEMORY_COPIES * (size + EXAMPLE_BATCH_SIZE * FLOAT32_BYTES * largest)
    if needed_bytes > limits.max_training_bytes:
        raise LimitError(
            f"Writing this net as ONNX needs about {format_mebibytes(needed_bytes)}; this server gives it at most"
            f" {format_mebibytes(limits.max_training_bytes)}. Use fewer channels, or pool earlier."
        )
