"""The zip of a complete run, which any cnnviz can import; the same run always gives the same bytes."""

import io
import stat
import zipfile
from collections.abc import Mapping

from cnnviz.charts.points_file import points_to_csv, points_to_json
from cnnviz.presets import net_name
from cnnviz.takehome.manifest import build_manifest
from cnnviz.takehome.run_archive import RunArchive

RUN_FILE, DESIGN_FILE, CONFIG_FILE, POINTS_FILE = "run.json", "design.json", "config.json", "points.csv"
WEIGHTS_FILE, PREDICTIONS_FILE = "weights.safetensors", "predictions.safetensors"
"""Files that an import reads; the others are for people and other programs."""
POINTS_JSON_FILE, README_FILE = "points.json", "README.txt"

FILE_DESCRIPTIONS = {
    RUN_FILE: "a description of the run: title, data set, classes, scaling of the samples, and how it ended",
    DESIGN_FILE: "the design, which the Design page can open",
    CONFIG_FILE: "the settings of the training",
    POINTS_FILE: "every number of the training: step, epoch, split, metric, value",
    POINTS_JSON_FILE: "the same numbers as JSON",
    WEIGHTS_FILE: "the weights of the best epoch as a PyTorch state dict; load it with safetensors.torch.load_file",
    PREDICTIONS_FILE: "for the test samples: probabilities (samples, classes) and y, the index of the true class",
    "report.html": "a report to read or print; it opens in any browser, even offline",
    "charts/accuracy.svg": "a chart of the accuracy over the epochs",
    "charts/loss.svg": "a chart of the loss over the epochs",
    "train.py": "a script that trains this net again, without cnnviz",
    "train.ipynb": "the same script as a Jupyter notebook",
    "model.onnx": "the trained net for onnxruntime, Netron and other programs; its metadata says how to scale samples",
    "model-with-scaling.onnx": "the same net, which scales the samples itself: it takes them as the data set has them",
    "tensorboard/events.out.tfevents.0.cnnviz": "the numbers for TensorBoard; run: tensorboard --logdir tensorboard",
}
"""Descriptions of the files by name, in the order of README.txt."""

_ZIP_TIMESTAMP = (1980, 1, 1, 0, 0, 0)
_ZIP_UNIX_SYSTEM = 3


def pack(archive: RunArchive, files: Mapping[str, bytes], missing: Mapping[str, str] | None = None) -> bytes:
    """Returns a zip of the run itself and of `files` by name; `missing` gives the reason for each file left out.

    Arrays are stored uncompressed: deflate gains nothing on weights, and careful readers of zips take a file that
    compresses too well for a zip bomb. All other files are deflated.
    """
    all_files = {**files, **run_files(archive)}
    order = {name: index for index, name in enumerate(FILE_DESCRIPTIONS)}
    names = sorted(all_files, key=lambda name: (order.get(name, len(order)), name))
    readme = {README_FILE: _readme_text(archive, names, missing or {}).encode()}
    return write_zip(readme | {name: all_files[name] for name in names})


def write_zip(files: Mapping[str, bytes]) -> bytes:
    """Returns a zip of these files by name, in their order; the same files always give the same bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as zip_file:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, _ZIP_TIMESTAMP)
            info.create_system, info.external_attr = _ZIP_UNIX_SYSTEM, (stat.S_IFREG | 0o644) << 16
            info.compress_type = zipfile.ZIP_STORED if name.endswith(".safetensors") else zipfile.ZIP_DEFLATED
            zip_file.writestr(info, content)
    return stream.getvalue()


def run_files(archive: RunArchive) -> dict[str, bytes]:
    """Returns the files that describe the run itself, by name."""
    text_files = {
        RUN_FILE: build_manifest(archive).model_dump_json(indent=2, exclude_unset=True),
        DESIGN_FILE: archive.architecture.to_json(),
        CONFIG_FILE: archive.config.model_dump_json(indent=2),
        POINTS_FILE: points_to_csv(archive.points),
        POINTS_JSON_FILE: points_to_json(archive.points),
    }
    files = {name: text.encode() for name, text in text_files.items()}
    if archive.weights is not None:
        files[WEIGHTS_FILE] = archive.weights
    if archive.predictions is not None:
        files[PREDICTIONS_FILE] = archive.predictions.to_bytes()
    return files


def _readme_text(archive: RunArchive, names: list[str], missing: Mapping[str, str]) -> str:
    title = build_manifest(archive).title.replace("\n", " ") or net_name(archive.architecture)
    width = max(map(len, names))
    return "\n".join(
        [
            f"{title}, trained with cnnviz",
            "",
            *(f"{name:{width}}  {FILE_DESCRIPTIONS.get(name, '')}".rstrip() for name in names),
            *(f"{name:{width}}  is missing: {reason}" for name, reason in missing.items()),
            "",
            "Import this zip into cnnviz to look at the run, compare it with others, or train again from it.",
            "",
        ]
    )
