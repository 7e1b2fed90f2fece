"""The torch modules of the blocks: stacks that read the same input, and what joins their outputs."""

import torch
from torch import nn


class BlockModule(nn.Module):
    """Stacks of layers, and what joins them."""

    @property
    def stacks(self) -> tuple[nn.Module, ...]:
        """In the order of the block's own stacks."""
        raise NotImplementedError


class ResidualModule(BlockModule):
    """layers(x) + projection(x)."""

    def __init__(self, layers: nn.Module, projection: nn.Module) -> None:
        super().__init__()
        self.layers = layers
        self.projection = projection

    @property
    def stacks(self) -> tuple[nn.Module, ...]:
        """In the order of the block's own stacks."""
        return self.layers, self.projection

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, …) → (N, …); raises ValueError where the two differ in shape and torch would broadcast."""
        inside, past = self.layers(x), self.projection(x)
        if inside.shape != past.shape:
            raise ValueError(f"cannot add {tuple(inside.shape)} and {tuple(past.shape)}")
        out: torch.Tensor = inside + past
        return out


class ParallelModule(BlockModule):
    """All branches' outputs, concatenated on axis 1."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    @property
    def stacks(self) -> tuple[nn.Module, ...]:
        """In the order of the block's own stacks."""
        return tuple(self.branches)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, …) → (N, sum of channels, …)."""
        return torch.cat([branch(x) for branch in self.branches], dim=1)
