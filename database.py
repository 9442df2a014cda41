"""Where the database is, how a connection to it behaves, and how its schema is brought up to date."""

from __future__ import annotations

import importlib.util
import os
import sqlite3
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from turns import QueuingConnection, Turns, turns_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.pool import ConnectionPoolEntry

ROOT = Path(__file__).resolve().parent
INSTANCE = ROOT / "instance"
MIGRATIONS = ROOT / "migrations"

# How long a connection waits for another one's write before it gives up with "database is locked".
BUSY_SECONDS = 30

# `alembic upgrade` in two processes at once is a race; this number names the PostgreSQL lock that ends it.
MIGRATION_LOCK = 0x7461736B

# While a migration waits on PostgreSQL for a table that somebody reads, as a back-up does, all others wait behind it.
# So it waits for a moment, lets them pass, and tries again.
MIGRATION_WAITS, MIGRATION_PAUSES, MIGRATION_GIVES_UP = 1, 3, 60
NOT_TO_BE_HAD = "55P03"


class DatabaseSettingError(ValueError):
    """DATABASE_URL or --db names no database that can be used; the message is for the user."""


def database_url(given: str | None = None) -> URL:
    """The database that `given`, else DATABASE_URL, else the default names: the same for both halves.

    `given` is a URL, or the path of a SQLite file. Relative SQLite paths are made absolute from the
    working directory; the default is `instance/taskmill.db` of the project, wherever the command runs.
    """
    given = given or os.environ.get("DATABASE_URL") or str(INSTANCE / "taskmill.db")
    if "://" not in given:
        return URL.create("sqlite", database=str(Path(given).expanduser().resolve()))
    try:
        url = make_url(given)
    except ArgumentError as error:
        raise DatabaseSettingError(f"{given!r} is not a database URL.") from error
    return _checked(url)


def _checked(url: URL) -> URL:
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite":
        if not url.database or url.database == ":memory:":
            raise DatabaseSettingError("A SQLite database in memory ends with its process; give a file instead.")
        return url.set(database=str(Path(url.database).resolve()))
    if url.drivername != "postgresql+psycopg":
        raise DatabaseSettingError(
            f"{url.drivername!r} is not supported; use sqlite:///file.db or postgresql://user@host/name."
        )
    if importlib.util.find_spec("psycopg") is None:
        raise DatabaseSettingError("PostgreSQL needs the package psycopg: pip install -r requirements-postgres.txt.")
    return url


def sqlite_path(url: URL) -> Path | None:
    """The file behind a SQLite URL; None for PostgreSQL."""
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def engine_options(url: URL) -> dict[str, Any]:
    """What `create_engine` needs for this database, for Flask-SQLAlchemy to pass on as well."""
    if sqlite_path(url) is not None:
        # autocommit: SQLAlchemy's BEGIN below starts every transaction, and DDL is part of it.
        arguments = {"timeout": BUSY_SECONDS, "isolation_level": None, "check_same_thread": False}
        return {"connect_args": {**arguments, "factory": QueuingConnection}}
    return {"pool_pre_ping": True, "connect_args": {"connect_timeout": 10}}


def open_engine(url: URL) -> Engine:
    """An engine on `url` with this module's connection settings."""
    engine = create_engine(url, **engine_options(url))
    configure(engine)
    return engine


def configure(engine: Engine) -> None:
    """Give every connection of `engine` the settings that both halves rely on."""
    path = sqlite_path(engine.url)
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    event.listen(engine, "connect", _set_pragmas)
    turns = turns_at(path)
    event.listen(engine, "begin", lambda connection: _begin(connection, turns))
    event.listen(engine, "engine_disposed", lambda _engine: turns.leave())


