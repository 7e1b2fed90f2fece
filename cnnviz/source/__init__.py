"""PyTorch code out.

layout.py  calls in lines, broken as `ruff format` breaks them
write.py   to_code(): a design as a Python file
"""

from cnnviz.source.write import STYLES, Style, to_code

__all__ = ["STYLES", "Style", "to_code"]
