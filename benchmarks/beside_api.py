"""What a large load and the API do to each other when they share one SQLite file.

    python benchmarks/beside_api.py [--rows 1500000] [--clients 4] [--pace 0.05] [--rounds 3] [--data FOLDER]

The API is served with two workers. Each round loads the clean file of make_data.py into a new database while clients
read and write, and once more over the table that is there; before and after, into another one with nobody there. A
client sends its next two requests, a write and a read, `pace` seconds after the last answer. In the end every write
that was acknowledged must be in the file. Prints latencies in ms, errors, and what the loads took.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from api_speed import SECRET, free_port  # noqa: E402
from at_work import at_work  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT = {"username": "benchmark", "password": "benchmark's own"}
QUIET_SECONDS = 5


@dataclass
class Client:
    """Somebody who reads and writes tasks in turn, and remembers what was acknowledged."""

    port: int
    token: str
    name: str
    pace: float
    reads: list[float] = field(default_factory=list)
    writes: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    made: set[str] = field(default_factory=set)
    changed: tuple[str, str] = ("", "")  # the address of a task, and the title that it was given last

    def run(self, stop: threading.Event) -> None:
        """Go on until told to stop."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            while not stop.wait(self.pace):
                for read in (False, True):
                    try:
                        self._read(connection) if read else self._write(connection)
                    except (OSError, http.client.HTTPException) as error:
                        self.errors.append(repr(error))
                        connection.close()

    def _read(self, connection: http.client.HTTPConnection) -> None:
        path = self.changed[0] if len(self.reads) % 2 and self.changed[0] else "/tasks"
        self._ask(connection, self.reads, 200, "GET", path)

    def _write(self, connection: http.client.HTTPConnection) -> None:
        title = f"{self.name} {len(self.writes)}"
        if len(self.writes) % 3 == 2 and self.changed[0]:
            if self._ask(connection, self.writes, 200, "PUT", self.changed[0], {"title": title}):
                self.changed = self.changed[0], title
        else:
            place = self._ask(connection, self.writes, 201, "POST", "/tasks", {"title": title})
            if place:
                self.made.add(place)
                self.changed = self.changed if self.changed[0] else (place, title)

    def _ask(
        self,
        connection: http.client.HTTPConnection,
        times: list[float],
        wanted: int,
        method: str,
        path: str,
        body: dict[str, str] | None = None,
    ) -> str:
        """The Location of what was made, else the path; nothing where it went wrong."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        began = time.perf_counter()
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        said = answer.read()
        times.append((time.perf_counter() - began) * 1000)
        if answer.status == wanted:
            return answer.headers.get("Location") or path
        self.errors.append(f"{method} {path}: {answer.status} {said[:200]!r}")
        return ""


@contextmanager
def served(database: Path) -> Iterator[tuple[int, str]]:
    """The API on a database, with two workers: its port, and somebody's token."""
    port = free_port()
    environment = os.environ | {"DATABASE_URL": str(database), "JWT_SECRET_KEY": SECRET}
    command = [sys.executable, ROOT / "main.py", "--port", str(port), "--workers", "2"]
    with database.with_suffix(".log").open("a") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        ask(port, "/healthz", patient=True)
        ask(port, "/register", ACCOUNT)
        yield port, json.loads(ask(port, "/login", ACCOUNT))["access_token"]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def ask(port: int, path: str, body: dict[str, str] | None = None, *, patient: bool = False) -> bytes:
    """An answer; patient: of a server that is about to start."""
    while True:
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
                headers = {"Content-Type": "application/json"}
                connection.request("POST" if body else "GET", path, json.dumps(body) if body else None, headers)
                return connection.getresponse().read()
        except ConnectionRefusedError:
            if not patient:
                raise
            time.sleep(0.1)


