"""Memory of a device, and how much of it this process takes."""

from contextlib import suppress
from pathlib import Path

import psutil
import torch

MEMORY_LIMIT_FILES = {
    Path("/sys/fs/cgroup/memory.max"): Path("/sys/fs/cgroup/memory.current"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"): Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
}
"""Files with the memory limit of a container, and with what it takes."""


def total_bytes(device: torch.device) -> int:
    """Returns the memory of the device in bytes; for the CPU, what this container may use of it."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    total = psutil.virtual_memory().total
    for file in MEMORY_LIMIT_FILES:
        with suppress(OSError, ValueError):  # not there, or "max"
            total = min(total, int(file.read_text()))
    return int(total)


def free_bytes() -> int:
    """Returns the bytes of memory that are free on this machine, or for this container."""
    free = psutil.virtual_memory().available
    for limit_file, used_file in MEMORY_LIMIT_FILES.items():
        with suppress(OSError, ValueError):
            free = min(free, int(limit_file.read_text()) - int(used_file.read_text()))
    return max(int(free), 0)


def used_bytes(device: torch.device) -> int:
    """Returns the bytes of the device's memory that this process takes."""
    if device.type == "cuda":
        return int(torch.cuda.memory_reserved(device))
    return int(psutil.Process().memory_info().rss)
