"""The writes of nearly every request: a transaction of the driver's own, which takes half the time of a session's."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from flask import current_app, g, request
from sqlalchemy import event

from database import BUSY_SECONDS, sqlite_path
from turns import QueuingConnection, turns_at
from web import direct

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
    if engine.dialect.name != "sqlite":
        app.extensions["written_to"] = partial(_by_sqlalchemy, engine)
        return
    alone = _Alone(engine)
    app.extensions["written_to"] = alone.transaction
    event.listen(engine, "engine_disposed", lambda _engine: alone.close())


@contextmanager
def transaction() -> Iterator[None]:
    """What is run in this block is committed at its end, and none of it where an exception ends it."""
    request.get_data()  # a slow client must not hold the write lock while its body arrives
    with current_app.extensions["written_to"]() as g.transaction:
        yield


def run(statement: Statement, values: Values) -> Rows:
    """Run a statement that was built once, in the transaction; its rows, of numbers and text alone, if it gives any."""
    return g.transaction.run(statement, values)


def run_each(statement: Statement, values: Sequence[Values]) -> None:
    """Run a statement that was built once with each of these values, in the transaction."""
    if values:
        g.transaction.run_each(statement, values)


@contextmanager
def _by_sqlalchemy(engine: Engine) -> Iterator[_BySQLAlchemy]:
    with engine.begin() as connection:
        yield _BySQLAlchemy(connection)


@dataclass(frozen=True)
class _BySQLAlchemy:
    """A transaction whose statements SQLAlchemy runs."""

    connection: Connection

    def run(self, statement: Statement, values: Values) -> Rows:
        result = self.connection.execute(statement, values)
        return result.all() if result.returns_rows else []

    def run_each(self, statement: Statement, values: Sequence[Values]) -> None:
        self.connection.execute(statement, values)


@dataclass(frozen=True)
class _ByDriver:
    """A transaction whose statements SQLite's driver runs."""

    driver: QueuingConnection
    dialect: Dialect

    def run(self, statement: Statement, values: Values) -> Rows:
        sql, places = _written(statement, tuple(values), self.dialect)
        return self.driver.execute(sql, _kept(values, places)).fetchall()

    def run_each(self, statement: Statement, values: Sequence[Values]) -> None:
        sql, places = _written(statement, tuple(values[0]), self.dialect)
        self.driver.executemany(sql, [_kept(each, places) for each in values])


class _Alone:
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
    def transaction(self) -> Iterator[_ByDriver]:
        if not self._mine.acquire(timeout=BUSY_SECONDS):
            raise sqlite3.OperationalError("database is locked")
        try:
            driver = self._driver = self._driver or self._opened()
            driver.begin_to_write(self._turns, BUSY_SECONDS, long=False)
            try:
                yield _ByDriver(driver, self._engine.dialect)
                driver.commit()
            except BaseException:
                driver.rollback()
                raise
        except sqlite3.Error:
            self._forget()
            raise
        finally:
            self._mine.release()

    def close(self) -> None:
        """Close the connection."""
        with self._mine:
            self._forget()

    def _opened(self) -> QueuingConnection:
        driver = direct.opened(self._engine)
        assert isinstance(driver, QueuingConnection)
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
