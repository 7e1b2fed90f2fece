"""PyTorch code, out and in.

layout.py       calls in lines, broken as `ruff format` breaks them
write.py        to_code(): a design as a Python file
read.py         from_code(): a design from pasted code
program.py      its statements, followed up to the net they make
calls.py        what calls give
expressions.py  what other expressions are worth
placing.py      layers against torch's arguments and the shape that comes in
flow.py         tensors through layers, sums and concatenations as blocks
values.py       what names in the code stand for
torchnames.py   torch's own names
"""

from cnnviz.source.read import from_code
from cnnviz.source.write import STYLES, Style, to_code

__all__ = ["STYLES", "Style", "from_code", "to_code"]
