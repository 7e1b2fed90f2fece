"""The lab's printed trace, line by line: what `print(x.shape)` shows in its forward(), and why."""

from dataclasses import dataclass

from cnnviz.architecture import Step, trace
from cnnviz.presets import PRESETS
from cnnviz.shapes import AXES, Shape, format_shape

BATCH_SIZE = 256
"""Samples in a batch of the lab."""

PRINTED_AFTER = (0, 3, 4, 5, 6, 7)
"""Number of layers that a batch has passed at each print in the lab's forward()."""


@dataclass(frozen=True)
class TraceLine:
    """One line of the trace: the shape that it shows, and the steps since the previous line.

    The last line shows the scores, which the lab does not print.
    """

    shape: Shape
    steps: tuple[Step, ...]
    printed: bool = True

    @property
    def text(self) -> str:
        """The shape as torch prints it.

        >>> [line.text for line in printed_trace()][1]
        'torch.Size([256, 10, 22, 4])'
        """
        return f"torch.Size([{', '.join(map(str, (BATCH_SIZE, *self.shape)))}])"

    @property
    def explanations(self) -> tuple[str, ...]:
        """The arithmetic of every step, with the names of the axes."""
        if not self.steps:
            sizes = ", ".join(f"{axis} {size}" for axis, size in zip(AXES[len(self.shape)], self.shape, strict=True))
            return (f"A batch of {BATCH_SIZE} samples: {sizes}.",)
        return tuple(map(_explain_step, self.steps))


def printed_trace() -> tuple[TraceLine, ...]:
    """Returns every line that the lab's net prints, and a last one with the scores."""
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
        return f"**{step.layer.kind}** does not change the shape: {format_shape(shape)}."
    lines = step.formula.split("\n")
    axes = AXES[len(shape)][1:]
    if len(lines) == len(axes) > 0:
        lines = [f"{axis} {line}" for axis, line in zip(axes, lines, strict=True)]
    return (
        f"**{step.layer.kind}** turns {format_shape(step.input_shape)} into {format_shape(shape)}: {'; '.join(lines)}."
    )
