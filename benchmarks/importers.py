"""What the importers do with files that are damaged or made to do harm.

Every file must be taken or refused with a sentence; nothing else may come out of an importer, no process may die of
one, none may take longer than a minute. Each importer runs in a child process, so that a death in a library counts as
one; an audit hook sees every file that Python opens for writing, every folder, link or process it makes and every
connection; and what lies in the child's folders afterwards is counted.
"""

import argparse
import faulthandler
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.damage import valid_files
from benchmarks.hostile import hostile_file
from benchmarks.import_file import TAR_NAME, import_file
from benchmarks.table import table, verdict

FILES = 3000
BATCH = 500
"""Files that one process judges."""
SECONDS = 60
"""For one file, before its process is ended."""
WATCHED_EVENTS = frozenset(
    {"os.mkdir", "os.rename", "os.link", "os.symlink", "os.remove", "os.chmod", "subprocess.Popen", "os.system"}
    | {"os.exec", "os.posix_spawn", "os.fork", "socket.connect", "exec", "pickle.find_class"}
)


def import_files(first: int, last: int, seed: int) -> None:
    """Imports the files of these numbers and prints a line of JSON before and after each."""
    folder = Path.cwd()
    events: Counter[str] = Counter()
    is_watching = False

    def count_event(event: str, arguments: tuple[object, ...]) -> None:
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if is_watching and (writes or event in WATCHED_EVENTS) and arguments[0] != str(folder / TAR_NAME):
            events[event] += 1

    for importer, contents in valid_files().items():  # loads all modules before the audit hook counts
        for content in contents:
            if import_file(importer, content, folder) != "accepted":
                raise RuntimeError(f"a valid file was not accepted: {import_file(importer, content, folder)}")
    sys.addaudithook(count_event)
    for number in range(first, last):
        importer, content = hostile_file(number, seed)
        print(json.dumps({"number": number, "importer": importer}), flush=True)
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        start, is_watching = time.perf_counter(), True
        outcome = import_file(importer, content, folder)
        seconds, is_watching = time.perf_counter() - start, False
        faulthandler.cancel_dump_traceback_later()
        print(json.dumps({"outcome": outcome, "seconds": seconds}), flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"events": events, "peak": peak}), flush=True)


@dataclass
class ImportCounts:
    """Counts of accepted, refused and crashed files, by importer, and what the audit hook saw."""

    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    slowest: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    crashes: list[str] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)
    peak: float = 0

    def add_output(self, output: str) -> str | None:
        """Counts what a child printed; returns the file that it was importing when it ended, if any."""
        pending = None
        for line in map(json.loads, output.splitlines()):
            if "importer" in line:
                importer, pending = line["importer"], f"{line['number']} {line['importer']}"
            elif "outcome" in line:
                self._count(importer, str(pending), line["outcome"])
                self.slowest[importer] = max(self.slowest[importer], line["seconds"])
                pending = None
            else:
                self.events.update(line["events"])
                self.peak = max(self.peak, line["peak"])
        if pending:
            self._count(importer, pending, "the process has ended")
        return pending

    def _count(self, importer: str, file: str, outcome: str) -> None:
        is_expected = outcome in ("accepted", "refused")
        self.counts[importer][outcome if is_expected else "crashed"] += 1
        if not is_expected:
            self.crashes.append(f"{file}: {outcome}")

    def print_table(self) -> None:
        """Prints a row for each importer, and the sums."""
        words = "accepted", "refused", "crashed"
        rows = [
            (importer, *(f"{counts[word]:,}" for word in words), f"{self.slowest[importer]:.2f}")
            for importer, counts in sorted(self.counts.items())
        ]
        total = sum(self.counts.values(), Counter[str]())
        rows.append(("all", *(f"{total[word]:,}" for word in words), f"{max(self.slowest.values()):.2f}"))
        print(table(("importer", "accepted", "refused with a sentence", "crashed", "slowest, s"), rows))
        events = dict(self.events) or "none"
        print(f"\n{total.total():,} files; largest process {self.peak:,.0f} MB; audit events: {events}")
        print("".join(f"{crash}\n" for crash in self.crashes), end="")


def run_children(files: int, seed: int) -> int:
    """Imports files and prints the counts; returns the number of crashes, audit events and files left behind."""
    import_counts = ImportCounts()
    with tempfile.TemporaryDirectory() as folder:
        data, temp_folder = Path(folder, "data"), Path(folder, "temp")
        data.mkdir()
        temp_folder.mkdir()
        environment = os.environ | dict.fromkeys(("TMPDIR", "HOME"), str(temp_folder)) | {"PYTHONPATH": str(Path.cwd())}
        first = 0
        while first < files:
            last = min(first + BATCH, files)
            command = [sys.executable, "-m", "benchmarks.importers", "--child", *map(str, (first, last, seed))]
            process = subprocess.run(command, cwd=data, env=environment, capture_output=True, text=True, check=False)
            crashed_file = import_counts.add_output(process.stdout)
            if process.returncode:
                print(process.stderr[-3000:])
                if not crashed_file:
                    raise RuntimeError("a child process failed while it imported no file")
            first = int(crashed_file.split()[0]) + 1 if crashed_file else last
        left_behind = [path for path in Path(folder).rglob("*") if not path.is_dir()]
        outside = sum(path.lstat().st_size for path in left_behind if data not in path.parents)
    import_counts.print_table()
    print(f"Files left behind: {len(left_behind)}; bytes outside the data folder: {outside:,}")
    crashes = len(import_counts.crashes)
    violations = crashes + import_counts.events.total() + len(left_behind)
    print(f"{crashes} crashes, {violations} in all with audit events and files, goal 0: {verdict(violations, 0)}")
    return violations


def main() -> None:
    """Reads the arguments and runs the benchmark, or a child process of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--child", type=int, nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        import_files(*arguments.child)
    else:
        raise SystemExit(1 if run_children(arguments.files, arguments.seed) else 0)


if __name__ == "__main__":
    main()
