"""Weights from files, checked against a design."""

from pathlib import Path

from cnnviz.architecture import Architecture
from cnnviz.architecture.weights import MAX_HEADER_BYTES, read_weights
from cnnviz.cli.files import read_file
from cnnviz.settings import settings


def read_weights_file(path: Path, architecture: Architecture) -> bytes:
    """Returns the content of a .safetensors file; raises CnnvizError when it is invalid or of another design."""
    content = read_file(path, settings().max_export_bytes + MAX_HEADER_BYTES)
    read_weights(content, architecture, str(path))
    return content
