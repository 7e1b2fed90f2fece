"""Number of processor cores that a training process may keep busy."""

import os
from contextlib import suppress
from pathlib import Path

import torch

CPU_QUOTA_FILE = Path("/sys/fs/cgroup/cpu.max")
"""File with a container's share of the processors: microseconds and period, or "max"."""


def available_cores() -> int:
    """Returns the number of cores that this process may use, limited by machine, scheduler and container."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):  # not there, or "max"
        quota, period = map(int, CPU_QUOTA_FILE.read_text().split())
        count = min(count, quota // period)
    return max(count, 1)


def training_threads(device: torch.device, requested: int) -> int:
    """Returns the CPU threads for training on a device: `requested`, or else all cores for the CPU, one for a GPU.

    There is one such process, niced, so pages come first. Two of them with two threads each on two cores would take
    longer than with one each: their threads wait for each other.
    """
    return requested or (available_cores() if device.type == "cpu" else 1)
