"""Rules about the end of a net: its logits, called scores where students read, and what the loss makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from math import e, log

from cnnviz.advice.base import Net, Occurrence, label_step, layer_of_kind, passes_values_on, path_after
from cnnviz.architecture import Mend, Step, layer_number
from cnnviz.layers import Flatten, Linear, LogSoftmax, family
from cnnviz.layers.conv import ConvBase
from cnnviz.shapes import Shape, format_shape


def find_wrong_output_features(net: Net) -> Iterator[Occurrence]:
    """Finds a net that does not end in one score for each class."""
    classes, step = net.task.classes, net.steps[-1]
    out = step.output_shape or ()
    if classes is None:
        yield from _find_missing_flatten(net, out)
        return
    if out == (classes,):
        return
    if len(out) > 1:
        text = f"The net ends in {format_shape(out)}, but {classes:,} classes need one row of {classes:,} scores."
    elif out[0] < classes:
        text = f"The net ends in {out[0]:,} scores for {classes:,} classes: {classes - out[0]:,} are never the answer."
    else:
        text = f"The net ends in {out[0]:,} scores for {classes:,} classes: {out[0] - classes:,} of them mean nothing."
    yield Occurrence(net.last_computing_step.path, text, _one_score_per_class(net, classes))


def _find_missing_flatten(net: Net, out: Shape) -> Iterator[Occurrence]:
    """Finds a net with more than one row of scores: whatever the classes are, a Flatten was forgotten."""
    wide = next((step for step in net.steps if isinstance(step.layer, Linear) and len(step.input_shape) > 1), None)
    if wide is None or len(out) < 2:
        return
    text = (
        f"{label_step(wide, 'Layer')}, works on the last axis of {format_shape(wide.input_shape)} alone, and the net"
        f" ends in {format_shape(out)}; a classifier needs one row with a score for each class."
    )
    yield Occurrence(wide.path, text, _flatten_before(net, wide))


def _flatten_before(net: Net, wide: Step) -> Iterator[Mend]:
    mended = net.architecture.insert_layer(wide.path, Flatten())
    yield Mend(f"Put a Flatten before layer {layer_number(wide.path)}", mended)


def _one_score_per_class(net: Net, classes: int) -> Iterator[Mend]:
    for step in reversed(net.steps):
        if isinstance(step.layer, Linear | ConvBase):
            name = "out_features" if isinstance(step.layer, Linear) else "out_channels"
            mended = net.architecture.update_layer(step.path, **{name: classes})
            yield Mend(f"Set {name} of layer {layer_number(step.path)} to {classes}", mended)
            break
    before = (
        net.last_computing_step.path
        if isinstance(net.last_computing_step.layer, LogSoftmax)
        else path_after(net.steps[-1])
    )
    linear = layer_of_kind("Linear", out_features=classes)
    mended = net.architecture.insert_layer(before, linear)
    yield Mend(f"Add a Linear with out_features {classes} at the end", mended)
    mended = net.architecture.insert_layer(before, linear).insert_layer(before, Flatten())
    yield Mend(f"Add a Flatten and a Linear with out_features {classes} at the end", mended)


def find_softmax_before_loss(net: Net) -> Iterator[Occurrence]:
    """Finds a Softmax before a loss that takes the softmax itself."""
    rest = [step for step in net.steps if not passes_values_on(step)]
    log_softmax = rest.pop() if rest and isinstance(rest[-1].layer, LogSoftmax) else None
    if not rest or rest[-1].layer.kind != "Softmax" or (net.loss == "NLLLoss" and not log_softmax):
        return
    step = rest[-1]
    scores = step.input_shape[0]
    next_softmax = f"{label_step(log_softmax)}," if log_softmax else "CrossEntropyLoss"
    text = (
        f"{label_step(step, 'Layer')}, passes on probabilities, and {next_softmax} takes the softmax of them again:"
        f" even where the net is sure and right, the loss of {scores} classes stays above"
        f" {log(1 + (scores - 1) / e):.2f}."
    )
    removed = Mend(f"Remove the Softmax (layer {layer_number(step.path)})", net.architecture.remove_layer(step.path))
    logs = Mend("Make it LogSoftmax", net.architecture.update_layer(step.path, kind="LogSoftmax"))
    yield Occurrence(step.path, text, [removed] if log_softmax or net.task.loss != "auto" else [logs, removed])


def find_missing_log_softmax(net: Net) -> Iterator[Occurrence]:
    """Finds NLLLoss on anything but log-probabilities."""
    if net.loss != "NLLLoss" or isinstance(net.last_computing_step.layer, LogSoftmax):
        return
    last = net.last_computing_step
    text = (
        f"NLLLoss expects log-probabilities, but the net ends in {label_step(last)}. The loss is just the number of the"
        " true class with its sign flipped: a net can lower it by making all its numbers larger, and learns nothing."
    )
    yield Occurrence(last.path, text, _log_softmax(net))


def _log_softmax(net: Net) -> Iterator[Mend]:
    if net.last_computing_step.layer.kind == "Softmax":
        yield Mend("Make it LogSoftmax", net.architecture.update_layer(net.last_computing_step.path, kind="LogSoftmax"))
    else:
        appended = net.architecture.insert_layer(path_after(net.steps[-1]), LogSoftmax())
        yield Mend("Add a LogSoftmax at the end", appended)


def find_activation_on_scores(net: Net) -> Iterator[Occurrence]:
    """Finds an activation between the last layer with weights and the loss."""
    rest = [
        step for step in net.steps if not passes_values_on(step) and step.layer.kind not in ("Softmax", "LogSoftmax")
    ]
    step = rest[-1] if rest else None
    if step is None or family(step.layer.kind) != "activation" or len(step.input_shape) > 1:
        return
    text = (
        f"{label_step(step, 'Layer')}, changes the scores of the classes before the loss sees them. Scores may have any"
        f" value: without the {step.layer.kind} the loss can move each of them freely."
    )
    yield Occurrence(step.path, text, [Mend(f"Remove the {step.layer.kind}", net.architecture.remove_layer(step.path))])
