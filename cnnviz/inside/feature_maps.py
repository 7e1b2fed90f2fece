"""What every layer makes of a batch: its input and output, layers in blocks included."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cnnviz.architecture import Architecture, LayerPath, Step, layer_number, trace
from cnnviz.layers import Layer, family
from cnnviz.layers.block_module import BlockModule

SHAPE_KEEPING_FAMILIES = ("norm", "activation", "dropout")
"""Families of layers that follow a convolution and leave each map in its place."""


@dataclass(frozen=True, eq=False)
class LayerMaps:
    """One layer of a net with the batch before it and behind it, each (N, *shape)."""

    path: LayerPath
    layer: Layer
    module: nn.Module
    before: Tensor
    after: Tensor

    @property
    def title(self) -> str:
        """The layer's number and kind, such as “3.b1 Conv2d”."""
        return f"{layer_number(self.path)} {self.layer.kind}"


def record_maps(architecture: Architecture, model: nn.Module, batch: Tensor) -> tuple[LayerMaps, ...]:
    """Runs a batch (N, *shape) through a net from `build_model` and returns every layer's input and output.

    A block comes before the layers inside it, as in `iter_steps`. The net is in the mode that it is left in.
    """
    with torch.no_grad():
        return tuple(_run_stack(trace(architecture), model.children(), batch)[1])


def _run_stack(steps: Sequence[Step], modules: Iterable[nn.Module], batch: Tensor) -> tuple[Tensor, list[LayerMaps]]:
    """Returns the batch behind a stack, and the record of its layers."""
    records: list[LayerMaps] = []
    for step, module in zip(steps, modules, strict=True):
        inside: list[LayerMaps] = []
        if isinstance(module, BlockModule):
            outputs = []
            for inner_steps, inner in zip(step.stacks, module.stacks, strict=True):
                output, inner_records = _run_stack(inner_steps, inner.children(), batch)
                outputs.append(output)
                inside += inner_records
            after = module.join.tensors(outputs)
        else:
            after = module(batch.clone())  # a module that works in place must not change what is recorded
        records += [LayerMaps(step.path, step.layer, module, batch, after), *inside]
        batch = after
    return batch, records


def following_maps(maps: Sequence[LayerMaps], of: LayerMaps, families: Sequence[str]) -> list[LayerMaps]:
    """Returns the layers of these families right behind one layer, in the same stack."""
    by_path = {record.path: record for record in maps}
    result: list[LayerMaps] = []
    path = of.path
    while record := by_path.get(path := (*path[:-1], path[-1] + 1)):
        if family(record.layer.kind) not in families or record.after.shape != of.after.shape:
            break
        result.append(record)
    return result
