"""The untrained net as an ONNX file, written by torch's own exporter in a process of its own.

That process is `python -m cnnviz.export`: the design's JSON on its standard input, the file on its standard output.
Exporting holds the interpreter for as long as it takes and needs memory for several copies of the weights; in the
server's own process every page would wait for it. Which exporter, and why: docs/adr/0004-onnx.md.
"""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NoReturn

import onnx
import torch

from cnnviz.architecture import Architecture, Step, build, every, number, trace
from cnnviz.architecture.step import FLOAT_BYTES
from cnnviz.errors import CnnvizError, DesignError, LimitError, ShapeError
from cnnviz.layers.activation import Softplus
from cnnviz.layers.conv import ConvTranspose
from cnnviz.layers.norm import BatchNorm, InstanceNorm
from cnnviz.layers.pool import AdaptivePool
from cnnviz.layers.window import per_axis
from cnnviz.settings import settings
from cnnviz.shapes import show, size_of

SECONDS = 60
"""Time for one file, starting the process included; on two idle cores AlexNet takes six."""
BATCH = 2
"""Samples in the batch that the exporter follows through the net."""
COPIES = 4
"""Of the weights, and of the largest batch of feature maps, in memory; measured. The process itself takes 270 MB."""
EXACT_SOFTPLUS = 14
"""From this threshold on, x and ln(1 + eˣ) are the same number in float32."""
SEED = 0
"""Of the weights: the same design gives the same file."""
NICENESS = 10
REFUSED = 3
"""Exit code of the process where its output is a sentence for the student."""
NOTHING = onnx.AttributeProto()
ROOT = Path(__file__).parent.parent
log = logging.getLogger(__name__)
_turn = threading.Semaphore()


