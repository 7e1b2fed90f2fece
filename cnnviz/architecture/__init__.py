"""An architecture: an input shape and a stack of layers, and what follows from them.

design.py           Architecture and its edits, in and out of JSON
step.py             Step: a layer between its input and its output, or the reason why it refuses
mend.py             Mend: an edit by which a refused stack goes further
mend_candidates.py  find_mends(): the edits that help, each tried out
trace.py            trace(): the steps of a design, with mends
build.py            build_model(): the net in torch
memory.py           training_bytes(): an estimate of the memory that training takes
weights.py          read_weights(): a state dict from an uploaded file
"""

from cnnviz.architecture.build import build_model, iter_modules, layer_names
from cnnviz.architecture.design import MAX_DEPTH, MAX_LAYERS, MAX_SIZE, Architecture, LayerPath, layer_number
from cnnviz.architecture.memory import EVALUATION_BATCH, activation_bytes, training_bytes
from cnnviz.architecture.mend import Mend
from cnnviz.architecture.step import Step, find_refusing_step, input_shape_at, iter_steps
from cnnviz.architecture.trace import output_shape, trace

__all__ = [
    "EVALUATION_BATCH",
    "MAX_DEPTH",
    "MAX_LAYERS",
    "MAX_SIZE",
    "Architecture",
    "LayerPath",
    "Mend",
    "Step",
    "activation_bytes",
    "build_model",
    "find_refusing_step",
    "input_shape_at",
    "iter_modules",
    "iter_steps",
    "layer_names",
    "layer_number",
    "output_shape",
    "trace",
    "training_bytes",
]
