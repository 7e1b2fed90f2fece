"""Memory of a device, and how much of it this process takes."""

from contextlib import suppress
from pathlib import Path

import psutil
import torch

MEMORY_LIMIT_FILES = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Files with the memory limit of a container."""


def total_bytes(device: torch.device) -> int:
    """Returns the memory of the device in bytes; for the CPU, what this container may use of it."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    total = psutil.virtual_memory().total
    for file in MEMORY_LIMIT_FILES:
        with suppress(OSError, ValueError):  # not there, or "max"
            total = min(total, int(file.read_text()))
    return int(total)


def used_bytes(device: torch.device) -> int:
    """Returns the bytes of the device's memory that this process takes."""
    if device.type == "cuda":
        return int(torch.cuda.memory_reserved(device))
    return int(psutil.Process().memory_info().rss)
