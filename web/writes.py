"""The writes of nearly every request: a transaction of the driver's own, which takes half the time of a session's."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager, suppress
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from flask import current_app, g, request
from sqlalchemy import event

from database import BUSY_SECONDS, sqlite_path
from turns import QueuingConnection, turns_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from flask import Flask
    from sqlalchemy import Connection, Delete, Dialect, Engine, Insert, Select, Update

    Statement = Select[Any] | Insert | Update | Delete
    Values = Mapping[str, Any]
    Rows = Sequence[Sequence[Any]]
    Process = Callable[[Any], Any]


def bind(app: Flask, engine: Engine) -> None:
    """Let `app` write to `engine`."""
    alone = _SQLite(engine) if engine.dialect.name == "sqlite" else None
    app.extensions["writer"] = alone or _PostgreSQL(engine)
    if alone:
        event.listen(engine, "engine_disposed", lambda _engine: alone.close())


@contextmanager
def transaction() -> Iterator[None]:
    """What is run in this block is committed at its end, and none of it where an exception ends it."""
    request.get_data()  # a slow client must not hold the write lock while its body arrives
    with current_app.extensions["writer"].transaction() as g.transaction:
        yield


def run(statement: Statement, values: Values) -> Rows:
    """Run a statement that was built once, in the transaction; its rows, of numbers and text alone, if it gives any."""
    return g.transaction.run(statement, values)


def run_each(statement: Statement, values: Sequence[Values]) -> None:
    """Run a statement that was built once with each of these values, in the transaction."""
    if values:
        g.transaction.run_each(statement, values)


class _PostgreSQL:
    """Transactions of the engine's connections, as SQLAlchemy runs them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def transaction(self) -> Iterator[_Statements]:
        with self._engine.begin() as connection:
            yield _Statements(connection)


class _Statements:
    """The statements of a transaction of SQLAlchemy's."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def run(self, statement: Statement, values: Values) -> Rows:
        result = self._connection.execute(statement, values)
        return result.all() if result.returns_rows else []

    def run_each(self, statement: Statement, values: Sequence[Values]) -> None:
        self._connection.execute(statement, values)


class _SQLite:
    """The one connection that this process writes these by: whose turn it is finds in its cache what the one before has
    read.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        path = sqlite_path(engine.url)
        assert path is not None
        self._turns = turns_at(path)
        self._mine = Lock()
        self._driver: QueuingConnection | None = None

    @contextmanager
    def transaction(self) -> Iterator[_SQLite]:
        if not self._mine.acquire(timeout=BUSY_SECONDS):
            raise sqlite3.OperationalError("database is locked")
        try:
            driver = self._driver = self._driver or self._opened()
            driver.begin_to_write(self._turns, BUSY_SECONDS, long=False)
            try:
                yield self
                driver.commit()
            except BaseException:
                driver.rollback()
                raise
        except sqlite3.Error:
            self._forget()
            raise
        finally:
            self._mine.release()

    def run(self, statement: Statement, values: Values) -> Rows:
        sql, places = _written(statement, tuple(values), self._engine.dialect)
        assert self._driver is not None
        return self._driver.execute(sql, _kept(values, places)).fetchall()

    def run_each(self, statement: Statement, values: Sequence[Values]) -> None:
        sql, places = _written(statement, tuple(values[0]), self._engine.dialect)
        assert self._driver is not None
        self._driver.executemany(sql, [_kept(each, places) for each in values])

    def close(self) -> None:
        """Close the connection."""
        with self._mine:
            self._forget()

    def _opened(self) -> QueuingConnection:
        connection = self._engine.raw_connection()
        driver = connection.driver_connection
        assert isinstance(driver, QueuingConnection)
        connection.detach()
        driver.do_nothing_else()
        # What undoes a statement half done would else stand in files, made and removed for every few tasks.
        driver.execute("PRAGMA temp_store = MEMORY")
        return driver

    def _forget(self) -> None:
        driver, self._driver = self._driver, None
        if driver is not None:
            with suppress(sqlite3.Error):
                driver.close()


def _kept(values: Values, places: list[tuple[str, Process | None]]) -> list[Any]:
    return [values[name] if as_kept is None else as_kept(values[name]) for name, as_kept in places]


@lru_cache(maxsize=256)
def _written(
    statement: Statement, given: tuple[str, ...], dialect: Dialect
) -> tuple[str, list[tuple[str, Process | None]]]:
    """The statement in SQLite's words, and in their order the names of its values and what they are kept as."""
    compiled = statement.compile(dialect=dialect, column_keys=given)
    places = compiled.positiontup or []
    assert set(places) <= set(given), f"{set(places) - set(given)} would be lost"
    types = {name: compiled.binds[name].type.dialect_impl(dialect) for name in places}
    return str(compiled), [(name, types[name].bind_processor(dialect)) for name in places]
