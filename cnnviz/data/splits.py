"""A data set cut into training, validation and test samples."""

from dataclasses import dataclass

from cnnviz.data.arrays import Labels, Samples, SplitIndices


@dataclass(frozen=True, eq=False)
class Subset:
    """Samples and their class numbers: x (N, *shape) float32, y (N,) int64."""

    x: Samples
    y: Labels

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, eq=False)
class Splits:
    """Training, validation and test samples of one data set; no sample is in two of them."""

    train: Subset
    validation: Subset
    test: Subset
    axes: tuple[str, ...] = ()
    """What the axes of a sample are, as in `Dataset.axes`."""

    @property
    def parts(self) -> tuple[Subset, Subset, Subset]:
        """Training, validation and test samples, in this order."""
        return self.train, self.validation, self.test


def take_splits(x: Samples, y: Labels, indices: SplitIndices) -> Splits:
    """Copies the samples of each part."""
    train, validation, test = (Subset(x[part], y[part]) for part in indices)
    return Splits(train, validation, test)