@dataclass(frozen=True)
class Load:
    """What a load took: seconds, and seconds of the processors' time."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:.2f} ({self.cpu:.2f})"


def load(source: Path, database: Path) -> Load:
    """Load the file; a table that came from it before is replaced."""
    began, before = time.perf_counter(), os.times()
    command = [sys.executable, ROOT / "etl/process_csv.py", source, "--db", database, "--table", "orders", "--quiet"]
    subprocess.run([*command, "--log-file", database.with_suffix(".load.log")], check=True)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Load(time.perf_counter() - began, cpu)


@contextmanager
def clients(port: int, token: str, number: int, pace: float, what: str) -> Iterator[list[Client]]:
    """So many clients at work."""
    some = [Client(port, token, f"{what} {n}", pace) for n in range(number)]
    with at_work(some):
        yield some


def lost(database: Path, some: list[Client]) -> int:
    """How many acknowledged writes are not in the file."""
    with closing(sqlite3.connect(database)) as connection:
        found = dict(connection.execute("SELECT '/tasks/' || id, title FROM tasks"))
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    made = sum(place not in found for client in some for place in client.made)
    return made + sum(found.get(client.changed[0], "") != client.changed[1] for client in some)


def line(what: str, some: list[Client], seconds: str) -> None:
    """A row of the table."""
    cells = []
    for times in ([t for c in some for t in c.writes], [t for c in some for t in c.reads]):
        at = statistics.quantiles(times, n=100, method="inclusive")
        cells.append(f"{len(times):,} | {at[49]:.1f} | {at[98]:.1f} | {max(times):.0f}")
    print(f"| {what} | {' | '.join(cells)} | {sum(len(c.errors) for c in some)} | {seconds} |", flush=True)
    for error in [error for client in some for error in client.errors][:5]:
        print(error, file=sys.stderr)


def alone(source: Path, folder: Path) -> Load:
    """A load into a new database that is served, with nobody there."""
    database = folder / "alone.db"
    clear(database)
    with served(database):
        return load(source, database)


def clear(database: Path) -> None:
    """Remove a database and what belongs to it."""
    for place in database.parent.glob(f"{database.name}*"):
        place.unlink()


def measure(source: Path, folder: Path, number: int, pace: float) -> tuple[float, float]:
    """One round: how many times as long a load takes with clients as with nobody there, before and after; wall and
    processor time.
    """
    database = folder / "beside.db"
    clear(database)
    nobody = [alone(source, folder)]
    everybody: list[Client] = []
    with served(database) as (port, token):
        with clients(port, token, number, pace, "quiet") as some:
            time.sleep(QUIET_SECONDS)
        everybody += some
        line("no load", some, "")
        taken = []
        for what in ("a new table", "over a table"):
            with clients(port, token, number, pace, what) as some:
                taken.append(load(source, database))
            everybody += some
            line(what, some, str(taken[-1]))
    nobody.append(alone(source, folder))
    gone = lost(database, everybody)
    print(f"with nobody: {nobody[0]} and {nobody[1]}; acknowledged and lost: {gone}", flush=True)
    return (
        taken[0].wall / statistics.mean(one.wall for one in nobody),
        taken[0].cpu / statistics.mean(one.cpu for one in nobody),
    )


def main() -> None:
    """Measure in rounds."""
    parser = argparse.ArgumentParser(description="A large load beside the API, on one SQLite file.")
    parser.add_argument("--rows", type=int, default=1_500_000)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--pace", type=float, default=0.05)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "taskmill-benchmark")
    given = parser.parse_args()
    given.data.mkdir(parents=True, exist_ok=True)
    source = given.data / f"clean-{given.rows}.csv"
    if not source.exists():
        subprocess.run([sys.executable, ROOT / "benchmarks/make_data.py", "clean", str(given.rows), source], check=True)
    print(
        "| beside | writes | p50 | p99 | max | reads | p50 | p99 | max | errors | load s (CPU) |\n|---|" + "--:|" * 10
    )
    with tempfile.TemporaryDirectory(dir=given.data) as folder:
        rounds = [measure(source, Path(folder), given.clients, given.pace) for _ in range(given.rounds)]
    wall, cpu = (statistics.median(found) for found in zip(*rounds, strict=True))
    print(f"\nmedian of {given.rounds}: with clients a load takes {wall:.2f} times as long, {cpu:.2f} times the CPU")


if __name__ == "__main__":
    main()
