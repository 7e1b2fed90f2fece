"""PALETTE, every layer kind by its name, and the families of kinds."""

from functools import cache
from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from cnnviz.layers import activation, conv, dropout, linear, norm, pad, pool, reshape
from cnnviz.layers.base import Layer
from cnnviz.layers.block import Block
from cnnviz.layers.gate import Gate
from cnnviz.layers.parallel import Parallel
from cnnviz.layers.residual import Residual
from cnnviz.layers.upsample import Upsample

FAMILIES: dict[str, tuple[type[Layer], ...]] = {
    "conv": conv.KINDS,
    "pool": pool.KINDS,
    "norm": norm.KINDS,
    "linear": linear.KINDS,
    "reshape": reshape.KINDS,
    "resize": (Upsample, *pad.KINDS),
    "dropout": dropout.KINDS,
    "activation": activation.KINDS,
    "block": (Residual, Parallel, Gate),
}
"""Every family of kinds, in the order in which the palette shows them."""

PALETTE: dict[str, type[Layer]] = {kind.__name__: kind for kinds in FAMILIES.values() for kind in kinds}
"""Every kind by its name, that of its torch class if torch has one."""

if TYPE_CHECKING:
    AnyLayer = Layer
else:
    AnyLayer = Annotated[Union[tuple(PALETTE.values())], Field(discriminator="kind")]  # noqa: UP007 (built at run time)
    """A layer of any kind, which pydantic tells by its `kind`."""

for _kind in PALETTE.values():
    if issubclass(_kind, Block):
        _kind.model_rebuild(_types_namespace={"AnyLayer": AnyLayer})


@cache
def family(kind: str) -> str:
    """Returns the family of a kind: conv, pool, activation, block, …

    >>> family("MaxPool2d"), family("Residual")
    ('pool', 'block')
    """
    return next(name for name, kinds in FAMILIES.items() if PALETTE[kind] in kinds)
