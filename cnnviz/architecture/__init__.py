"""An architecture: an input shape and a stack of layers, and what follows from them.

design.py           Architecture and its edits, in and out of JSON
step.py             Step: a layer between its input and its output, or the reason why it refuses
mend.py             Mend: an edit by which a refused stack goes further
mend_candidates.py  find_mends(): the edits that help, each tried out
trace.py            trace(): the steps of a design, with mends
build.py            build_model(): the net in torch
memory.py           training_bytes(): an estimate of the memory that training takes
micro_batch.py      micro_batch_size(): the part of a batch that is worked on at a time
weights.py          read_weights(): a state dict from an uploaded file
"""

from cnnviz.architecture.build import build_model, iter_modules, layer_names
from cnnviz.architecture.design import MAX_DEPTH, MAX_LAYERS, MAX_SIZE, Architecture, LayerPath, layer_number
from cnnviz.architecture.memory import activation_bytes, training_bytes
from cnnviz.architecture.mend import Mend
from cnnviz.architecture.micro_batch import EVALUATION_BATCH, evaluation_batch_size, micro_batch_size
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
    "evaluation_batch_size",
    "find_refusing_step",
    "input_shape_at",
    "iter_modules",
    "iter_steps",
    "layer_names",
    "layer_number",
    "micro_batch_size",
    "output_shape",
    "trace",
    "training_bytes",
]
