"""The table of a live torch module: explain(), for notebooks.

explanation.py     explain() and the Explanation that it returns
forward_pass.py    run(): one forward pass that leaves the module as it was
module_state.py    ModuleState: what a module holds, to be put back
recorder.py        Recorder: what is called in it, by hooks and torch's protocol for functions
known_tensors.py   KnownTensors: which tensors come from the input, and what gave them
meta_shortcuts.py  shapes on the meta device that need no call
nodes.py           Node: a tensor on its way; Call: what gave it
functions.py       function_call(): the layer or join that a function is
live_layers.py     the layer of the palette that a module or function of torch is
failure.py         why a call failed, and what would mend it
stacking.py        to_architecture(): the module as a stack of layers
rows.py            ExplainedRow: a row of the table
totals.py          the sums under it
cells.py           what the cells say
text.py, html.py   the table drawn
"""

from cnnviz.explanation.explanation import Explanation, ShareLink, explain
from cnnviz.explanation.rows import ExplainedRow
from cnnviz.explanation.totals import ExplainedTotals

__all__ = ["ExplainedRow", "ExplainedTotals", "Explanation", "ShareLink", "explain"]
