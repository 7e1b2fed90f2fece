"""A data set split into parts: training, validation and test samples."""

from dataclasses import dataclass

from cnnviz.data.arrays import Labels, Samples, SplitIndices


@dataclass(frozen=True, eq=False)
class Part:
    """Samples of one part with their class numbers: x (N, *shape) float32, y (N,) int64."""

    x: Samples
    y: Labels

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, eq=False)
class Splits:
    """The three parts of one data set; no sample is in two of them."""

    train: Part
    validation: Part
    test: Part
    axes: tuple[str, ...] = ()
    """What the axes of a sample are, as in `Dataset.axes`."""

    @property
    def parts(self) -> tuple[Part, Part, Part]:
        """Training, validation and test part, in this order."""
        return self.train, self.validation, self.test


def take_splits(x: Samples, y: Labels, indices: SplitIndices) -> Splits:
    """Copies the samples of each part."""
    train, validation, test = (Part(x[part], y[part]) for part in indices)
    return Splits(train, validation, test)