def _set_pragmas(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    # NORMAL: a power cut may undo the last commits, but cannot damage the file. FULL keeps every commit.
    cursor.execute(f"PRAGMA synchronous = {_synchronous()}")
    # Pages that many transactions wrote are taken over once: an eighth of the waiting for the disk, for a WAL of 32 MB.
    cursor.execute("PRAGMA wal_autocheckpoint = 8000")
    cursor.close()


def _synchronous() -> str:
    level = os.environ.get("SQLITE_SYNCHRONOUS", "NORMAL").upper()
    if level not in ("NORMAL", "FULL", "EXTRA", "OFF"):
        raise DatabaseSettingError(f"SQLITE_SYNCHRONOUS is {level!r}; it can be NORMAL, FULL, EXTRA or OFF.")
    return level


def _begin(connection: Connection, turns: Turns) -> None:
    # A transaction that reads first and writes later fails at once when another one wrote in between;
    # one that says beforehand that it will write waits its turn.
    options = connection.get_execution_options()
    driver = connection.connection.driver_connection
    assert isinstance(driver, QueuingConnection)
    if not options.get("writes", False):
        driver.execute("BEGIN")
        return
    try:
        driver.begin_to_write(turns, BUSY_SECONDS, long=options.get("long", False))
    except sqlite3.Error as error:
        raise DBAPIError.instance("BEGIN IMMEDIATE", None, error, sqlite3.Error) from error


@contextmanager
def writing(engine: Engine, *, long: bool = False) -> Iterator[Connection]:
    """A transaction that will write; commits at the end of the block, rolls back on an exception.

    long: it may take longer than others want to wait for it.
    """
    with engine.connect().execution_options(writes=True, long=long) as connection, connection.begin():
        yield connection


def take_over_wal(engine: Engine) -> None:
    """Copy what stands in SQLite's WAL into the file, beside other writers.

    Whoever writes much does so now and then; else it is done in somebody's turn, while all others wait for theirs.
    """
    if sqlite_path(engine.url) is not None:
        with closing(engine.raw_connection()) as connection:
            driver = connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            with suppress(sqlite3.OperationalError):  # what stands in the WAL is kept there as well
                driver.execute("PRAGMA wal_checkpoint(PASSIVE)")


def migrate(engine: Engine, branch: str) -> None:
    """Bring the tables of one half (`api` or `loader`) up to date; safe when several processes start at once."""
    if sqlite_path(engine.url) is not None:
        _use_wal(engine)
    give_up = time.monotonic() + MIGRATION_GIVES_UP
    while branch_head(branch) not in applied_revisions(engine, branch):
        if _went_on(engine, branch):
            continue
        if time.monotonic() > give_up:
            raise DatabaseSettingError("A table that has to be changed is being read all the time; try again later.")
        time.sleep(MIGRATION_PAUSES)


def _went_on(engine: Engine, branch: str) -> bool:
    """Go on by one revision, or make all tables where there are none; False where a table could not be had just now.

    Each is a transaction of its own: between two of them those who wait can write.
    """
    # Alembic is imported only when there is something to do: it costs a third of a small load.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    try:
        with writing(engine, long=True) as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
                connection.execute(text(f"SET LOCAL lock_timeout = '{MIGRATION_WAITS}s'"))
            config.attributes["connection"] = connection
            applied = _applied(connection, branch)
            if branch_head(branch) not in applied:  # somebody else may have done it by now
                command.upgrade(config, f"{branch}@+1" if applied else f"{branch}@head")
    except CommandError as error:
        raise DatabaseSettingError(
            f"The database {engine.url} has a schema that this version does not know."
        ) from error
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != NOT_TO_BE_HAD:
            raise
        return False
    return True


def branch_head(branch: str) -> str:
    """The newest revision of a branch. Revisions are named `<branch>_<number>`, as are their files."""
    return max(path.stem for path in (MIGRATIONS / "versions").glob(f"{branch}_*.py"))


def applied_revisions(engine: Engine, branch: str = "") -> set[str]:
    """The revisions that the database says it is at; those of one branch, where it is named."""
    with engine.connect() as connection:
        return _applied(connection, branch)


def _applied(connection: Connection, branch: str) -> set[str]:
    if not inspect(connection).has_table("alembic_version"):
        return set()
    revisions = connection.execute(text("SELECT version_num FROM alembic_version")).scalars()
    return {revision for revision in revisions if revision.startswith(branch)}


def _use_wal(engine: Engine) -> None:
    # Said once and kept in the file: asking again at every connect can fail while another process writes.
    # Unlike other statements this one doesn't wait for another process's lock, so it is tried again.
    give_up = time.monotonic() + BUSY_SECONDS
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        while True:
            try:
                if driver.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                    driver.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.Error as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                    reason = f"{engine.url.database} can't be used as a SQLite database: {error}."
                    raise DatabaseSettingError(reason) from error
            time.sleep(0.05)
