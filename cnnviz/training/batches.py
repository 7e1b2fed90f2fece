"""Batches as slices of tensors that lie on the device, instead of samples collated one by one."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from cnnviz.architecture import EVALUATION_BATCH
from cnnviz.data.base import Split

__all__ = ["EVALUATION_BATCH", "Batches", "resident"]

Batch = tuple[Tensor, Tensor]
"""x (N, *shape) float32 and y (N,) int64, on the device."""


class Batches:
    """A split cut into batches; with a `generator`, in a new random order at every pass.

    `change` makes of each x what the net gets to see.
    A last batch of a single sample joins the one before it: BatchNorm cannot take the variance of one value.
    """

    def __init__(
        self,
        x: Tensor,
        y: Tensor,
        batch_size: int,
        generator: torch.Generator | None = None,
        change: Callable[[Tensor], Tensor] = lambda x: x,
    ) -> None:
        self._x, self._y, self._generator, self._change = x, y, generator, change
        starts = list(range(0, len(y), batch_size))
        if batch_size > 1 and len(starts) > 1 and len(y) - starts[-1] == 1:
            starts.pop()
        self._bounds = list(zip(starts, [*starts[1:], len(y)], strict=True))

    def __len__(self) -> int:
        return len(self._bounds)

    def __iter__(self) -> Iterator[Batch]:
        if self._generator is None:
            for start, end in self._bounds:
                yield self._change(self._x[start:end]), self._y[start:end]
            return
        order = torch.randperm(len(self._y), generator=self._generator).to(self._y.device)
        for start, end in self._bounds:
            rows = order[start:end]
            yield self._change(self._x[rows]), self._y[rows]


def resident(split: Split, device: torch.device) -> Batch:
    """The whole split as two tensors on the device."""
    return torch.from_numpy(split.x).to(device), torch.from_numpy(split.y).to(device)
