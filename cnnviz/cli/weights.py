"""Weights from files, checked against the design that they are for."""

from pathlib import Path

from cnnviz.architecture import Architecture
from cnnviz.architecture.weights import MAX_HEADER_BYTES, read_weights
from cnnviz.cli.files import read_file
from cnnviz.settings import settings


def read_weights_file(path: Path, architecture: Architecture) -> bytes:
    """A .safetensors file; raises CnnvizError where it is none, or that of another design."""
    content = read_file(path, settings().max_export_bytes + MAX_HEADER_BYTES)
    read_weights(content, architecture, str(path))
    return content
