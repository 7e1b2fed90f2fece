"""The arithmetic of the Shapes page: one window operation, step by step.

operation.py        the operations, and how to switch from one to another
formula.py          the shape rule in LaTeX, with numbers; what rounding leaves over
inverse.py          which parameters give a wanted size
axis_layout.py      the cells along one axis, and which of them a window reads at each position
example.py          a small input with the values that torch computes from it
receptive_field.py  the receptive field, layer by layer
lab_trace.py        the lab's printed trace, line by line
"""
