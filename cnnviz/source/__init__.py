"""PyTorch code: a design written as code, and pasted code read as a design.

write.py             to_code(): a design as a Python file
formatting.py        calls in lines, broken as `ruff format` breaks them
read.py              from_code(), read_code(): a design from pasted code, and remarks on it
remarks.py           what stands in the code, and works in another way in a design
changes.py           what outside a net may change it, by its syntax
program.py           which net a text makes
followed.py          the names that statements leave, as far as they are understood
makers.py            functions that make nets
interpreter.py       Interpreter: follows the syntax tree by tables of handlers
statements.py        STATEMENTS: a handler for each kind of statement
patterns.py          the cases of `match`
expressions.py       EXPRESSIONS: a handler for each kind of expression
calls.py             CALLS: a handler for each function and class outside the text
methods.py           METHODS: a handler for each method, by the type of its owner
method_handler.py    what such a handler is
tensor_methods.py    methods of tensors
module_methods.py    methods of modules
collection_methods.py methods of lists and dicts
attributes.py        ATTRIBUTES: a handler for each kind of value with attributes
torch_modules.py     handlers of nn.Conv2d, nn.Sequential, …
torch_functions.py   handlers of F.relu, torch.cat, …
functional_layers.py handlers of F.pad, torch.clamp, …
random_masks.py      what leaves out single samples in training
einops_functions.py  handlers of rearrange, reduce
enumerations.py      classes that derive from Enum
indexing.py          x[:, :, 0], x[:, :, :-2]
axis_functions.py    handlers of torch.mean, torch.permute, …
python_functions.py  handlers of len, range, …
object_functions.py  handlers of isinstance, getattr, super, …
iteration.py         generators, map, zip, …
functions.py         functions of the text, called
classes.py           classes of the text, and their objects
class_bases.py       what they may derive from
module_calls.py      modules, called with a tensor
arguments.py         the arguments of a call
arithmetic.py        operators
blocks.py            blocks, by their declared stacks and join
layer_calls.py       a layer's arguments, against torch's parameters and the shape of the input
keras.py             Sequential models of Keras
keras_layers.py      their layers, as layers of torch that compute the same
keras_windows.py     among them convolutions and pools
keras_arguments.py   what they have in common
keras_names.py       the names of Keras
tensors.py           tensors through layers and blocks
values.py            what names stand for
tensor_values.py     what names in forward stand for
torch_names.py       the names of torch
"""

from cnnviz.source.read import Reading, from_code, read_code
from cnnviz.source.write import STYLES, Style, to_code

__all__ = ["STYLES", "Reading", "Style", "from_code", "read_code", "to_code"]
