"""Modules that torch itself has not; generated code holds their classes, as they stand here."""

import inspect
from functools import cache

import torch
from torch import nn


class Scale(nn.Module):
    """factor * x."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, ...) -> (N, ...)"""
        return x * self.factor


class StochasticDepth(nn.Module):
    """While training, 0 for a whole sample with probability p, and x / (1 - p) else."""

    def __init__(self, p: float = 0.1) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, ...) -> (N, ...)"""
        if not self.training:
            return x
        kept = torch.empty((len(x), *[1] * (x.dim() - 1)), dtype=x.dtype, device=x.device)
        kept.bernoulli_(1 - self.p)
        return x * (kept / (1 - self.p) if self.p < 1 else kept)


WRITTEN_MODULES: dict[str, type[nn.Module]] = {cls.__name__: cls for cls in (Scale, StochasticDepth)}
"""The module of each kind that torch has no class for."""


def module_class(kind: str) -> type[nn.Module]:
    """Returns the module of a kind: torch's class, or the one here."""
    cls: type[nn.Module] = WRITTEN_MODULES.get(kind) or getattr(nn, kind)
    return cls


def constructor(kind: str) -> str:
    """Returns what code calls to make a layer of a kind.

    >>> constructor("Conv2d"), constructor("Scale")
    ('nn.Conv2d', 'Scale')
    """
    return kind if kind in WRITTEN_MODULES else f"nn.{kind}"


@cache
def module_source(kind: str) -> str:
    """Returns the class of a kind that torch has no class for, for generated code."""
    return inspect.getsource(WRITTEN_MODULES[kind])
