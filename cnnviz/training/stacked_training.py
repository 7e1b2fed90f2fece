"""Trainings that differ in their seeds alone, advanced in one pass for as long as they do the same."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from cnnviz.training.stacked_nets import StackedNets
from cnnviz.training.training import Training

Until = Callable[[], bool]
"""Asked after each step and batch of an evaluation; True ends the work."""


def advance_seeds(
    trainings: Sequence[Training], until: Until, advance_alone: Callable[[Training, Until], bool]
) -> None:
    """Advances trainings with other seeds of one design and configuration, together wherever they can.

    What one has to do by itself is left to `advance_alone`, which returns whether that training goes on after it.
    """
    going_on = list(trainings)
    while going_on and not until():
        training, step = _next_alone(going_on)
        if training is None:
            advance_together(going_on, until)
        elif not advance_alone(training, _or_stackable(until, training, step)):
            going_on.remove(training)


def advance_together(trainings: Sequence[Training], until: Until) -> None:
    """Does steps of those that are behind in one pass, until they meet the next one or have something to do alone.

    At least one step is done. All weights are copied into the stack before, and back to their nets after it.
    """
    started = time.perf_counter()
    least, *ahead = sorted({training.step for training in trainings})
    front = [training for training in trainings if training.step == least]
    nets = StackedNets([training.setup for training in front], front[0].config)
    with ExitStack() as stack:
        batches = [stack.enter_context(training.stacked()) for training in front]
        is_over = False
        while not is_over:
            for training in front:
                training.begin_stacked_step()
            losses = nets.step([next(batches_of_one) for batches_of_one in batches])
            ended = time.perf_counter()
            for training, loss in zip(front, losses.unbind(), strict=True):
                training.finish_stacked_step(loss, (ended - started) / len(front))
            started = ended
            meets = front[0].step in ahead
            is_over = meets or until() or not all(training.stackable_steps for training in front)
        nets.unstack()


def _next_alone(trainings: Sequence[Training]) -> tuple[Training | None, int]:
    """Returns a training that has to go on by itself, and the step until which it does; None if there is none.

    That is one that has something to do for itself, such as an evaluation, and the only one that is behind the others.
    """
    for training in trainings:
        if not training.stackable_steps:
            return training, training.step
    behind, *others = sorted(trainings, key=lambda training: training.step)
    next_step = others[0].step if others else behind.steps
    return (behind if behind.step < next_step else None), next_step


def _or_stackable(until: Until, training: Training, step: int) -> Until:
    """Returns a function that tells whether `until` does, or a training has come so far and can go on with others."""
    return lambda: until() or (training.step >= step and training.stackable_steps > 0)
