"""How busy the processor or the GPU of a device is."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import psutil

from cnnviz.runs.worker import memory

FRESH_SECONDS = 1.0


@dataclass(frozen=True)
class DeviceLoad:
    """What a device does at a moment; None where it does not say."""

    title: str
    utilisation: float | None = None
    """Share of the time in which it worked, from 0 to 1."""
    used_bytes: int | None = None
    total_bytes: int | None = None
    celsius: float | None = None


class LoadReader:
    """Reads the load of this machine's devices, not more often than once in FRESH_SECONDS."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._read: dict[str, tuple[float, DeviceLoad]] = {}

    def load(self, device: str) -> DeviceLoad:
        """Returns the load of a device, named as torch does, such as `cpu` or `cuda:0`."""
        with self._lock:
            read_at, load = self._read.get(device, (float("-inf"), DeviceLoad(device)))
            if self._clock() - read_at >= FRESH_SECONDS:
                load = _gpu_load(device) if device.startswith("cuda") else _cpu_load()
                self._read[device] = self._clock(), load
            return load


def _cpu_load() -> DeviceLoad:
    """Returns the load of the processor since it was last asked for."""
    cores = psutil.cpu_count() or 1
    total = memory.cpu_total_bytes()
    return DeviceLoad(
        f"CPU, {cores} core{'s' * (cores != 1)}",
        psutil.cpu_percent(interval=None) / 100,
        total - memory.free_bytes(),
        total,
    )


def _gpu_load(device: str) -> DeviceLoad:
    """Returns the load of a GPU as its driver tells it; only its name where that says nothing."""
    import pynvml  # noqa: PLC0415 (only where there is a GPU)

    number = int(device.partition(":")[2] or 0)
    with suppress(pynvml.NVMLError):
        pynvml.nvmlInit()
        try:
            handle = pynvml.nvmlDeviceGetHandleByIndex(number)
            used = pynvml.nvmlDeviceGetMemoryInfo(handle)
            busy = pynvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100
            celsius = float(pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU))
            name = str(pynvml.nvmlDeviceGetName(handle))
            return DeviceLoad(name, busy, int(used.used), int(used.total), celsius)
        finally:
            pynvml.nvmlShutdown()
    return DeviceLoad(device)


LOAD_READER = LoadReader()
"""For all pages of this server."""