def to_onnx(architecture: Architecture) -> bytes:
    """The net with random weights as an ONNX file: input x and output scores, of N samples each.

    Its nodes are named after the layers (/conv1/Conv). Takes some seconds; one file is written at a time.
    Raises DesignError where the net cannot be written, LimitError where that would take too much or too long.
    """
    _check_size(_check_layers(architecture))
    if not _turn.acquire(timeout=SECONDS):
        raise LimitError("Many ONNX files are being written just now. Try again in a minute.")
    try:
        ended = (
            subprocess.run(  # subprocess, not multiprocessing: its spawn would execute Streamlit's main script again
                [sys.executable, "-m", "cnnviz.export"],
                input=architecture.to_json().encode(),
                capture_output=True,
                cwd=ROOT,
                timeout=SECONDS,
                start_new_session=True,  # Ctrl-C in the server's terminal is the server's to handle
                check=False,
            )
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
        raise LimitError(_NO_MEMORY if ended.returncode < 0 else _FAULT)
    return ended.stdout


def written(architecture: Architecture) -> bytes:
    """As `to_onnx`, in this process and whatever the size."""
    _check_layers(architecture)
    return _exported(architecture)


def _exported(architecture: Architecture) -> bytes:
    torch.manual_seed(SEED)
    model = build(architecture).eval()
    file = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # that this exporter is the older one, and advice on dropout of vectors
        torch.onnx.export(
            model,
            (torch.zeros(BATCH, *architecture.input_shape),),
            file,  # type: ignore[arg-type]  # takes a path or a file, whatever torch's stub says
            dynamo=False,
            training=torch.onnx.TrainingMode.PRESERVE,  # as .eval() left it, and no BatchNorm merged into its Conv
            input_names=["x"],
            output_names=["scores"],
            dynamic_axes={"x": {0: "N"}, "scores": {0: "N"}},
        )
    return _tidied(file.getvalue())


def _tidied(file: bytes) -> bytes:
    """What torch wrote, without two habits of its exporter that make the file harder to read or to run.

    Equal weights, such as the zeros of all fresh biases, are stored once, with an Identity node for each further one.
    padding='same' is left to the runtime, and onnxruntime does not work it out for a dilated convolution.
    """
    model = onnx.load_from_string(file)
    weights = {weight.name: weight for weight in model.graph.initializer}
    for node in list(model.graph.node):
        if node.op_type == "Identity" and node.input[0] in weights:
            weight = model.graph.initializer.add()
            weight.CopyFrom(weights[node.input[0]])
            weight.name = node.output[0]
            model.graph.node.remove(node)
        given = {attribute.name: attribute for attribute in node.attribute}
        if node.op_type == "Conv" and given.get("auto_pad", NOTHING).s == b"SAME_UPPER":
            total = [d * (k - 1) for d, k in zip(given["dilations"].ints, given["kernel_shape"].ints, strict=True)]
            pads = [t // 2 for t in total] + [t - t // 2 for t in total]
            given["auto_pad"].CopyFrom(onnx.helper.make_attribute("pads", pads))
    return bytes(model.SerializeToString())


def unwritable(step: Step) -> str | None:
    """Why torch's exporter cannot write this layer so that it computes the same for any N; None where it can."""
    layer, sizes = step.layer, step.input_shape[1:]
    if isinstance(layer, AdaptivePool) and any(
        size % out for size, out in zip(sizes, per_axis(layer.output_size, layer.axes), strict=True)
    ):
        return (
            f"ONNX has no windows of unequal sizes; use an output_size that divides {show(sizes)}, such as 1, or a pool"
            " with a kernel_size"
        )
    if isinstance(layer, ConvTranspose) and any(
        more >= stride
        for more, stride in zip(
            *(per_axis(size, layer.axes) for size in (layer.output_padding, layer.stride)), strict=True
        )
    ):
        return "runtimes want an output_padding below the stride"
    if isinstance(layer, BatchNorm) and not layer.track_running_stats:
        return "ONNX knows it only with running statistics; turn track_running_stats on"
    if isinstance(layer, InstanceNorm) and layer.track_running_stats:
        return "ONNX knows it only without running statistics; turn track_running_stats off"
    if isinstance(layer, Softplus) and layer.threshold < EXACT_SOFTPLUS:
        return f"ONNX knows it only without a threshold; set it to {EXACT_SOFTPLUS} or more, which is as good as none"
    return None


def _check_layers(architecture: Architecture) -> tuple[Step, ...]:
    """The steps of a net that can be written; raises DesignError or ShapeError with the first reason why not."""
    steps = trace(architecture)
    if not steps:
        raise DesignError("This design has no layers yet; add some, or load a preset.")
    if steps[-1].error:
        raise ShapeError(steps[-1].error)
    for step in every(steps):
        if reason := unwritable(step):
            raise DesignError(f"Layer {number(step.path)}, {step.layer.kind}, cannot be written as ONNX: {reason}.")
    return steps


def _check_size(steps: Sequence[Step]) -> None:
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


_NO_MEMORY = "Writing this net as ONNX needs more memory than the server has free. Use fewer channels, or pool earlier."
_FAULT = "Writing this net as ONNX failed inside cnnviz. The design is safe; the server's log has the details."


def main() -> None:
    """Write the design on standard input to standard output, or a sentence, and exit with REFUSED."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)  # pages come first
    with suppress(OSError):  # not on Linux
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")  # if memory runs out, this goes first
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not garble the file
    torch.set_num_threads(settings().threads)
    try:
        output.write(written(Architecture.from_json(sys.stdin.buffer.read())))
    except CnnvizError as error:
        _refuse(output, str(error))
    except (MemoryError, RuntimeError) as error:  # torch's own words for too little memory on a CPU
        if isinstance(error, MemoryError) or "allocate memory" in str(error):
            _refuse(output, _NO_MEMORY)
        raise
    output.close()


def _refuse(output: BinaryIO, sentence: str) -> NoReturn:
    output.write(sentence.encode())
    output.close()
    sys.exit(REFUSED)


if __name__ == "__main__":
    main()
