"""What classes of pasted code may derive from."""

from __future__ import annotations

from cnnviz.source.torch_names import LAYER_CLASSES
from cnnviz.source.values import (
    Class,
)

LIGHTNING_MODULES = {
    "pytorch_lightning.LightningModule",
    "lightning.LightningModule",
    "lightning.pytorch.LightningModule",
}


MODULE_BASES = {
    "torch.nn.Module",
    "torch.nn.Sequential",
    "torch.nn.modules.Module",
    "torch.nn.modules.module.Module",
    *LIGHTNING_MODULES,
    *LAYER_CLASSES,
}
"""Classes from which a net derives; a LightningModule is an nn.Module that also trains itself."""


PLAIN_BASES = {"builtins.object", "abc.ABC", "typing.NamedTuple", "typing.Protocol"}
"""Classes that add nothing to what derives from them."""


def is_module_class(cls: Class) -> bool:
    """Returns whether a class of the text derives from nn.Module."""
    return bool(cls.base_names() & MODULE_BASES)


def foreign_bases(cls: Class) -> list[str]:
    """Returns the full names of the classes from elsewhere that it derives from and that are not known here."""
    return sorted(cls.base_names() - MODULE_BASES - PLAIN_BASES)
