"""explain(): the table of any live torch module, and what can be made of it."""

from __future__ import annotations

import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import nn

from cnnviz.architecture import Architecture
from cnnviz.errors import DesignError
from cnnviz.explanation.failure import find_failure
from cnnviz.explanation.forward_pass import ForwardPass, run
from cnnviz.explanation.html import to_html
from cnnviz.explanation.rows import ExplainedRow, agrees_with_rule, make_rows
from cnnviz.explanation.stacking import to_architecture
from cnnviz.explanation.text import to_markdown, to_text
from cnnviz.explanation.totals import ExplainedTotals, sum_up
from cnnviz.shapes import Shape
from cnnviz.share import share_link

BATCH_SIZE = 2
"""Samples that are sent through a module: the fewest whose axis is seen among axes of length 1."""


class ShareLink(str):
    """An address that a notebook shows as a link."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return f'<a href="{self}" target="_blank" rel="noopener">Open this net in cnnviz</a>'


@dataclass(frozen=True, eq=False)
class Explanation:
    """The table of a live module: a row for every call of a leaf module, up to one that fails.

    In a notebook it shows itself as a table, elsewhere as text.
    """

    title: str
    """Class of the module."""
    input_shapes: tuple[Shape, ...]
    """Shape of one sample of each input."""
    rows: tuple[ExplainedRow, ...]
    totals: ExplainedTotals
    forward_pass: ForwardPass

    @property
    def error(self) -> str | None:
        """Why the module fails, with the name of the row; None where it runs."""
        failed = self.rows[-1] if self.rows and self.rows[-1].error else None
        return f"{failed.name}, {failed.kind}: {failed.error}" if failed else None

    @property
    def architecture(self) -> Architecture | None:
        """The module as a stack of layers; None where it is none, for the reason in `not_stackable`."""
        return self._stack if isinstance(self._stack, Architecture) else None

    @property
    def not_stackable(self) -> str | None:
        """Why the module is no stack of layers that a design can hold; None where it is one."""
        return self._stack if isinstance(self._stack, str) else None

    @cached_property
    def _stack(self) -> Architecture | str:
        if self.error:
            return self.error
        try:
            return to_architecture(self.forward_pass.inputs, self.forward_pass.outputs)
        except DesignError as error:
            return str(error)

    def to_markdown(self) -> str:
        """Returns the table as GitHub-flavoured Markdown."""
        return to_markdown(self.title, self.input_shapes, self.rows, self.totals)

    def open(self, server: str = "http://localhost:8501", *, in_browser: bool = True) -> ShareLink:
        """Returns the link that opens the net on the Design page of a server, and opens it in a browser here.

        The whole design is in the link. Raises DesignError where the module is no stack of layers.
        """
        if self.architecture is None:
            raise DesignError(f"This module cannot be opened as a design. {self.not_stackable}")
        link = ShareLink(share_link(server, self.architecture))
        if in_browser:
            _open_window(link)
        return link

    def __repr__(self) -> str:
        return to_text(self.title, self.input_shapes, self.rows, self.totals)

    def _repr_html_(self) -> str:
        return to_html(self.title, self.input_shapes, self.rows, self.totals)


def explain(
    module: nn.Module,
    input_shape: Shape | Sequence[Shape],
    *,
    dtype: torch.dtype | Sequence[torch.dtype] | None = None,
) -> Explanation:
    """Returns the table of a live module: shape rule, shape and cost of every leaf module that a forward pass calls.

    `input_shape` is that of one sample without the batch axis, (1, 28, 28), or a list of such shapes where `forward`
    takes several inputs. `dtype` is that of the input, or of each; by default that of the module's weights. Nets that
    begin with an `nn.Embedding` need torch.long.

    A batch of two goes through the module in evaluation mode, on the meta device if it can, where torch computes shapes
    only. Weights, buffers, attributes and what lies in them, training mode and random numbers stay as they are; where
    an attribute cannot be put back, such as an iterator, a line below the table says so. Where the module fails, the
    rows before remain, and the last one says why and what would mend it. Raises DesignError for something else than a
    module.

    >>> net = nn.Sequential(nn.Conv2d(1, 10, 10), nn.MaxPool2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(880, 35))
    >>> table = explain(net, (1, 99, 26))
    >>> [row.output_shape for row in table.rows]
    [(10, 90, 17), (10, 22, 4), (10, 22, 4), (880,), (35,)]
    >>> explain(net, (1, 40, 26)).error
    '4, Linear: in_features is 880, but 280 features come in.'
    """
    if not isinstance(module, nn.Module):
        raise DesignError(f"explain() takes a torch.nn.Module, not {type(module).__name__}; give it an instance.")
    module = _unwrapped(module)
    shapes = _input_shapes(input_shape)
    dtypes = _dtypes(dtype, module, len(shapes))
    forward_pass = run(module, shapes, dtypes, BATCH_SIZE, on_meta=True)
    if not _is_sure(forward_pass):
        forward_pass = run(module, shapes, dtypes, BATCH_SIZE, on_meta=False)
    rows = tuple(make_rows(forward_pass.calls, forward_pass.inputs, BATCH_SIZE))
    totals = sum_up(rows, forward_pass.module, forward_pass.not_put_back)
    return Explanation(type(module).__name__, shapes, rows, totals, forward_pass)


def _is_sure(forward_pass: ForwardPass) -> bool:
    """Whether the meta device answers as the shape rule does; it takes some things that a real device refuses."""
    calls = forward_pass.calls
    if forward_pass.error and not find_failure(calls[-1], forward_pass.inputs).is_explained:
        return False
    return all(call.error or agrees_with_rule(call) for call in calls)


def _unwrapped(module: nn.Module) -> nn.Module:
    """Returns the module inside what torch.compile or DataParallel has made of it."""
    inner = getattr(module, "_orig_mod", None)
    if isinstance(module, nn.DataParallel):
        inner = module.module
    return _unwrapped(inner) if isinstance(inner, nn.Module) else module


def _input_shapes(given: object) -> tuple[Shape, ...]:
    if isinstance(given, int):
        given = (given,)
    if not isinstance(given, Sequence) or isinstance(given, str) or not given:
        raise DesignError("Give the shape of one sample without the batch axis, such as (1, 28, 28).")
    shapes = [given] if all(isinstance(size, int) for size in given) else given
    result = []
    for shape in shapes:
        is_shape = isinstance(shape, Sequence) and not isinstance(shape, str)
        if not is_shape or not all(isinstance(size, int) and size > 0 for size in shape):
            raise DesignError(
                f"An input_shape is whole numbers from 1 on, without the batch axis: (1, 28, 28), not {shape!r}."
            )
        result.append(tuple(shape))
    return tuple(result)


def _dtypes(
    given: torch.dtype | Sequence[torch.dtype] | None, module: nn.Module, count: int
) -> tuple[torch.dtype, ...]:
    if given is None:
        floating = (parameter.dtype for parameter in module.parameters() if parameter.is_floating_point())
        given = next(floating, torch.get_default_dtype())
    dtypes = (given,) * count if isinstance(given, torch.dtype) else tuple(given)
    if len(dtypes) != count:
        raise DesignError(f"There are {count} inputs, but {len(dtypes)} dtypes.")
    return dtypes


def _open_window(address: str) -> None:
    """Opens an address in a browser with a window; one in the terminal would hold the notebook up."""
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return
    if type(browser) is not webbrowser.GenericBrowser:
        browser.open(address)
