"""The process that writes ONNX files: `python -m cnnviz.export.writer`.

It takes the JSON of a design on its standard input and gives the file on its standard output, or, with the exit code
REFUSED, a sentence for the student.
"""

import io
import os
import sys
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NoReturn

import onnx
import torch
from torch import Tensor

from cnnviz.architecture import Architecture, build
from cnnviz.errors import CnnvizError, short_of_memory
from cnnviz.export.gaps import writable
from cnnviz.export.request import BATCH, NO_MEMORY, REFUSED, check_size
from cnnviz.settings import settings

SEED = 0
"""Of the weights: the same design gives the same file."""
NICENESS = 10
_NOTHING = onnx.AttributeProto()


def written(architecture: Architecture) -> bytes:
    """The file, made in this process whatever its size; raises DesignError or ShapeError where there can be none."""
    writable(architecture)
    return exported(architecture)


def trained(architecture: Architecture, weights: Mapping[str, Tensor]) -> bytes:
    """As `to_onnx`, with the values of a state dict of this design, and in this process."""
    check_size(writable(architecture))
    return exported(architecture, weights)


def exported(architecture: Architecture, weights: Mapping[str, Tensor] | None = None) -> bytes:
    """As `written`, with these weights or random ones, and if there is a gap, whatever torch makes of it."""
    torch.manual_seed(SEED)
    model = build(architecture).eval()
    if weights is not None:
        model.load_state_dict(weights)
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
        if node.op_type == "Conv" and given.get("auto_pad", _NOTHING).s == b"SAME_UPPER":
            total = [d * (k - 1) for d, k in zip(given["dilations"].ints, given["kernel_shape"].ints, strict=True)]
            pads = [t // 2 for t in total] + [t - t // 2 for t in total]
            given["auto_pad"].CopyFrom(onnx.helper.make_attribute("pads", pads))
    return bytes(model.SerializeToString())


def main() -> None:
    """Write the design on standard input to standard output, or a sentence, and exit with REFUSED."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)  # pages come first
    with suppress(OSError):  # not on Linux
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")  # if memory runs out, this goes first
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not garble the file
    torch.set_num_threads(settings().threads or 1)
    try:
        output.write(written(Architecture.from_json(sys.stdin.buffer.read())))
    except CnnvizError as error:
        _refuse(output, str(error))
    except (MemoryError, RuntimeError) as error:
        if short_of_memory(error):
            _refuse(output, NO_MEMORY)
        raise
    output.close()


def _refuse(output: BinaryIO, sentence: str) -> NoReturn:
    output.write(sentence.encode())
    output.close()
    sys.exit(REFUSED)


if __name__ == "__main__":
    main()
