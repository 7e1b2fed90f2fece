"""Mend: an edit by which a refused stack goes further."""

from __future__ import annotations

from dataclasses import dataclass

from cnnviz.architecture.design import Architecture


@dataclass(frozen=True)
class Mend:
    """An edit that makes a refused stack go further: what it does, and the edited architecture."""

    text: str
    architecture: Architecture
