"""What --report costs a load: `python benchmarks/report_cost.py [ROUNDS] [FILE...]`.

Whole processes with two workers, each into a new database, with the option and without it in turn; medians of wall
seconds and of the CPU seconds of all processes. Without files, two are made: 500,000 clean rows and 300,000 dirty ones.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOADER = HERE.parent / "etl" / "process_csv.py"
FILES = (("clean", 500_000), ("dirty", 300_000))


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    paths = [Path(given) for given in sys.argv[2:]] or [made(kind, rows) for kind, rows in FILES]
    print("| file | wall s | with --report | ratio | CPU s | with --report | ratio |\n|---|--:|--:|--:|--:|--:|--:|")
    for path in paths:
        plain, reported = measure(path, rounds)
        cells = []
        for one, other in zip(plain, reported, strict=True):
            cells += [f"{one:.2f}", f"{other:.2f}", f"{other / one:.2f}"]
        print(f"| {path.stem} | {' | '.join(cells)} |")


def made(kind: str, rows: int) -> Path:
    path = HERE / "data" / f"{kind}-{rows}.csv"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        subprocess.run([sys.executable, str(HERE / "make_data.py"), kind, str(rows), str(path)], check=True)
    return path


def measure(path: Path, rounds: int) -> list[list[float]]:
    """Medians of wall and CPU seconds, without and with the report; a first round warms the caches."""
    taken: list[list[tuple[float, float]]] = [[], []]
    for number in range(rounds + 1):
        for kind in (0, 1):
            spent = load(path, reported=bool(kind))
            if number:
                taken[kind].append(spent)
    return [[statistics.median(column) for column in zip(*rows, strict=True)] for rows in taken]


def load(path: Path, *, reported: bool) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, LOADER, path, "--db", f"{folder}/b.db", "--log-file", f"{folder}/b.log"]
        command += ["--workers", "2", "--quiet", *(["--report", f"{folder}/b.html"] if reported else [])]
        began = time.perf_counter()
        process = os.posix_spawn(sys.executable, list(map(str, command)), dict(os.environ))
        _pid, status, used = os.wait4(process, 0)
        wall = time.perf_counter() - began
        if status:
            raise SystemExit(f"{path} was not loaded")
    return wall, used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
