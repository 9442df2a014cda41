"""Reading tables that only the database knows: by the driver itself, in one transaction, and with a time limit."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, contextmanager
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from flask import current_app
from sqlalchemy import event

from web import postgresql
from web.errors import Refusal
from web.extensions import db

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flask import Flask

# So many steps of SQLite's machine pass between two looks at the clock: about a millisecond.
STEPS = 50_000

TOO_SLOW = (
    "This took longer than {seconds:g} seconds and was stopped. An index makes it quick: load the file with "
    "--index COLUMN, naming the columns to filter and sort by."
)


class TooSlow(Exception):
    """The time limit was reached."""


class Reader:
    """One transaction that reads. Statements have the database's own words and marks."""

    def __init__(self, connection: Any, dialect: str) -> None:
        self.connection, self.dialect = connection, dialect
        self.cursor = connection.cursor()
        if dialect == "sqlite":
            self.cursor.execute("BEGIN")  # else each statement would see a state of its own

    def limit(self, seconds: float | None) -> None:
        """From now on so much time; None takes the limit away."""
        if self.dialect == "sqlite":
            end = time.monotonic() + (seconds or 0)
            handler = None if seconds is None else lambda: time.monotonic() > end
            self.connection.set_progress_handler(handler, STEPS)
        else:
            milliseconds = 0 if seconds is None else max(1, int(seconds * 1000))
            self.cursor.execute(f"SET LOCAL statement_timeout = {milliseconds}")

    def go_on(self) -> None:
        """Begin anew after something was stopped: to PostgreSQL that has failed the whole transaction."""
        if self.dialect == "postgresql":
            self.connection.rollback()
        self.limit(time_limit())

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Sequence[Any]]:
        """All rows of a statement. Raises TooSlow."""
        with told_apart():
            self._run(self.cursor, sql, values)
            return self.cursor.fetchall()

    def stream(self, sql: str, values: Sequence[Any], size: int) -> Iterator[list[Sequence[Any]]]:
        """The rows of a statement, so many at a time; the time limit is for the first of them. Raises TooSlow."""
        with closing(
            self.connection.cursor() if self.dialect == "sqlite" else self.connection.cursor("rows")
        ) as cursor:
            with told_apart():
                self._run(cursor, sql, values)
                part = cursor.fetchmany(size)
            self.limit(None)
            while part:
                yield part
                part = cursor.fetchmany(size)

    def _run(self, cursor: Any, sql: str, values: Sequence[Any]) -> None:
        if self.dialect == "sqlite" or isinstance(cursor, postgresql.ServerCursor):
            cursor.execute(sql, values)
        else:
            # A prepared statement would fail once its table is replaced by one with other columns.
            cursor.execute(sql, values, prepare=False)


@contextmanager
def told_apart() -> Iterator[None]:
    """What the time limit stopped, among all that can go wrong with a database."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        raise TooSlow from error
    except postgresql.QueryCanceled as error:
        raise TooSlow from error


@contextmanager
def reading() -> Iterator[Reader]:
    """A transaction that reads, and has DATASET_SECONDS to do it. What takes longer is refused."""
    raw = db.engine.raw_connection()
    reader = Reader(raw.driver_connection, db.engine.dialect.name)
    try:
        reader.limit(time_limit())
        yield reader
    except TooSlow as error:
        raise Refusal(503, TOO_SLOW.format(seconds=time_limit())) from error
    finally:
        if reader.dialect == "sqlite":
            reader.limit(None)
        raw.close()  # which ends the transaction


def time_limit() -> float:
    """The setting DATASET_SECONDS."""
    return float(current_app.config["DATASET_SECONDS"])


def mark(dialect: str) -> str:
    """What stands for a value in a statement."""
    return "?" if dialect == "sqlite" else "%s"


def quoted(name: str, dialect: str) -> str:
    """A name of any characters in a statement."""
    inside = name.replace('"', '""')
    return f'"{inside}"' if dialect == "sqlite" else f'"{inside.replace("%", "%%")}"'


def register(app: Flask, seconds: int) -> None:
    """Let `app` read tables, each question in so many seconds."""
    app.config["DATASET_SECONDS"] = seconds
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", lambda connection, _: _know_decimals(connection))


def _know_decimals(connection: sqlite3.Connection) -> None:
    # SQLite keeps decimals as texts, which would compare letter by letter.
    connection.create_collation("decimal", _compare)


def _compare(one: str, other: str) -> int:
    first, second = _decimal(one), _decimal(other)
    return (first > second) - (first < second)


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return Decimal(0)
    return number if number.is_finite() else Decimal(0)
