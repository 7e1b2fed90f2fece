"""The lab's printed trace, line by line: what `print(x.shape)` shows in its forward(), and why."""

from dataclasses import dataclass

from cnnviz.architecture import Step, trace
from cnnviz.presets import PRESETS
from cnnviz.shapes import AXES, Shape, format_shape

BATCH_SIZE = 256
"""Samples that go through the lab's net at once."""

PRINTED_AFTER = (0, 3, 4, 5, 6, 7)
"""Layers that a batch has passed at each print of the lab's forward()."""


@dataclass(frozen=True)
class TraceLine:
    """One line of the trace, the shape it shows, and the steps since the line before.

    The last line is that of the scores, which the lab does not print.
    """

    shape: Shape
    steps: tuple[Step, ...]
    printed: bool = True

    @property
    def text(self) -> str:
        """What torch prints.

        >>> [line.text for line in printed_trace()][1]
        'torch.Size([256, 10, 22, 4])'
        """
        return f"torch.Size([{', '.join(map(str, (BATCH_SIZE, *self.shape)))}])"

    @property
    def explanations(self) -> tuple[str, ...]:
        """The arithmetic of each step, with the names of the axes."""
        if not self.steps:
            sizes = ", ".join(f"{axis} {size}" for axis, size in zip(AXES[len(self.shape)], self.shape, strict=True))
            return (f"A batch of {BATCH_SIZE} samples: {sizes}.",)
        return tuple(map(_explain_step, self.steps))


def printed_trace() -> tuple[TraceLine, ...]:
    """Every printed line of the lab's net, and the scores behind them."""
    architecture = PRESETS["lab-convnet"].architecture
    steps = trace(architecture)
    shapes = (architecture.input_shape, *(step.output_shape or () for step in steps))
    cuts = (*PRINTED_AFTER, len(steps))
    return tuple(
        TraceLine(shapes[cut], steps[before:cut], printed=cut in PRINTED_AFTER)
        for before, cut in zip((0, *cuts[:-1]), cuts, strict=True)
    )


def _explain_step(step: Step) -> str:
    shape = step.output_shape or ()
    if shape == step.input_shape:
        return f"**{step.layer.kind}** leaves the shape as it is: {format_shape(shape)}."
    lines = step.formula.split("\n")
    axes = AXES[len(shape)][1:]
    if len(lines) == len(axes) > 0:
        lines = [f"{axis} {line}" for axis, line in zip(axes, lines, strict=True)]
    return (
        f"**{step.layer.kind}** makes {format_shape(step.input_shape)} into {format_shape(shape)}: {'; '.join(lines)}."
    )
