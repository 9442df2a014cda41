"""What the tests of the loader share: a place to load into, the command run here or in a process, and what it left."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg

from database import database_url, migrate, open_engine, sqlite_path
from etl import process_csv

ROOT = Path(process_csv.__file__).resolve().parent.parent
HANGS_AFTER = 240  # seconds
COMMAND = [sys.executable, str(ROOT / "etl" / "process_csv.py")]


@dataclass(frozen=True)
class Answer:
    """What the command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err

    @property
    def summary(self) -> dict:
        """What --json printed."""
        return json.loads(self.out)


def run(*arguments: object) -> Answer:
    """The command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = process_csv.main([str(argument) for argument in arguments])
        except SystemExit as stopped:
            code = stopped.code
    return Answer(code, out.getvalue(), err.getvalue())


def started(*arguments: object, **settings: object) -> subprocess.Popen:
    """The command as a process of its own."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | settings
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= pipes.pop("environment", {})
    return subprocess.Popen([*COMMAND, *map(str, arguments)], env=environment, **pipes)


def ended(process: subprocess.Popen, given: bytes | None = None) -> Answer:
    """What a process said until its end. The limit is for one that hangs, far beyond what a slow machine takes."""
    try:
        out, err = process.communicate(given, timeout=HANGS_AFTER)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Answer(process.returncode, out.decode(), err.decode())


class Place:
    """A folder with a database: files are written into it and loaded from it."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        self.folder = folder
        self.url = url or str(folder / "loaded.db")
        self.database = sqlite_path(database_url(self.url)) or folder / "loaded.db"
        self.log = folder / "load.log"

    def write(self, content: str | bytes, name: str = "t.csv") -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def options(self) -> list[object]:
        return ["--db", self.url, "--log-file", self.log]

    def load(self, content: str | bytes | Path, *options: object, name: str = "t.csv") -> Answer:
        """Write the file, and run the command on it in this process."""
        path = content if isinstance(content, Path) else self.write(content, name)
        return run(path, *self.options(), *options)

    def start(self, path: object, *options: object, **settings: object) -> subprocess.Popen:
        return started(path, *self.options(), *options, **settings)

    def stop(self, process: subprocess.Popen) -> None:
        """Let a load stand still until it gets SIGCONT, though not while it writes: so long nobody else could."""
        _suspend(process)
        while self._is_written_to():
            process.send_signal(signal.SIGCONT)
            time.sleep(0.01)
            _suspend(process)

    def wait_until_unlocked(self) -> None:
        """Until PostgreSQL has noticed that a load was killed."""
        while self.url.startswith("postgresql") and self.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"):
            time.sleep(0.01)

    def _is_written_to(self) -> bool:
        if self.url.startswith("postgresql"):
            return False
        turns = self.database.with_name(f"{self.database.name}-turns")
        with (
            closing(sqlite3.connect(self.database, timeout=0, isolation_level=None)) as connection,
            turns.open() as file,
        ):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                connection.execute("BEGIN IMMEDIATE")
            except (BlockingIOError, sqlite3.OperationalError):
                return True
        return False

    def query(self, sql: str, *values: object) -> list[tuple]:
        if self.url.startswith("postgresql"):
            with closing(psycopg.connect(self.url)) as connection:
                return connection.execute(sql.replace("?", "%s"), values or None).fetchall()
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            return connection.execute(sql, values).fetchall()

    def execute(self, *statements: str) -> None:
        if self.url.startswith("postgresql"):
            with closing(psycopg.connect(self.url)) as connection, connection:
                for statement in statements:
                    connection.execute(statement)
            return
        with closing(sqlite3.connect(self.database)) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    def tables(self) -> set[str]:
        if self.url.startswith("postgresql"):
            return {name for (name,) in self.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
        if not self.database.exists():
            return set()
        found = self.query(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
        )
        return {name for (name,) in found}

    def staging(self) -> set[str]:
        return {name for name in self.tables() if name.startswith("etl_staging")}

    def columns(self, table: str = "t") -> list[str]:
        return list(self.kinds(table))

    def kinds(self, table: str = "t") -> dict[str, str]:
        """Column -> type, as the database has it."""
        if self.url.startswith("postgresql"):
            sql = (
                "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = ? "
                "ORDER BY ordinal_position"
            )
            return dict(self.query(sql, table))
        return {column[1]: column[2] for column in self.query(f'PRAGMA table_info("{table}")')}

    def key(self, table: str = "t") -> list[str]:
        """The primary key, on SQLite."""
        info = self.query(f'PRAGMA table_info("{table}")')
        return [name for _, name in sorted((column[5], column[1]) for column in info if column[5])]

    def rows(self, table: str = "t", order: str = "1") -> list[tuple]:
        """Every row with every column, ordered by the first."""
        return self.query(f'SELECT * FROM "{table}" ORDER BY {order}')

    def values(self, column: str, table: str = "t") -> list:
        """One column, in the order of the file (or of its integer key)."""
        first = self.columns(table)[0]
        return [value for (value,) in self.query(f'SELECT "{column}" FROM "{table}" ORDER BY "{first}"')]

    def rejects(self) -> list[tuple]:
        """line, row_number, column_name, reason, raw of the last load's rejects."""
        sql = "SELECT line, row_number, column_name, reason, raw FROM etl_rejects WHERE load_id = ? ORDER BY line, id"
        return self.query(sql, self.last("id"))

    def last(self, column: str) -> object:
        """What etl_loads says of the last load."""
        return self.query(f"SELECT {column} FROM etl_loads ORDER BY id DESC LIMIT 1")[0][0]

    def types(self) -> dict[str, str]:
        """Column -> type of the last load's schema, in the words of --type."""
        schema = self.last("schema")
        schema = json.loads(schema) if isinstance(schema, str) else schema
        return {field["name"]: type_of(field) for field in schema["fields"]}

    def account(self) -> tuple[int, int, int]:
        """Rows read, loaded, rejected of the last load."""
        return self.query("SELECT rows_read, rows_loaded, rows_rejected FROM etl_loads ORDER BY id DESC LIMIT 1")[0]

    def everything(self, table: str = "t") -> dict:
        """All that a load leaves that another run of it must leave too."""
        there = table in self.tables()
        return {
            "kinds": self.kinds(table) if there else None,
            "rows": self.rows(table) if there else None,
            "rejects": self.rejects(),
            "account": self.account(),
        }


def _suspend(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGSTOP)
    # It stands still a moment later: what it has asked the kernel for, as a lock, it may get until then.
    with contextlib.suppress(ChildProcessError):
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)


def type_of(field: dict) -> str:
    if field.get("exact"):
        return "decimal"
    return "text" if field["type"] == "string" else field["type"]


def fresh_place(folder: Path) -> Place:
    """A place whose database has the loader's tables already, as it had none of another example's."""
    for old in folder.iterdir():
        old.unlink()
    place = Place(folder)
    shutil.copyfile(_migrated(), place.database)
    return place


@functools.cache
def _migrated() -> Path:
    folder = tempfile.TemporaryDirectory()
    _migrated.folder = folder  # kept as long as the process
    path = Path(folder.name) / "empty.db"
    engine = open_engine(database_url(str(path)))
    migrate(engine, "loader")
    engine.dispose()
    return path


def fine(answer: Answer) -> None:
    """What holds for every answer, whatever the input."""
    assert "Traceback" not in answer.said, answer.said
    assert "This is a bug" not in answer.said, answer.said
    of_postgresql = "server closed the connection unexpectedly"
    assert "unexpected" not in answer.said.replace(of_postgresql, "").lower(), answer.said
