"""torch's own module tests: what its database constructs and runs, our palette tells beforehand."""

import inspect
import sys
import unittest
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from cnnviz.layers import PALETTE, Block, Layer
from cnnviz.layers.base import torch_defaults
from cnnviz.shapes import AXES
from tests.torch_oracle import our_output_shape


@dataclass(frozen=True)
class Case:
    """A module of torch's tests, with what it was made of and what it is run on."""

    kind: str
    module: nn.Module
    arguments: dict[str, Any]
    x: torch.Tensor

    @property
    def is_sample(self) -> bool:
        """Whether the input is one sample without a batch axis."""
        axes = {"1d": 1, "2d": 2, "3d": 3}.get(self.kind[-2:])
        return axes is not None and self.x.dim() == axes + 1 and not self.kind.startswith("BatchNorm")

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample."""
        return tuple(self.x.shape if self.is_sample else self.x.shape[1:])

    def output_shape(self) -> tuple[int, ...] | None:
        """What torch gives; None where it refuses."""
        try:
            with torch.no_grad():  # in float64, as torch's numbers for random places are
                out = self.module.double()(self.x.double())
        except (RuntimeError, ValueError):
            return None
        return tuple(out.shape if self.is_sample else out.shape[1:])


def module_database() -> tuple[list[Any], list[dict[str, Any]]]:
    """torch's two lists of module tests; they import expecttest, which none of the tests here needs."""
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        stand_in: Any = ModuleType("expecttest")
        stand_in.TestCase = unittest.TestCase
        if "expecttest" not in sys.modules:
            patch.setitem(sys.modules, "expecttest", stand_in)
        from torch.testing._internal import common_modules, common_nn  # noqa: PLC0415 (seconds, and only here)

        return common_modules.module_db, [*common_nn.get_new_module_tests(), *common_nn.module_tests]


def cases() -> Iterator[Case]:
    """Every case of a kind in the palette with a batch of samples as its input."""
    infos, tests = module_database()
    for info in infos:
        kind = info.module_cls.__name__
        if kind not in PALETTE:
            continue
        inputs = info.module_inputs_func(info, device="cpu", dtype=torch.float32, requires_grad=False, training=False)
        for given in inputs:
            if "no_batch_dim" in (given.desc or ""):
                continue
            made, run = given.constructor_input, given.forward_input
            yield case(kind, made.args, made.kwargs, (*run.args, *run.kwargs.values())[0])
    for test in tests:
        if "module_name" not in test and "input_size" in test and 0 not in test["input_size"]:
            yield from case_of_module(test["constructor"](), torch.rand(test["input_size"]))
        if test.get("module_name") in PALETTE and "input_size" in test and "no_batch_dim" not in test.get("desc", ""):
            yield case(test["module_name"], test.get("constructor_args", ()), {}, torch.rand(test["input_size"]))


def case(kind: str, args: tuple[Any, ...], kwargs: dict[str, Any], x: torch.Tensor) -> Case:
    given = {name: value for name, value in kwargs.items() if name not in ("device", "dtype")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = getattr(nn, kind)(*args, **given)
    named = inspect.signature(getattr(nn, kind)).bind(*args, **given).arguments
    return Case(kind, module.eval(), dict(named), x)


def case_of_module(module: nn.Module, x: torch.Tensor) -> Iterator[Case]:
    """The case of a module that torch's test makes itself: its arguments are its attributes."""
    kind = type(module).__name__
    if kind in PALETTE and type(module) is getattr(nn, kind):
        names = set(PALETTE[kind].model_fields) & set(vars(module) | module._parameters)
        arguments = {name: getattr(module, name) for name in names}
        if "bias" in names:
            arguments["bias"] = arguments["bias"] is not None
        yield Case(kind, module.eval(), arguments, x)


def our_layer(given: Case) -> Layer | str:
    """Our layer with the same arguments; the reason in a word or two where the palette has none."""
    fields = PALETTE[given.kind].model_fields
    if len(given.shape) not in AXES:
        return "axes of the sample"
    if given.x.is_complex():
        return "complex numbers"
    values = {name: tuple(v) if isinstance(v, list) else v for name, v in given.arguments.items()}
    values.pop("inplace", None)
    for name in [name for name in values if name not in fields]:
        value, default = values.pop(name), torch_defaults(given.kind)[name]
        if default is not inspect.Parameter.empty and value != default and not name.startswith("_"):
            return name
    if values.get("dim", 1) is None:
        del values["dim"]
    try:
        return PALETTE[given.kind](**values)
    except ValidationError as error:
        return str(error.errors()[0]["loc"][0])


INEXPRESSIBLE = {
    "axes of the sample": "torch also tests scalars, which are no batch of samples",
    "return_indices": "the places of the maxima are a second output, which no stack has",
}
"""What of these tests the palette cannot express, with why it need not."""


def test_shape_and_parameters_of_every_module_that_torch_tests_are_torchs() -> None:
    differences, inexpressible, compared = [], set(), 0
    for given in cases():
        layer = our_layer(given)
        if isinstance(layer, str):
            inexpressible.add((given.kind, layer))
            continue
        ours, out = our_output_shape(layer, given.shape), given.output_shape()
        parameters = sum(p.numel() for p in given.module.parameters())
        if ours != out or (ours is not None and layer.parameters(given.shape) != parameters):
            differences.append((given.kind, given.arguments, tuple(given.x.shape), ours, out))
        compared += 1
    assert differences == []
    assert {reason for _, reason in inexpressible} == set(INEXPRESSIBLE)
    assert compared > 250


def test_the_database_has_most_kinds_of_the_palette() -> None:
    simple = {kind for kind, cls in PALETTE.items() if not issubclass(cls, Block)}
    assert len({given.kind for given in cases()} & simple) > 60
