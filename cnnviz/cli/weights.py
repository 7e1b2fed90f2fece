"""Weights from files, checked against the design that they are for."""

from pathlib import Path

from cnnviz.architecture import Architecture
from cnnviz.architecture.weights import MAX_HEADER, read_weights
from cnnviz.cli.files import read
from cnnviz.settings import settings


def weights_file(path: Path, architecture: Architecture) -> bytes:
    """A .safetensors file; raises CnnvizError where it is none, or that of another design."""
    content = read(path, settings().max_export_bytes + MAX_HEADER)
    read_weights(content, architecture, str(path))
    return content
