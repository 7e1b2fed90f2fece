"""Files with every point of a run, without any loss of precision."""

import csv
import io
import json
from collections.abc import Iterable

COLUMNS = ("step", "epoch", "split", "metric", "value")

PointRows = Iterable[tuple[int, int, str, str, float]]
"""Points of a training, with their fields in the order of COLUMNS."""


def points_to_csv(points: PointRows) -> str:
    r"""Writes a header and a line per point; numbers are written so that they are read back unchanged.

    >>> points_to_csv([(1, 1, "batch", "loss", 0.1)])
    'step,epoch,split,metric,value\n1,1,batch,loss,0.1\n'
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(points)
    return text.getvalue()


def points_to_json(points: PointRows) -> str:
    """Writes a list with an object per point.

    >>> points_to_json([(1, 1, "batch", "loss", 0.1)])
    '[{"step": 1, "epoch": 1, "split": "batch", "metric": "loss", "value": 0.1}]'
    """
    text = io.StringIO()  # not a list of millions of objects
    for number, point in enumerate(points):
        text.write(("[", ", ")[number > 0] + json.dumps(dict(zip(COLUMNS, point, strict=True))))
    return f"{text.getvalue() or '['}]"
