"""A classification task: what one sample looks like, which classes there are, and how to load it all."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from cnnviz.data.audio import Features
from cnnviz.data.content import Content
from cnnviz.data.splits import Splits
from cnnviz.shapes import Shape

ReportProgress = Callable[[int, int], None]
"""Called with the number of steps done and the total."""


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
    """Loads all samples; the first call may take a while."""
    preset: str | None = None
    """Name of a preset that suits this task."""
    split_kinds: tuple[str, ...] = ("random",)
    """Ways in which it can be split, by their names in `SPLIT_KINDS`."""
    axes: tuple[str, ...] = ()
    """Names of the axes of a sample (channel, time, band, depth, height, width); empty if they are unknown."""
    features: Features | None = None
    """How the samples were computed from sound, if they were."""
    version: str = ""
    """Changes whenever other data are stored under the same name."""

    def split_kind(self, wanted: str) -> str:
        """Returns the wanted way to split, or the first one if this data set does not support it."""
        return wanted if wanted in self.split_kinds else self.split_kinds[0]

    def load_content(self, progress: ReportProgress = lambda done, total: None) -> Content:
        """Loads all samples and what is known about them."""
        return self.load(progress)

    def load_splits(
        self,
        split_kind: str = "random",
        progress: ReportProgress = lambda done, total: None,
        left_out: Collection[int] = (),
    ) -> Splits:
        """Loads training, validation and test samples, split as `split_kind` says; training leaves some out."""
        return replace(self.load_content(progress).split(self.split_kind(split_kind), left_out), axes=self.axes)
