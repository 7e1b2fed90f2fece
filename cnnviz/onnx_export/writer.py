"""The process that writes ONNX files.

It takes a request on its standard input and writes the file to its standard output; or, with the exit code
REFUSED_EXIT_CODE, a sentence for the student.
"""

import io
import warnings
from collections.abc import Mapping

import numpy as np
import onnx
import torch
from torch import Tensor

from cnnviz.architecture import Architecture, build_model
from cnnviz.architecture.weights import read_weights
from cnnviz.onnx_export.request import EXAMPLE_BATCH_SIZE, LENGTH_BYTES, NO_MEMORY
from cnnviz.onnx_export.samples import SampleFacts
from cnnviz.onnx_export.support import exportable_steps
from cnnviz.processes.one_shot import serve

SEED = 0
"""Seed of random weights: the same design gives the same file."""
INPUT = "x"
"""Name of the input."""
_NO_ATTRIBUTE = onnx.AttributeProto()


def export_onnx(architecture: Architecture, weights: bytes | None = None) -> bytes:
    """Returns the file, written in this process whatever its size; raises DesignError and ShapeError as `to_onnx`."""
    exportable_steps(architecture)
    return export_model(architecture, None if weights is None else read_weights(weights, architecture))


def export_trained(
    architecture: Architecture, weights: bytes, samples: SampleFacts, *, with_scaling: bool = False
) -> bytes:
    """Returns the file of a trained net, which says in its metadata how its samples are scaled and what they are.

    With scaling, the graph takes the samples as the data set has them, and scales them itself.
    """
    model = onnx.load_from_string(export_onnx(architecture, weights))
    if with_scaling:
        _prepend_scaling(model.graph, samples)
    onnx.helper.set_model_props(model, samples.metadata(scales=with_scaling))
    return bytes(model.SerializeToString())


def _prepend_scaling(graph: onnx.GraphProto, samples: SampleFacts) -> None:
    """Puts max(x, floor) and (x − mean) / std before the first layer, as far as the samples were scaled so."""
    floor = None if samples.floor is None else np.float32(samples.floor)
    steps = [("Max", "floor", floor), ("Sub", "mean", samples.mean), ("Div", "std", samples.std)]
    nodes, value = [], INPUT
    for kind, name, operand in steps:
        if operand is None:
            continue
        graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(operand, np.float32), f"scaling.{name}"))
        nodes.append(
            onnx.helper.make_node(kind, [value, f"scaling.{name}"], [f"/scaling/{kind}"], name=f"/scaling/{kind}")
        )
        value = f"/scaling/{kind}"
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name == INPUT:
                node.input[place] = value
    for place, node in enumerate(nodes):
        graph.node.insert(place, node)


def export_model(architecture: Architecture, weights: Mapping[str, Tensor] | None = None) -> bytes:
    """Returns the file with the weights of a state dict, without asking whether torch supports all layers."""
    torch.manual_seed(SEED)
    model = build_model(architecture).eval()
    if weights is not None:
        model.load_state_dict(weights)
    file = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # about this exporter being the older one, and about dropout of vectors
        torch.onnx.export(
            model,
            (torch.zeros(EXAMPLE_BATCH_SIZE, *architecture.input_shape),),
            file,  # type: ignore[arg-type]  # takes a path or a file, unlike torch's stub
            dynamo=False,
            training=torch.onnx.TrainingMode.PRESERVE,  # as .eval() left it, and no BatchNorm merged into its Conv
            input_names=[INPUT],
            output_names=["scores"],
            dynamic_axes={INPUT: {0: "N"}, "scores": {0: "N"}},
        )
    return _clean_up_graph(file.getvalue())


def _clean_up_graph(file: bytes) -> bytes:
    """Returns the file without two habits of its exporter that make the file harder to read or to run.

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
        attributes = {attribute.name: attribute for attribute in node.attribute}
        if node.op_type == "Conv" and attributes.get("auto_pad", _NO_ATTRIBUTE).s == b"SAME_UPPER":
            total = [
                d * (k - 1) for d, k in zip(attributes["dilations"].ints, attributes["kernel_shape"].ints, strict=True)
            ]
            pads = [t // 2 for t in total] + [t - t // 2 for t in total]
            attributes["auto_pad"].CopyFrom(onnx.helper.make_attribute("pads", pads))
    return bytes(model.SerializeToString())


def handle_request(request: bytes) -> bytes:
    """Returns the file for a request of `encode_request`."""
    start, end = LENGTH_BYTES, LENGTH_BYTES + int.from_bytes(request[:LENGTH_BYTES], "big")
    return export_onnx(Architecture.from_json(request[start:end]), request[end:] or None)


def main() -> None:
    """Answers one request."""
    serve(handle_request, no_memory=NO_MEMORY)
