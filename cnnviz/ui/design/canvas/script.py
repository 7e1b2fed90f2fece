"""The script of the canvas: its JavaScript files joined to one module, with what they must know of the layer kinds.

A component of Streamlit takes one text. The files therefore share one scope: a name is declared once in all of them.
"""

import json
from dataclasses import asdict
from itertools import groupby
from pathlib import Path as FilePath

from cnnviz.layers import PALETTE, Block, family

FOLDER = FilePath(__file__).parent
MAIN = "main"
SCRIPT_FILES = (
    "design",
    "selection",
    "outbox",
    "elements",
    "rows",
    "patch",
    "advice",
    "picker",
    "drag",
    "keyboard",
    "commands",
    "focus",
    "toolbar",
    "clipboard",
    "canvas",
)
"""The files in which `MAIN` finds what it uses; loading them does nothing but declare names."""


def canvas_script() -> str:
    """Returns the whole module, whose default export Streamlit calls with every new state."""
    return "\n".join([declarations(), *map(read_script_file, (*SCRIPT_FILES, MAIN))])


def read_script_file(name: str) -> str:
    """Returns the text of one JavaScript file."""
    return (FOLDER / f"{name}.js").read_text(encoding="utf-8")


def declarations() -> str:
    """Returns JavaScript that declares the layer kinds by family, and the stack fields of every block kind."""
    families = [
        [name, [[kind, PALETTE[kind].summary] for kind in kinds]] for name, kinds in groupby(PALETTE, key=family)
    ]
    blocks = {kind: _stack_fields(cls) for kind, cls in PALETTE.items() if issubclass(cls, Block)}
    return f"const FAMILIES = {json.dumps(families)}\nconst BLOCKS = {json.dumps(blocks)}\n"


def _stack_fields(block: type[Block]) -> list[dict[str, object]]:
    """The stack fields of a block kind, with the smallest and largest number of stacks in each."""
    fields = []
    for field in block.stack_fields:
        least, most = block.stack_bounds(field)
        fields.append(asdict(field) | {"least": least, "most": most})
    return fields
