"""A trained net as an ONNX file, written in this process: for a command that has the process to itself."""

import io
import warnings
from collections.abc import Mapping

import torch
from torch import Tensor

from cnnviz.architecture import Architecture, build
from cnnviz.export.gaps import writable
from cnnviz.export.request import BATCH, _check_size
from cnnviz.export.writer import _tidied


def trained_onnx(architecture: Architecture, weights: Mapping[str, Tensor]) -> bytes:
    """The file that `to_onnx` gives, with the values of a state dict of this design.

    Raises as that one; a state dict of another design is a bug.
    """
    _check_size(writable(architecture))
    model = build(architecture).eval()
    model.load_state_dict(weights)
    file = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # as in writer.py
        torch.onnx.export(
            model,
            (torch.zeros(BATCH, *architecture.input_shape),),
            file,  # type: ignore[arg-type]
            dynamo=False,
            training=torch.onnx.TrainingMode.PRESERVE,
            input_names=["x"],
            output_names=["scores"],
            dynamic_axes={"x": {0: "N"}, "scores": {0: "N"}},
        )
    return _tidied(file.getvalue())
