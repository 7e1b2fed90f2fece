"""A classification task: what one sample looks like, which classes there are, and how to load it all."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from cnnviz.data.audio import Features
from cnnviz.data.content import Content
from cnnviz.data.splits import Splits
from cnnviz.shapes import Shape

ReportProgress = Callable[[int, int], None]
"""Is called with the number of steps done and their total."""


@dataclass(frozen=True)
class Dataset:
    """A classification task: the shape of one sample, the classes, and how to load it."""

    name: str
    title: str
    description: str
    shape: Shape
    classes: tuple[str, ...]
    size: int
    load: Callable[[ReportProgress], Content]
    """Everything in it; the first time that may take a while."""
    preset: str | None = None
    """A preset that fits this task."""
    split_kinds: tuple[str, ...] = ("random",)
    """The ways in which it can be split, by their names in `WAYS`."""
    axes: tuple[str, ...] = ()
    """What the axes of a sample are: channel, time, band, depth, height, width; empty where nobody knows."""
    features: Features | None = None
    """How sound became these samples, if they are of sound."""
    version: str = ""
    """Changes when other data come under the same name."""

    def split_kind(self, wanted: str) -> str:
        """The wanted way to split, or the first where this data set does not know it."""
        return wanted if wanted in self.split_kinds else self.split_kinds[0]

    def load_content(self, progress: ReportProgress = lambda done, total: None) -> Content:
        """Everything in it."""
        return self.load(progress)

    def load_splits(self, split_kind: str = "random", progress: ReportProgress = lambda done, total: None) -> Splits:
        """In three parts; where this data set knows no such way, by its first."""
        return replace(self.load_content(progress).split(self.split_kind(split_kind)), axes=self.axes)
