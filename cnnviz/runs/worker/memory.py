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
RECLAIMABLE = {"inactive_file", "total_inactive_file"}
"""Entries of the file memory.stat beside them: cached files, which the kernel drops before memory is short."""


def total_bytes(device: torch.device) -> int:
    """Returns the memory of the device in bytes; for the CPU, what this container may use of it."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return cpu_total_bytes()


def cpu_total_bytes() -> int:
    """Returns the bytes of memory that this machine, or this container, has."""
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
            used = int(used_file.read_text()) - _reclaimable_bytes(used_file.with_name("memory.stat"))
            free = min(free, int(limit_file.read_text()) - used)
    return max(int(free), 0)


def _reclaimable_bytes(file: Path) -> int:
    """Returns the bytes of cached files that a container's memory.stat counts as used; of a group and those below."""
    try:
        entries = dict(line.split() for line in file.read_text().splitlines())
    except (OSError, ValueError):
        return 0
    return max((int(entries[name]) for name in RECLAIMABLE & entries.keys()), default=0)


def used_bytes(device: torch.device) -> int:
    """Returns the bytes of the device's memory that this process takes."""
    if device.type == "cuda":
        return int(torch.cuda.memory_reserved(device))
    return int(psutil.Process().memory_info().rss)
