"""The names of the devices that a server trains on."""

import torch

from cnnviz.errors import CnnvizError
from cnnviz.settings import Settings


def device_names(limits: Settings) -> list[str]:
    """Returns the names of the devices to train on; raises CnnvizError for one that does not exist."""
    gpus = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    configured = [name.strip() for name in limits.devices.split(",") if name.strip()]
    for name in configured:
        if name not in ("cpu", *gpus):
            raise CnnvizError(f"CNNVIZ_DEVICES names {name!r}; here are {', '.join(['cpu', *gpus])}.")
    return configured or gpus or ["cpu"]
