"""Whether anything is lost when workers and servers are killed, many times at random moments.

Two students train; their worker, or the whole server, gets SIGKILL after so many more points as a random number says.
In the end both curves must be those of undisturbed runs, to the last bit. The test suite does the same twice.
"""

import argparse
import os
import random
import tempfile
import time

from benchmarks.table import table
from cnnviz.processes.launcher import FORK_SERVER
from cnnviz.settings import settings
from tests.runs.recovery import kill_servers, kill_workers

EPOCHS_PER_ROUND = 30
"""Enough for the largest number of points between two kills."""


def main() -> None:
    """Kills and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=None, help="of the moments; without it, others each time")
    options = parser.parse_args()
    FORK_SERVER.enable()
    rows = []
    for victim, kill in {"worker": kill_workers, "server": kill_servers}.items():
        with tempfile.TemporaryDirectory() as folder:
            os.environ |= {
                "CNNVIZ_DATA_DIR": folder,
                "CNNVIZ_CHECKPOINT_SECONDS": "0.1",
                "CNNVIZ_THREADS": "1",
                "CNNVIZ_DEVICES": "cpu",
            }
            settings.cache_clear()
            start = time.monotonic()
            kills = kill(options.rounds, random.Random(options.seed), EPOCHS_PER_ROUND * options.rounds)
        curves = "equal" if kills.curves_equal else "DIFFERENT"
        seconds = f"{time.monotonic() - start:.0f}"
        rows.append((victim, len(kills.points_before), kills.points_before[-1], kills.lost_points, curves, seconds))
    print(table(["killed", "times", "points at the last", "points lost", "curves in the end", "s"], rows))


if __name__ == "__main__":
    main()
