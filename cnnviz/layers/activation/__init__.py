"""Activations: a nonlinear function of every value. Their curves and formulas are in `cnnviz.activations`.

elementwise.py   Elementwise, the base of those that change each value on its own
rectifier.py     ReLU and its relatives with a corner
smooth.py        relatives of ReLU without one
squashing.py     those that squeeze every value into a range
shrinking.py     thresholds, and shrinking towards 0
along_axis.py    those that read all values along an axis together
"""

from cnnviz.layers.activation import along_axis, rectifier, shrinking, smooth, squashing
from cnnviz.layers.base import Layer

KINDS: tuple[type[Layer], ...] = (
    *rectifier.KINDS,
    *smooth.KINDS,
    *squashing.KINDS,
    *shrinking.KINDS,
    *along_axis.KINDS,
)
"""The kinds of this family, in the order in which the palette shows them."""
