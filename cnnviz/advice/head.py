"""Rules on the end of a net: its scores, and what the loss makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from math import e, log

from cnnviz.advice.base import Finding, Net, behind, made, named, quiet
from cnnviz.architecture import Mend, Step, number
from cnnviz.layers import Flatten, Linear, LogSoftmax, family
from cnnviz.layers.conv import Filters
from cnnviz.shapes import Shape, show


def output_features(net: Net) -> Iterator[Finding]:
    """Not one score for each class."""
    classes, step = net.task.classes, net.steps[-1]
    out = step.output_shape or ()
    if classes is None:
        yield from _not_flat(net, out)
        return
    if out == (classes,):
        return
    if len(out) > 1:
        text = f"The net ends in {show(out)}, but {classes:,} classes need one row of {classes:,} scores."
    elif out[0] < classes:
        text = f"The net ends in {out[0]:,} scores for {classes:,} classes: {classes - out[0]:,} can never be found."
    else:
        text = f"The net ends in {out[0]:,} scores for {classes:,} classes: {out[0] - classes:,} of them mean nothing."
    yield Finding(net.last.path, text, _as_many_scores(net, classes))


def _not_flat(net: Net, out: Shape) -> Iterator[Finding]:
    """A net with a head whose scores are more than one row: whatever the classes, a Flatten was forgotten."""
    wide = next((step for step in net.steps if isinstance(step.layer, Linear) and len(step.input_shape) > 1), None)
    if wide is None or len(out) < 2:
        return
    text = (
        f"{named(wide, 'Layer')}, works on the last axis of {show(wide.input_shape)} alone, and the net ends in"
        f" {show(out)}; a classifier needs one row with a score for each class."
    )
    yield Finding(wide.path, text, _flatten_before(net, wide))


def _flatten_before(net: Net, wide: Step) -> Iterator[Mend]:
    mended = net.architecture.inserted(wide.path, Flatten())
    yield Mend(f"Put a Flatten before layer {number(wide.path)}", mended)


def _as_many_scores(net: Net, classes: int) -> Iterator[Mend]:
    for step in reversed(net.steps):
        if isinstance(step.layer, Linear | Filters):
            name = "out_features" if isinstance(step.layer, Linear) else "out_channels"
            mended = net.architecture.replaced(step.path, **{name: classes})
            yield Mend(f"Set {name} of layer {number(step.path)} to {classes}", mended)
            break
    before = net.last.path if isinstance(net.last.layer, LogSoftmax) else behind(net.steps[-1])
    linear = made("Linear", out_features=classes)
    mended = net.architecture.inserted(before, linear)
    yield Mend(f"Add a Linear with out_features {classes} at the end", mended)
    mended = net.architecture.inserted(before, linear).inserted(before, Flatten())
    yield Mend(f"Add a Flatten and a Linear with out_features {classes} at the end", mended)


def softmax_before_loss(net: Net) -> Iterator[Finding]:
    """Probabilities where the loss takes a softmax itself."""
    rest = [step for step in net.steps if not quiet(step)]
    log_softmax = rest.pop() if rest and isinstance(rest[-1].layer, LogSoftmax) else None
    if not rest or rest[-1].layer.kind != "Softmax" or (net.loss == "NLLLoss" and not log_softmax):
        return
    step = rest[-1]
    scores = step.input_shape[0]
    then = f"{named(log_softmax)}," if log_softmax else "CrossEntropyLoss"
    text = (
        f"{named(step, 'Layer')}, hands on probabilities, and {then} takes a softmax of them once more: even where"
        f" the net is sure and right, the loss of {scores} classes stays above {log(1 + (scores - 1) / e):.2f}."
    )
    removed = Mend(f"Remove the Softmax (layer {number(step.path)})", net.architecture.removed(step.path))
    logs = Mend("Make it LogSoftmax", net.architecture.replaced(step.path, kind="LogSoftmax"))
    yield Finding(step.path, text, [removed] if log_softmax or net.task.loss != "auto" else [logs, removed])


def no_log_softmax(net: Net) -> Iterator[Finding]:
    """NLLLoss on anything but log-probabilities."""
    if net.loss != "NLLLoss" or isinstance(net.last.layer, LogSoftmax):
        return
    last = net.last
    text = (
        f"NLLLoss expects log-probabilities, but the net ends in {named(last)}. It only takes the number of the true"
        " class with its sign turned: a net that makes all its numbers larger gets a smaller loss and learns nothing."
    )
    yield Finding(last.path, text, _log_softmax(net))


def _log_softmax(net: Net) -> Iterator[Mend]:
    if net.last.layer.kind == "Softmax":
        yield Mend("Make it LogSoftmax", net.architecture.replaced(net.last.path, kind="LogSoftmax"))
    else:
        appended = net.architecture.inserted(behind(net.steps[-1]), LogSoftmax())
        yield Mend("Add a LogSoftmax at the end", appended)


def bent_scores(net: Net) -> Iterator[Finding]:
    """An activation between the last layer with weights and the loss."""
    rest = [step for step in net.steps if not quiet(step) and step.layer.kind not in ("Softmax", "LogSoftmax")]
    step = rest[-1] if rest else None
    if step is None or family(step.layer.kind) != "activation" or len(step.input_shape) > 1:
        return
    text = (
        f"{named(step, 'Layer')}, bends the scores of the classes before the loss sees them. Scores may take any value:"
        f" without the {step.layer.kind} the loss can move each of them freely."
    )
    yield Finding(step.path, text, [Mend(f"Remove the {step.layer.kind}", net.architecture.removed(step.path))])
