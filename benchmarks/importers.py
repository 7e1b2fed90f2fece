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

from benchmarks.damage import good
from benchmarks.hostile import case
from benchmarks.intake import SENT, judged
from benchmarks.table import table, verdict

FILES = 3000
BATCH = 500
"""Files that one process judges."""
SECONDS = 60
"""For one file, before its process is ended."""
EVENTS = frozenset(
    {"os.mkdir", "os.rename", "os.link", "os.symlink", "os.remove", "os.chmod", "subprocess.Popen", "os.system"}
    | {"os.exec", "os.posix_spawn", "os.fork", "socket.connect", "exec", "pickle.find_class"}
)


def child(first: int, last: int, seed: int) -> None:
    """Judge the files of these numbers; a line before and after each."""
    place = Path.cwd()
    deeds: Counter[str] = Counter()
    watched = False

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if watched and (writes or event in EVENTS) and arguments[0] != str(place / SENT):
            deeds[event] += 1

    for importer, contents in good().items():  # everything is imported before anybody watches
        for content in contents:
            if judged(importer, content, place) != "accepted":
                raise RuntimeError(f"a good file was not accepted: {judged(importer, content, place)}")
    sys.addaudithook(hook)
    for number in range(first, last):
        importer, content = case(number, seed)
        print(json.dumps({"number": number, "importer": importer}), flush=True)
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        start, watched = time.perf_counter(), True
        told = judged(importer, content, place)
        spent, watched = time.perf_counter() - start, False
        faulthandler.cancel_dump_traceback_later()
        print(json.dumps({"told": told, "seconds": spent}), flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"deeds": deeds, "peak": peak}), flush=True)


@dataclass
class Verdicts:
    """What came of the files so far."""

    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    slowest: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    crashes: list[str] = field(default_factory=list)
    deeds: Counter[str] = field(default_factory=Counter)
    peak: float = 0

    def hear(self, output: str) -> str | None:
        """Count what a child told; the file that it was at when it ended, if it was at one."""
        pending = None
        for line in map(json.loads, output.splitlines()):
            if "importer" in line:
                importer, pending = line["importer"], f"{line['number']} {line['importer']}"
            elif "told" in line:
                self._judge(importer, str(pending), line["told"])
                self.slowest[importer] = max(self.slowest[importer], line["seconds"])
                pending = None
            else:
                self.deeds.update(line["deeds"])
                self.peak = max(self.peak, line["peak"])
        if pending:
            self._judge(importer, pending, "the process has ended")
        return pending

    def _judge(self, importer: str, file: str, told: str) -> None:
        well = told in ("accepted", "refused")
        self.counts[importer][told if well else "crashed"] += 1
        if not well:
            self.crashes.append(f"{file}: {told}")

    def show(self) -> None:
        """Print a line for each importer and the sums."""
        words = "accepted", "refused", "crashed"
        rows = [
            (importer, *(f"{each[word]:,}" for word in words), f"{self.slowest[importer]:.2f}")
            for importer, each in sorted(self.counts.items())
        ]
        total = sum(self.counts.values(), Counter[str]())
        rows.append(("all", *(f"{total[word]:,}" for word in words), f"{max(self.slowest.values()):.2f}"))
        print(table(("importer", "accepted", "refused with a sentence", "crashed", "slowest, s"), rows))
        print(
            f"\n{total.total():,} files; largest process {self.peak:,.0f} MB; deeds seen: {dict(self.deeds) or 'none'}"
        )
        print("".join(f"{crash}\n" for crash in self.crashes), end="")


def run(files: int, seed: int) -> int:
    """Judge so many files and print what came of them; crashes, deeds and files left behind."""
    verdicts = Verdicts()
    with tempfile.TemporaryDirectory() as place:
        data, elsewhere = Path(place, "data"), Path(place, "elsewhere")
        data.mkdir()
        elsewhere.mkdir()
        surroundings = os.environ | dict.fromkeys(("TMPDIR", "HOME"), str(elsewhere)) | {"PYTHONPATH": str(Path.cwd())}
        first = 0
        while first < files:
            last = min(first + BATCH, files)
            command = [sys.executable, "-m", "benchmarks.importers", "--child", *map(str, (first, last, seed))]
            done = subprocess.run(command, cwd=data, env=surroundings, capture_output=True, text=True, check=False)
            at = verdicts.hear(done.stdout)
            if done.returncode:
                print(done.stderr[-3000:])
                if not at:
                    raise RuntimeError("a child ended without a file at hand")
            first = int(at.split()[0]) + 1 if at else last
        left = [path for path in Path(place).rglob("*") if not path.is_dir()]
        outside = sum(path.lstat().st_size for path in left if data not in path.parents)
    verdicts.show()
    print(f"Files left behind: {len(left)}; bytes outside the data folder: {outside:,}")
    bad = len(verdicts.crashes) + verdicts.deeds.total() + len(left)
    print(f"{len(verdicts.crashes)} crashes, {bad} in all with deeds and files, goal 0: {verdict(bad, 0)}")
    return bad


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--child", type=int, nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(*arguments.child)
    else:
        raise SystemExit(1 if run(arguments.files, arguments.seed) else 0)


if __name__ == "__main__":
    main()
