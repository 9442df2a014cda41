"""One load of a table at a time: a lock that the operating system, or PostgreSQL, gives back when its holder dies."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from database import sqlite_path
from etl.problems import Interrupted, Refused


@contextmanager
def table_lock(engine: Engine, table: str) -> Iterator[None]:
    """Hold the lock on loading `table`. Raises Refused when another load holds it."""
    path = sqlite_path(engine.url)
    with _file_lock(path, table) if path is not None else _advisory_lock(engine, table):
        yield


def _refusal(table: str) -> Refused:
    return Refused(f"Another load into {table} is running; wait until it has ended.")


@contextmanager
def _file_lock(path: Path, table: str) -> Iterator[None]:
    # Beside the database, so that all who use it look at the same file, whatever their folder for temporary files.
    name = hashlib.sha256(table.encode()).hexdigest()[:12]
    place = path.resolve().with_name(f"{path.name}-loading-{name}")
    place.parent.mkdir(parents=True, exist_ok=True)
    with _locked(place, table):
        try:
            yield
        finally:
            place.unlink(missing_ok=True)


@contextmanager
def _locked(place: Path, table: str) -> Iterator[None]:
    while True:
        with place.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise _refusal(table) from None
            # Its last holder may have removed it between our opening and our locking: then it locks nothing.
            if place.exists() and os.path.samestat(place.stat(), os.fstat(file.fileno())):
                yield
                return


@contextmanager
def _advisory_lock(engine: Engine, table: str) -> Iterator[None]:
    key = int.from_bytes(hashlib.sha256(f"process_csv {table}".encode()).digest()[:8], signed=True)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}):
            raise _refusal(table)
        try:
            yield
        finally:
            with suppress(DBAPIError):  # the connection was cut: then the server has given the lock back
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})


@contextmanager
def same_database(engine: Engine) -> Iterator[None]:
    """Raise Interrupted when the file of the database is another one in the end: then all went into the old one."""
    path = sqlite_path(engine.url)
    before = path.stat() if path is not None else None
    yield
    if path is not None and before is not None and not (path.exists() and os.path.samestat(path.stat(), before)):
        raise Interrupted(f"{path} was replaced or removed while the load ran")
