"""Pictures of samples: thumbnails of samples of any shape, and sounds with axes in seconds and hertz."""

from io import BytesIO
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image as PillowImage
from plotly.colors import sample_colorscale, unlabel_rgb
from plotly.graph_objects import Figure, Heatmap, Scatter

Image = npt.NDArray[np.uint8]
Real = TypeVar("Real", np.float32, np.float64)
COLOUR_SCALE = "Viridis"
LINE_COLOUR = (31, 138, 138)
"""Colour of a signal in a thumbnail; visible on light and dark pages."""
MAX_LINE_POINTS = 2000
MAX_SIDE = 512
"""Rows and columns of a picture before it is enlarged, and rows afterwards; if there are more, means are drawn."""
MAX_FRAMES = 1000
MARGIN = {"l": 10, "r": 10, "t": 30, "b": 10}

_COLOUR_TABLE = (
    np.array([unlabel_rgb(colour) for colour in sample_colorscale(COLOUR_SCALE, 256)]).round().astype(np.uint8)
)
_GREY_TABLE = np.arange(256, dtype=np.uint8).repeat(3).reshape(256, 3)


def thumbnail(
    sample: npt.NDArray[np.float32],
    axes: tuple[str, ...],
    width: int,
    bounds: tuple[float, float] | None = None,
) -> Image:
    """Draws any sample (*shape) as a small picture at least `width` pixels wide, (height, width', 3 or 4).

    Sound has time to the right and high bands at the top; a volume is summed up along its depth; a signal is drawn as a
    line. `axes` are those of `Dataset`; a sample whose axes are unknown is drawn row by row. `bounds` are the values at
    the lower and upper edge of a line, by default its own extremes.
    """
    plane = _shrink(_to_plane(sample, axes))
    if plane.ndim == 1:
        return _draw_line(plane, width, bounds or (float(plane.min()), float(plane.max())))
    if plane.ndim == 2:
        low, high = float(plane.min()), float(plane.max())
        colours = _GREY_TABLE if axes == ("channel", "height", "width") else _COLOUR_TABLE
        coloured = colours[((plane - low) / ((high - low) or 1) * 255).astype(np.uint8)]
    else:
        coloured = (plane.clip(0, 1) * 255).astype(np.uint8)
    column_repeat = max(1, -(-width // plane.shape[1]))
    row_repeat = max(1, min(round(column_repeat * (1.6 if "band" in axes else 1)), MAX_SIDE // plane.shape[0]))
    return np.asarray(coloured.repeat(row_repeat, axis=0).repeat(column_repeat, axis=1))


def encode_picture(image: Image, width: int) -> bytes:
    """Returns a picture as a file no wider than `width` pixels: PNG where it is transparent, else JPEG."""
    picture = PillowImage.fromarray(image)
    is_wider = picture.width > width
    if is_wider:
        picture = picture.resize((width, picture.height * width // picture.width), PillowImage.Resampling.BILINEAR)
    file = BytesIO()
    if picture.mode == "RGBA":
        picture.save(file, "PNG")
    else:
        picture.save(file, "JPEG", quality=90 if is_wider else 100)
    return file.getvalue()


def spectrogram_figure(
    features: npt.NDArray[np.float32], seconds: npt.NDArray[np.float64], hertz: npt.NDArray[np.float64] | None
) -> Figure:
    """Draws features (frames, bands) of a sound over time.

    `seconds` are the middles of the frames; `hertz` those of the bands, or None for cepstral coefficients.
    """
    features, times = _average_neighbours(features, 0, MAX_FRAMES), _average_neighbours(seconds, 0, MAX_FRAMES)
    bands = features.shape[1]
    band_labels = (
        [f"{value:,.0f}" for value in hertz] if hertz is not None else [str(number) for number in range(bands)]
    )
    places = np.linspace(0, bands - 1, min(bands, 7)).round().astype(int)
    return Figure(
        Heatmap(
            z=features.T,
            x=times,
            y=np.arange(bands),
            colorscale=COLOUR_SCALE,
            colorbar={"title": {"text": "log energy" if hertz is not None else "value", "side": "right"}},
            hovertemplate="%{x:.2f} s, band %{y}: %{z:.2f}<extra></extra>",
        ),
        {
            "xaxis": {"title": {"text": "time in seconds"}},
            "yaxis": {
                "title": {"text": "frequency in hertz" if hertz is not None else "coefficient"},
                "tickvals": places,
                "ticktext": [band_labels[place] for place in places],
            },
            "margin": MARGIN,
            "height": 300,
        },
    )


def waveform_figure(sound: npt.NDArray[np.int16], rate: int) -> Figure:
    """Draws a sound over time, full scale being 1; of a long one, the lowest and highest sample of each group."""
    group = max(1, -(-len(sound) // (MAX_LINE_POINTS // 2)))
    whole = sound[: len(sound) // group * group].reshape(-1, group) / 2**15
    values = np.stack([whole.min(axis=1), whole.max(axis=1)], axis=1).ravel()
    times = np.repeat(np.arange(len(whole)) * group / rate, 2)
    return Figure(
        Scatter(x=times, y=values, mode="lines", line={"width": 1}, hoverinfo="skip"),
        {
            "xaxis": {"title": {"text": "time in seconds"}, "range": [0, len(sound) / rate]},
            "yaxis": {
                "title": {"text": "amplitude, full scale = 1"},
                "range": [-1, 1] if np.abs(values).max() > 0.25 else None,
            },
            "margin": MARGIN,
            "height": 300,
        },
    )


def _to_plane(sample: npt.NDArray[np.float32], axes: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """Turns a sample into (height, width), (height, width, 3), or (points,) for a line."""
    if axes == ("channel", "time", "band"):
        return np.asarray(sample[0].T[::-1])
    if axes == ("band", "time"):
        return np.asarray(sample[::-1])
    if sample.ndim == 4:
        return np.asarray(sample[0].sum(axis=0))
    if sample.ndim == 3:
        return np.asarray(sample.transpose(1, 2, 0) if len(sample) == 3 else sample[0])
    return np.asarray(sample[0] if sample.ndim == 2 and len(sample) == 1 else sample)


def _shrink(plane: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Shrinks a picture to at most MAX_SIDE rows and columns; a line stays as it is."""
    if plane.ndim == 1:
        return plane
    for axis in (0, 1):
        plane = _average_neighbours(plane, axis, MAX_SIDE)
    return plane


def _average_neighbours(values: npt.NDArray[Real], axis: int, limit: int) -> npt.NDArray[Real]:
    """Averages neighbours along an axis so that at most `limit` values remain."""
    group = -(-values.shape[axis] // limit)
    if group == 1:
        return values
    starts: npt.NDArray[np.int64] = np.arange(0, values.shape[axis], group)
    counts = np.diff([*starts, values.shape[axis]]).reshape(
        [-1 if index == axis else 1 for index in range(values.ndim)]
    )
    return np.asarray(np.add.reduceat(values, starts, axis=axis) / counts, values.dtype)


def _draw_line(values: npt.NDArray[np.float32], width: int, bounds: tuple[float, float]) -> Image:
    """Draws a signal as a band from the lowest to the highest value in each column, on a transparent background."""
    height = width * 2 // 3
    edges = np.linspace(0, len(values), width + 1).astype(int)
    low, high = bounds
    rows = ((high - values) / ((high - low) or 1) * (height - 1)).round().clip(0, height - 1).astype(int)
    image = np.zeros((height, width, 4), np.uint8)
    for column, (start, end) in enumerate(pairwise(edges)):
        column_rows = rows[start : max(end, start + 1)]
        image[column_rows.min() : column_rows.max() + 1, column] = (*LINE_COLOUR, 255)
    return image
