"""Small designs for the digits, and runs of them."""

import time
import uuid

import torch
from safetensors.torch import save

from cnnviz.architecture import Architecture
from cnnviz.digests import add_digest
from cnnviz.layers import Flatten, Linear, LogSoftmax
from cnnviz.runs.run import Run, Status
from cnnviz.training.config import TrainConfig

ANNA, BERT = "s" + "a" * 31, "s" + "b" * 31
NET = Architecture(input_shape=(1, 8, 8), layers=[Flatten(), Linear(out_features=10), LogSoftmax(dim=1)])
DIVERGING = Architecture(
    input_shape=(1, 8, 8), layers=[Flatten(), *[Linear(out_features=32)] * 3, Linear(out_features=10)]
)
SHORT = TrainConfig(dataset="digits", epochs=2)
ENDLESS = TrainConfig(dataset="digits", epochs=1000)


def make_run(owner: str = ANNA, **values: object) -> Run:
    """A run as it is when it is submitted."""
    start = {
        "id": uuid.uuid4().hex,
        "owner": owner,
        "device": "cpu",
        "architecture": NET,
        "config": SHORT,
        "status": Status.QUEUED,
        "created": time.time(),
    }
    return Run(**start | values)  # type: ignore[arg-type]


def tensor_file(name: str) -> bytes:
    """A safetensors file, as it is stored, with one tensor of this name."""
    return add_digest(save({name: torch.ones(1)}))
