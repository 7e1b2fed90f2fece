"""Random numbers of one training, independent of what other trainings draw in between."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


class RandomState:
    """State of torch's global random generators, which initial weights and dropout use, kept apart for one training."""

    def __init__(self, seed: int, device: torch.device) -> None:
        self._device = device
        outside_states = self._get_states()
        torch.manual_seed(seed)
        self.states = self._get_states()
        self._set_states(outside_states)

    @contextmanager
    def activate(self) -> Iterator[None]:
        """Continues the training's own random numbers inside the block, and restores the global ones after it."""
        outside_states = self._get_states()
        self._set_states(self.states)
        try:
            yield
        finally:
            self.states = self._get_states()
            self._set_states(outside_states)

    def current(self) -> dict[str, Tensor]:
        """Returns the training's states as they are now, within `activate`."""
        return self._get_states()

    def _get_states(self) -> dict[str, Tensor]:
        states = {"cpu": torch.get_rng_state()}
        if self._device.type == "cuda":
            states["cuda"] = torch.cuda.get_rng_state(self._device)
        return states

    def _set_states(self, states: dict[str, Tensor]) -> None:
        torch.set_rng_state(states["cpu"])
        if self._device.type == "cuda":
            torch.cuda.set_rng_state(states["cuda"], self._device)
