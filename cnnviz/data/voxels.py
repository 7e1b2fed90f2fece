"""Solid shapes in a cube of 16 × 16 × 16 voxels, turned any way and noisy: made up, so that 3-D has data, too."""

from functools import cache

import numpy as np
import numpy.typing as npt

from cnnviz.data.content import Content
from cnnviz.data.dataset import Dataset, ReportProgress

EDGE_LENGTH = 16
SAMPLES_PER_CLASS = 150
NOISE_STD = 0.25
"""Standard deviation, where a solid is 1 and the air 0."""
Points = npt.NDArray[np.float64]
Inside = npt.NDArray[np.bool_]


def _sphere(p: Points) -> Inside:
    return np.asarray(np.linalg.norm(p, axis=-1) < 0.8)


def _shell(p: Points) -> Inside:
    return np.asarray(np.abs(np.linalg.norm(p, axis=-1) - 0.7) < 0.14)


def _cube(p: Points) -> Inside:
    return np.asarray(np.abs(p).max(axis=-1) < 0.62)


def _cylinder(p: Points) -> Inside:
    return np.asarray((np.hypot(p[..., 0], p[..., 1]) < 0.42) & (np.abs(p[..., 2]) < 0.85))


def _cone(p: Points) -> Inside:
    return np.asarray((np.hypot(p[..., 0], p[..., 1]) < 0.42 * (0.85 - p[..., 2])) & (np.abs(p[..., 2]) < 0.85))


def _torus(p: Points) -> Inside:
    return np.asarray(np.hypot(np.hypot(p[..., 0], p[..., 1]) - 0.58, p[..., 2]) < 0.25)


def _cross(p: Points) -> Inside:
    thin = np.abs(p) < 0.22
    return np.asarray((thin.sum(axis=-1) >= 2) & (np.abs(p).max(axis=-1) < 0.9))


def _plate(p: Points) -> Inside:
    return np.asarray((np.abs(p[..., :2]).max(axis=-1) < 0.75) & (np.abs(p[..., 2]) < 0.2))


SOLIDS = {
    "cone": _cone,
    "cross": _cross,
    "cube": _cube,
    "cylinder": _cylinder,
    "plate": _plate,
    "shell": _shell,
    "sphere": _sphere,
    "torus": _torus,
}
"""Whether points, (…, 3) in −1 … 1, lie inside, by the name of the shape."""


@cache
def _generate() -> Content:
    random = np.random.default_rng(16)
    axis = np.linspace(-1, 1, EDGE_LENGTH)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    solids = []
    for inside in SOLIDS.values():
        for _ in range(SAMPLES_PER_CLASS):
            rotation, _ = np.linalg.qr(random.standard_normal((3, 3)))
            points = (grid - random.uniform(-0.15, 0.15, 3)) @ rotation / random.uniform(0.75, 1.05)
            solids.append(inside(points) + NOISE_STD * random.standard_normal(grid.shape[:3]))
    x = np.stack(solids)[:, None].astype(np.float32)
    return Content(x, np.repeat(np.arange(len(SOLIDS)), SAMPLES_PER_CLASS), tuple(SOLIDS))


def _load(_progress: ReportProgress) -> Content:
    return _generate()


VOXELS = Dataset(
    name="voxels",
    title="Voxel shapes",
    description=f"{len(SOLIDS) * SAMPLES_PER_CLASS:,} noisy solids of 16 × 16 × 16 voxels, turned any way; made up by"
    " formulas.",
    shape=(1, EDGE_LENGTH, EDGE_LENGTH, EDGE_LENGTH),
    classes=tuple(SOLIDS),
    size=len(SOLIDS) * SAMPLES_PER_CLASS,
    load=_load,
    preset="voxels-3d",
    axes=("channel", "depth", "height", "width"),
)
