"""The sums under a live module's table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from cnnviz.explanation.rows import ExplainedRow, parameter_numel


@dataclass(frozen=True)
class ExplainedTotals:
    """Sums of a live module, for one sample; weights that modules share are counted once."""

    parameters: int
    """All parameters of the module, those included that no row has."""
    trainable_parameters: int
    parameters_without_row: int
    """Parameters of modules that the forward pass did not call, or that hold others."""
    multiply_adds: int
    are_multiply_adds_known: bool
    """Whether each row with weights has a rule for them; else they are at least `multiply_adds`."""
    activation_bytes: int
    is_complete: bool
    """Whether the forward pass came to its end."""
    not_put_back: tuple[str, ...] = ()
    """Attributes of the module in which forward may have left something behind."""


def sum_up(rows: Sequence[ExplainedRow], module: nn.Module, not_put_back: tuple[str, ...] = ()) -> ExplainedTotals:
    """Returns the sums over the rows of a module, and its parameters as torch counts them."""
    parameters = sum(map(parameter_numel, module.parameters()))
    is_complete = not rows or rows[-1].error is None
    unregistered = sum(row.parameters for row in rows) > parameters
    return ExplainedTotals(
        parameters=parameters,
        trainable_parameters=sum(parameter_numel(weight) for weight in module.parameters() if weight.requires_grad),
        parameters_without_row=0 if unregistered else parameters - sum(row.parameters for row in rows),
        multiply_adds=sum(row.multiply_adds or 0 for row in rows),
        are_multiply_adds_known=all(row.multiply_adds is not None for row in rows),
        activation_bytes=sum(row.activation_bytes for row in rows),
        is_complete=is_complete,
        not_put_back=not_put_back,
    )
