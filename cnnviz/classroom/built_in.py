"""Assignments that come with cnnviz."""

from cnnviz.classroom.assignment import Assignment
from cnnviz.classroom.checks import ValidationAccuracy
from cnnviz.presets import PRESETS
from cnnviz.training.config import TrainConfig

LAB = Assignment(
    title="A better net for 35 words",
    text="""
The net that you start from hears one second of sound as a picture, 99 moments by 26 bands, and says which of 35 words
it was. It is simple on purpose.

**Make it better: at least 0.90 of the validation words must be recognised.**

1. Press *Start from the assignment's net*, train it as it is, and look at what it confuses.
2. Change one thing, train again, and compare. Is the net too small to learn the training words? Then give it more
   layers or channels. Does it know them by heart? Then give it fewer parameters, dropout or BatchNorm.
3. When a run reaches the goal, hand it in. You may hand in again; the best one counts.

Write down what you changed, why you expected it to help, and whether it did.
""".strip(),
    design=PRESETS["lab-convnet"].architecture,
    config=TrainConfig(dataset="words"),
    checks=(ValidationAccuracy(at_least=0.9),),
)

BUILT_IN_ASSIGNMENTS: dict[str, Assignment] = {"lab": LAB}
"""Every assignment that comes with cnnviz, by its id."""
