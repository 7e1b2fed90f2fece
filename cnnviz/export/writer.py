"""The process that writes ONNX files: `python -m cnnviz.export.writer`.

It takes a `question` on its standard input and gives the file on its standard output, or, with the exit code REFUSED, a
sentence for the student.
"""

import io
import warnings
from collections.abc import Mapping

import onnx
import torch
from torch import Tensor

from cnnviz.architecture import Architecture, build
from cnnviz.architecture.weights import read_weights
from cnnviz.export.gaps import writable
from cnnviz.export.process import serve
from cnnviz.export.request import BATCH, LENGTH, NO_MEMORY

SEED = 0
"""Of the weights: the same design gives the same file."""
_NOTHING = onnx.AttributeProto()


def written(architecture: Architecture, weights: bytes | None = None) -> bytes:
    """The file, made in this process whatever its size; raises as `to_onnx` where there can be none."""
    writable(architecture)
    return exported(architecture, None if weights is None else read_weights(weights, architecture))


def exported(architecture: Architecture, weights: Mapping[str, Tensor] | None = None) -> bytes:
    """As `written`, with the values of a state dict, and if there is a gap, whatever torch makes of it."""
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


def answered(question: bytes) -> bytes:
    """The file that a `question` asks for."""
    start, end = LENGTH, LENGTH + int.from_bytes(question[:LENGTH], "big")
    return written(Architecture.from_json(question[start:end]), question[end:] or None)


if __name__ == "__main__":
    serve(answered, no_memory=NO_MEMORY)
