"""Every exact point of a run as a file."""

import csv
import io
import json
from collections.abc import Iterable

COLUMNS = ("step", "epoch", "split", "metric", "value")

PointRows = Iterable[tuple[int, int, str, str, float]]
"""Points of a training, their fields in the order of COLUMNS."""


def points_to_csv(points: PointRows) -> str:
    r"""A line per point below the names of the columns; numbers are written so that they read back the same.

    >>> points_to_csv([(1, 1, "batch", "loss", 0.1)])
    'step,epoch,split,metric,value\n1,1,batch,loss,0.1\n'
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(points)
    return text.getvalue()


def points_to_json(points: PointRows) -> str:
    """A list with an object per point.

    >>> points_to_json([(1, 1, "batch", "loss", 0.1)])
    '[{"step": 1, "epoch": 1, "split": "batch", "metric": "loss", "value": 0.1}]'
    """
    return json.dumps([dict(zip(COLUMNS, point, strict=True)) for point in points])
