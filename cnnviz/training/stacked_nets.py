"""Nets of one design with stacked weights: one pass computes all their gradients, one optimizer does their steps."""

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state

from cnnviz.architecture import Architecture, iter_steps, micro_batch_size, trace
from cnnviz.layers import (
    AlphaDropout,
    FeatureAlphaDropout,
    FractionalMaxPool2d,
    FractionalMaxPool3d,
    Layer,
    RReLU,
    StochasticDepth,
)
from cnnviz.training.config import OPTIMIZERS, TrainConfig
from cnnviz.training.prepared_data import Batch
from cnnviz.training.setup import TrainingSetup

UNSTACKABLE: tuple[type[Layer], ...] = (
    AlphaDropout,
    FeatureAlphaDropout,
    FractionalMaxPool2d,
    FractionalMaxPool3d,
    RReLU,
    StochasticDepth,
)
"""Layers whose random numbers are not a mask that could be drawn for each net before the pass."""
DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)
CLIPPING_EPSILON = 1e-6
"""As in `torch.nn.utils.clip_grad_norm_`."""


def is_stackable(architecture: Architecture, config: TrainConfig) -> bool:
    """Returns whether nets of this design can be trained with stacked weights: in whole batches, all masks known."""
    steps = trace(architecture)
    has_whole_batches = micro_batch_size(steps, config.batch_size) >= config.batch_size
    return has_whole_batches and not any(isinstance(step.layer, UNSTACKABLE) for step in iter_steps(steps))


class StackedNets:
    """Weights, buffers and optimizer states of several nets at the same step, stacked along a new first axis.

    An optimizer changes each value by itself, so that one over stacked weights does to every net what its own would do.
    Only the clipping of gradients reads a whole net. Dropout's masks are drawn for each net from its own random
    numbers, in the order in which its own passes would draw them. `unstack` gives the nets their new state.
    Source: https://pytorch.org/tutorials/intermediate/ensembling.html
    """

    def __init__(self, setups: Sequence[TrainingSetup], config: TrainConfig) -> None:
        self._setups, self._max_grad_norm = setups, config.max_grad_norm
        models = [setup.model.train() for setup in setups]
        self._parameters, self._buffers = stack_module_state(models)
        self._optimizer = OPTIMIZERS[config.optimizer](self._parameters.values(), config)
        own_parameters = zip(*(model.parameters() for model in models), strict=True)
        for parameter, parameters in zip(self._parameters.values(), own_parameters, strict=True):
            states = [setup.optimizer.state[own] for setup, own in zip(setups, parameters, strict=True)]
            for name, value in states[0].items():
                values = [state[name] for state in states]
                self._optimizer.state[parameter][name] = torch.stack(values) if value.ndim else value.clone()
        self._template = _with_masks(models[0])
        self._dropouts = {name: module for name, module in models[0].named_modules() if isinstance(module, DROPOUTS)}
        self._loss = copy.copy(setups[0].training_loss)
        self._loss.reduction = "none"  # of each sample: those of one net are averaged
        self._dropout_inputs: dict[int, dict[str, Tensor]] = {}

    def step(self, batches: Sequence[Batch]) -> Tensor:
        """Does a step of every net, each on a batch of its own; returns their losses (nets,)."""
        x, y = (torch.stack(parts) for parts in zip(*batches, strict=True))
        buffers = self._buffers | self._masks(batches[0])
        self._optimizer.zero_grad()
        with self._setups[0].autocast():
            scores = torch.vmap(self._scores)(self._parameters, buffers, x)
            losses: Tensor = self._loss(scores.flatten(0, 1), y.flatten()).unflatten(0, y.shape).mean(1)
        losses.sum().backward()  # type: ignore[no-untyped-call]
        if self._max_grad_norm:
            clip_each_net(list(self._parameters.values()), self._max_grad_norm)
        for group, own_group in zip(self._optimizer.param_groups, self._setups[0].optimizer.param_groups, strict=True):
            group["lr"] = own_group["lr"]
        self._optimizer.step()
        return losses.detach()

    def unstack(self) -> None:
        """Copies weights, buffers and optimizer states to the nets."""
        with torch.no_grad():
            for index, setup in enumerate(self._setups):
                for name, parameter in setup.model.named_parameters():
                    stacked = self._parameters[name]
                    parameter.copy_(stacked[index])
                    setup.optimizer.state[parameter] = {
                        name: torch.empty_like(parameter).copy_(value[index]) if value.ndim else value.clone()
                        for name, value in self._optimizer.state[stacked].items()
                    }
                for name, buffer in setup.model.named_buffers():
                    buffer.copy_(self._buffers[name][index])

    def _scores(self, parameters: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor) -> Tensor:
        """Returns the scores (N, C) of one net."""
        scores: Tensor = functional_call(self._template, (parameters, buffers), (x,))
        return scores

    def _masks(self, batch: Batch) -> dict[str, Tensor]:
        """Returns a mask for each dropout and net, stacked."""
        if not self._dropouts:
            return {}
        inputs = self._inputs_of_dropout(batch)
        drawn: list[list[Tensor]] = []
        for setup in self._setups:
            with setup.random.activate():
                drawn.append([self._dropouts[name](ones) for name, ones in inputs.items()])
        stacked = (torch.stack(masks) for masks in zip(*drawn, strict=True))
        return {f"{name}.mask": mask for name, mask in zip(inputs, stacked, strict=True)}

    def _inputs_of_dropout(self, batch: Batch) -> dict[str, Tensor]:
        """Returns ones in the shape and memory order that every dropout sees, in the order of their calls."""
        x, _ = batch
        if len(x) not in self._dropout_inputs:
            setup = self._setups[0]
            with _recorded_inputs(setup.model) as inputs, torch.no_grad(), setup.autocast():
                setup.model.eval()(x)  # which draws nothing and changes no statistics
            setup.model.train()
            self._dropout_inputs[len(x)] = inputs
        return self._dropout_inputs[len(x)]


