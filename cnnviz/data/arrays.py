"""Types of the arrays that hold samples, labels, and which sample is used for what."""

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
"""(N, *shape): N samples in float32."""
Labels = npt.NDArray[np.int64]
"""(N,): the class number of each sample."""
SplitIndices = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.intp]]
"""Indices of the samples for training, validation and test, in the order in which they are used."""
PartNumbers = npt.NDArray[np.int8]
"""(N,): the part that each sample belongs to, as an index into `splitting.PARTS`."""
