"""Free memory of a container."""

from pathlib import Path

import pytest

from cnnviz.runs.worker import memory
from cnnviz.runs.worker.memory import free_bytes

STATS = {
    "memory.current": "anon 400\ninactive_file 250\nactive_file 50\n",
    "memory.usage_in_bytes": "cache 300\ninactive_file 10\ntotal_inactive_file 250\n",
}


@pytest.mark.parametrize("used_name", STATS)
def test_cached_files_that_the_kernel_would_drop_count_as_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, used_name: str
) -> None:
    limit, used = tmp_path / "limit", tmp_path / used_name
    limit.write_text("1000\n")
    used.write_text("700\n")
    monkeypatch.setattr(memory, "MEMORY_LIMIT_FILES", {limit: used})
    assert free_bytes() == 300
    (tmp_path / "memory.stat").write_text(STATS[used_name])
    assert free_bytes() == 550
    (tmp_path / "memory.stat").write_text("something else")
    assert free_bytes() == 300