def clip_each_net(parameters: Sequence[Tensor], max_norm: float) -> None:
    """Clips the gradients of stacked weights (nets, …), those of each net by the norm over all of its own."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    norms = torch.stack([gradient.flatten(1).norm(dim=1) for gradient in gradients]).norm(dim=0)
    shares = (max_norm / (norms + CLIPPING_EPSILON)).clamp(max=1)
    for gradient in gradients:
        gradient.mul_(shares.view(-1, *[1] * (gradient.ndim - 1)))


class Mask(nn.Module):
    """Dropout whose mask, with the factor for what is kept, is a buffer that comes from elsewhere."""

    mask: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mask", torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        """Returns x (N, …) times the mask of the same shape."""
        return x * self.mask


def _with_masks(model: nn.Module) -> nn.Module:
    """Returns a copy of a model without weights, each dropout replaced by a `Mask`."""
    template = copy.deepcopy(model).to("meta")
    for name, module in list(template.named_modules()):
        if isinstance(module, DROPOUTS):
            parent, _, attribute = name.rpartition(".")
            setattr(template.get_submodule(parent), attribute, Mask())
    return template


@contextmanager
def _recorded_inputs(model: nn.Module) -> Iterator[dict[str, Tensor]]:
    """Notes, within the block, ones like what every dropout of a model is given, by name and in the order of calls."""
    inputs: dict[str, Tensor] = {}

    def note(name: str) -> Callable[[nn.Module, tuple[Tensor]], None]:
        return lambda _, arguments: inputs.update({name: torch.ones_like(arguments[0])})

    handles = [
        module.register_forward_pre_hook(note(name))
        for name, module in model.named_modules()
        if isinstance(module, DROPOUTS)
    ]
    try:
        yield inputs
    finally:
        for handle in handles:
            handle.remove()
