"""Batches cut as slices from tensors on the device, instead of collated sample by sample."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from cnnviz.architecture import EVALUATION_BATCH
from cnnviz.training.prepared_data import Batch

__all__ = ["EVALUATION_BATCH", "Batches"]

MAX_GATHERED_BYTES = 8 * 2**20
"""Largest size in bytes of a split that is copied into its random order once per epoch. A larger one is gathered batch
by batch, because each of the runs that take turns would hold such a copy."""


class Batches:
    """Iterable over the batches (x, y) of a split; with a `generator`, in a new random order at every pass.

    `transform` turns the x of a batch into what the net sees.
    A last batch of a single sample is joined to the one before it: BatchNorm cannot take the variance of one value.
    """

    def __init__(
        self,
        x: Tensor,
        y: Tensor,
        batch_size: int,
        generator: torch.Generator | None = None,
        transform: Callable[[Tensor], Tensor] = lambda x: x,
    ) -> None:
        self._x, self._y, self._generator, self._transform = x, y, generator, transform
        starts = list(range(0, len(y), batch_size))
        if batch_size > 1 and len(starts) > 1 and len(y) - starts[-1] == 1:
            starts.pop()
        self._bounds = list(zip(starts, [*starts[1:], len(y)], strict=True))
        self._epoch_start_state = generator.get_state() if generator else None
        self._skipped = 0

    def __len__(self) -> int:
        return len(self._bounds)

    def __iter__(self) -> Iterator[Batch]:
        bounds, self._skipped = self._bounds[self._skipped :], 0
        if self._generator is None:
            for start, end in bounds:
                yield self._transform(self._x[start:end]), self._y[start:end]
            return
        self._epoch_start_state = self._generator.get_state()
        order = torch.randperm(len(self._y), generator=self._generator).to(self._y.device)
        if self._x.nbytes <= MAX_GATHERED_BYTES:
            x, y = self._x[order], self._y[order]
            yield from ((self._transform(x[start:end]), y[start:end]) for start, end in bounds)
        else:
            batch_indices = (order[start:end] for start, end in bounds)
            yield from ((self._transform(self._x[indices]), self._y[indices]) for indices in batch_indices)

    def state(self, batches_done: int) -> Tensor:
        """Returns the generator state that `resume` needs after `batches_done` batches, counted over all epochs."""
        if self._generator is None or self._epoch_start_state is None:
            raise ValueError("only batches in random order have a state")
        return self._epoch_start_state if batches_done % len(self) else self._generator.get_state()

    def resume(self, state: Tensor, batches_done: int) -> None:
        """Makes the next pass continue an interrupted one: in the same order, after the batches that are done."""
        if self._generator is None:
            raise ValueError("only batches in random order have a state")
        self._generator.set_state(state)
        self._epoch_start_state = state
        self._skipped = batches_done % len(self)
