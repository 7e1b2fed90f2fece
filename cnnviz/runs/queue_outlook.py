"""What is to come for runs that wait or are in turn, on all devices of a server."""

from collections.abc import Mapping

from cnnviz.runs.device import Device
from cnnviz.runs.run import Run


class QueueOutlook:
    """What the devices, by name, tell of their queues."""

    def __init__(self, devices: Mapping[str, Device]) -> None:
        self._devices = devices

    def runs_ahead(self, run: Run) -> int | None:
        """Returns how many runs get their first turn before this one, which waits until others make room for it.

        None for any other run: one in turn, or set aside after its turn, or held until another of its owner has ended.
        """
        device = self._devices.get(run.device)
        return device.forecast(run.id).places.get(run.id) if device else 0

    def owners_in_turn(self, run: Run) -> list[str]:
        """Returns the owners of the runs that have their turns on the device of a run, each once."""
        device = self._devices.get(run.device)
        return list(dict.fromkeys(device.owners_in_turn)) if device else []

    def is_held(self, run: Run) -> bool:
        """Returns whether a run waits until another one of its owner has ended, as they have as many as they may."""
        device = self._devices.get(run.device)
        return device is not None and run.id in device.forecast(run.id).seconds_to_begin

    def seconds_left(self, run: Run) -> float | None:
        """Returns the seconds until a run in turn will have ended, or one that is held begins; None if unknown."""
        device = self._devices.get(run.device)
        return device.forecast(run.id).seconds_left(run.id) if device else None
