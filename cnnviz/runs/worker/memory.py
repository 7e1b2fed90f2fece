"""How much memory a device has, and how much of it this process takes."""

from contextlib import suppress
from pathlib import Path

import psutil
import torch

MEMORY_LIMIT_FILES = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where Linux tells the limit of a container."""


def total_bytes(device: torch.device) -> int:
    """Bytes that the device has; of a machine's memory, those that this container may use."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    total = psutil.virtual_memory().total
    for file in MEMORY_LIMIT_FILES:
        with suppress(OSError, ValueError):  # not there, or "max"
            total = min(total, int(file.read_text()))
    return int(total)


def used_bytes(device: torch.device) -> int:
    """Bytes that this process has of the device's memory."""
    if device.type == "cuda":
        return int(torch.cuda.memory_reserved(device))
    return int(psutil.Process().memory_info().rss)
