"""The arithmetic of the Shapes page: one window operation, taken apart.

operation.py  the operations, and how one becomes another
formula.py    the shape rule in LaTeX, with numbers; what rounding leaves over
inverse.py    which parameters give a wanted size
track.py      what stands along one axis, and what each position of a window reads of it
example.py    a small input with the values that torch computes of it
chain.py      the receptive field, layer by layer
lab.py        the lab's printed trace, line by line
"""
