import os
from pathlib import Path

import pytest
import torch

from cnnviz.runs.worker import cores as module
from cnnviz.runs.worker.cores import available_cores, training_threads


@pytest.mark.parametrize(
    ("text", "expected"), [("max 100000", 8), ("250000 100000", 2), ("50000 100000", 1), ("nonsense", 8), (None, 8)]
)
def test_a_container_has_the_cores_that_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, expected: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(module, "CPU_QUOTA_FILE", tmp_path / "cpu.max")
    if text is not None:
        (tmp_path / "cpu.max").write_text(text)
    assert available_cores() == expected


def test_all_cores_train_on_the_cpu_and_one_waits_for_a_gpu_unless_told_otherwise() -> None:
    assert training_threads(torch.device("cpu"), 0) == available_cores()
    assert training_threads(torch.device("cuda:0"), 0) == 1
    assert training_threads(torch.device("cpu"), 3) == training_threads(torch.device("cuda:0"), 3) == 3
