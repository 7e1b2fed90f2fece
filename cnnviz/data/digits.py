"""Handwritten digits that come with scikit-learn."""

import numpy as np
from sklearn.datasets import load_digits

from cnnviz.data.content import Content
from cnnviz.data.dataset import Dataset, ReportProgress

_CLASSES = tuple("0123456789")


def _load(_progress: ReportProgress) -> Content:
    dataset = load_digits()
    images = (dataset.images[:, None] / 16).astype(np.float32)  # grey values 0 … 16 → 0 … 1, one channel
    return Content(images, dataset.target.astype(np.int64), _CLASSES)


DIGITS = Dataset(
    name="digits",
    title="Handwritten digits",
    description="1,797 greyscale pictures, 8 × 8 pixels, written by 43 people (E. Alpaydin and C. Kaynak, UCI, 1998).",
    shape=(1, 8, 8),
    classes=_CLASSES,
    size=1797,
    load=_load,
    preset="digits-convnet",
    axes=("channel", "height", "width"),
)
