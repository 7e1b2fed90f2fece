"""Small experiments of the course, each computed by torch in much less than a second: numbers in, numbers out.

linear_stack.py   a stack of Linear layers, multiplied out into one
spirals.py        the same stack with and without ReLU, trained on two spirals in a process of its own
gradient_flow.py  gradient of every layer of a deep net after one backward pass
dead_unit.py      one unit with a ReLU, and what gradient it gets
normalization.py  one channel through BatchNorm, batch after batch
dropout.py        one sample through Dropout, again and again
"""
