"""Everything of a run in one zip, which any cnnviz reads back; the same run gives the same bytes."""

import io
import stat
import zipfile
from collections.abc import Mapping

from cnnviz.charts.record import csv_record, json_record
from cnnviz.presets import net_name
from cnnviz.takehome.manifest import manifest
from cnnviz.takehome.parcel import Parcel

RUN, DESIGN, CONFIG, POINTS = "run.json", "design.json", "config.json", "points.csv"
WEIGHTS, PREDICTIONS = "weights.safetensors", "predictions.safetensors"
"""The files that are read back; the others are for people and other programs."""
POINTS_JSON, README = "points.json", "README.txt"

ABOUT = {
    RUN: "what the run was: title, data set, classes, scale of the samples, and how it ended",
    DESIGN: "the design; the Design page opens it",
    CONFIG: "the settings of the training",
    POINTS: "every number of the training: step, epoch, split, metric, value",
    POINTS_JSON: "the same numbers as JSON",
    WEIGHTS: "the trained weights of the best epoch, a PyTorch state dict; safetensors.torch.load_file reads it",
    PREDICTIONS: "the test samples: probabilities (samples, classes) and y, the number of the right class",
    "report.html": "what came of it, to read and to print; opens in any browser, without a network",
    "charts/accuracy.svg": "the accuracy over the epochs",
    "charts/loss.svg": "the loss over the epochs",
    "train.py": "a script that trains this net once more, without cnnviz",
    "train.ipynb": "the same as a notebook",
    "model.onnx": "the trained net for onnxruntime, Netron and other programs",
    "tensorboard/events.out.tfevents.0.cnnviz": "the numbers for TensorBoard: tensorboard --logdir tensorboard",
}
"""What each file is, in the order in which README.txt tells them."""

_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3


def pack(parcel: Parcel, files: Mapping[str, bytes], missing: Mapping[str, str] | None = None) -> bytes:
    """A zip of the run itself and of `files`, by their names; `missing` are files that could not be made, with why.

    Arrays are stored as they are: deflate gains nothing on weights, and what repeats itself too much is taken for a
    bomb by those who read zips with care. All else is deflated.
    """
    all_files = {**files, **own(parcel)}
    order = {name: place for place, name in enumerate(ABOUT)}
    names = sorted(all_files, key=lambda name: (order.get(name, len(order)), name))
    told = {README: _readme(parcel, names, missing or {}).encode()}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in (told | {name: all_files[name] for name in names}).items():
            info = zipfile.ZipInfo(name, _TIME)
            info.create_system, info.external_attr = _UNIX, (stat.S_IFREG | 0o644) << 16
            info.compress_type = zipfile.ZIP_STORED if name.endswith(".safetensors") else zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return stream.getvalue()


def own(parcel: Parcel) -> dict[str, bytes]:
    """The files of the run itself, by name."""
    told = {
        RUN: manifest(parcel).model_dump_json(indent=2, exclude_unset=True),
        DESIGN: parcel.architecture.to_json(),
        CONFIG: parcel.config.model_dump_json(indent=2),
        POINTS: csv_record(parcel.points),
        POINTS_JSON: json_record(parcel.points),
    }
    files = {name: text.encode() for name, text in told.items()}
    if parcel.weights is not None:
        files[WEIGHTS] = parcel.weights
    if parcel.predictions is not None:
        files[PREDICTIONS] = parcel.predictions.to_bytes()
    return files


def _readme(parcel: Parcel, names: list[str], missing: Mapping[str, str]) -> str:
    title = manifest(parcel).title.replace("\n", " ") or net_name(parcel.architecture)
    width = max(map(len, names))
    return "\n".join(
        [
            f"{title}, trained with cnnviz",
            "",
            *(f"{name:{width}}  {ABOUT.get(name, '')}".rstrip() for name in names),
            *(f"{name:{width}}  is not here: {reason}" for name, reason in missing.items()),
            "",
            "cnnviz reads this zip back as it is: a run to look at, to compare and to begin again from.",
            "",
        ]
    )
