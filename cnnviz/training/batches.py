"""Batches cut as slices from tensors on the device, instead of collated sample by sample."""

from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import NamedTuple

import torch
from torch import Tensor

from cnnviz.training.prepared_data import Batch

MAX_GATHERED_BYTES = 8 * 2**20
"""Largest size in bytes of a split that is copied into its random order once per epoch. A larger one is gathered batch
by batch, because each of the runs that take turns would hold such a copy."""


class Place(NamedTuple):
    """Place of a micro-batch in its batch."""

    share: float
    """Share of the batch's samples that it holds."""
    is_first: bool
    is_last: bool


WHOLE_BATCH = Place(1.0, is_first=True, is_last=True)


class Batches:
    """Iterable over the micro-batches (x, y) of a split; with a `generator`, in a new random order at every pass.

    Each batch is cut into micro-batches of at most `micro_batch_size` samples; left out, a batch is one micro-batch.
    `transform` turns the x of a micro-batch into what the net sees.
    A last batch of a single sample is joined to the one before it: BatchNorm cannot take the variance of one value.
    """

    def __init__(
        self,
        x: Tensor,
        y: Tensor,
        batch_size: int,
        generator: torch.Generator | None = None,
        transform: Callable[[Tensor], Tensor] = lambda x: x,
        micro_batch_size: int | None = None,
    ) -> None:
        self._x, self._y, self._generator, self._transform = x, y, generator, transform
        micro_batch_size = micro_batch_size or batch_size
        starts = list(range(0, len(y), batch_size))
        if batch_size > 1 and len(starts) > 1 and len(y) - starts[-1] == 1:
            starts.pop()
        self._bounds: list[tuple[int, int]] = []
        self._places: list[Place] = []
        for start, end in zip(starts, [*starts[1:], len(y)], strict=True):
            size = end - start if micro_batch_size >= batch_size else micro_batch_size
            for cut in range(start, end, size):
                next_cut = min(cut + size, end)
                self._bounds.append((cut, next_cut))
                self._places.append(Place((next_cut - cut) / (end - start), cut == start, next_cut == end))
        self._complete = [0, *accumulate(place.is_last for place in self._places)]  # before each micro-batch
        self._ends = [0, *(index for index, place in enumerate(self._places, start=1) if place.is_last)]
        self.batch_count = len(starts)
        """Number of batches, and so of optimizer steps, in a pass."""
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

    def place(self, micro_batch: int) -> Place:
        """Returns the place of a micro-batch, counted from 0 over all passes, in its batch."""
        return self._places[micro_batch % len(self)]

    def batches_before(self, micro_batches: int) -> int:
        """Returns how many batches are complete after so many micro-batches, counted over all passes."""
        passes, rest = divmod(micro_batches, len(self))
        return passes * self.batch_count + self._complete[rest]

    def micro_batches_before(self, batches: int) -> int:
        """Returns how many micro-batches so many batches have, counted over all passes."""
        passes, rest = divmod(batches, self.batch_count)
        return passes * len(self) + self._ends[rest]

    def state(self, batches_done: int) -> Tensor:
        """Returns the generator state that `resume` needs after `batches_done` batches, counted over all epochs."""
        if self._generator is None or self._epoch_start_state is None:
            raise ValueError("only batches in random order have a state")
        return self._epoch_start_state if batches_done % self.batch_count else self._generator.get_state()

    def resume(self, state: Tensor, batches_done: int) -> None:
        """Makes the next pass continue an interrupted one: in the same order, after the batches that are done."""
        if self._generator is None:
            raise ValueError("only batches in random order have a state")
        self._generator.set_state(state)
        self._epoch_start_state = state
        self._skipped = self.micro_batches_before(batches_done) % len(self)
