"""The writes of nearly every request: a transaction of the driver's own, which takes half the time of a session's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, TypeVar

from flask import current_app, g, request
from sqlalchemy import event

from web.group_commit import GroupCommit

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    from flask import Flask
    from sqlalchemy import Connection, Delete, Dialect, Engine, Insert, Select, Update

    Statement = Select[Any] | Insert | Update | Delete
    Values = Mapping[str, Any]
    Rows = Sequence[Sequence[Any]]
    Process = Callable[[Any], Any]

Answer = TypeVar("Answer")


def bind(app: Flask, engine: Engine) -> None:
    """Let `app` write to `engine`."""
    if engine.dialect.name != "sqlite":
        app.extensions["written_to"] = partial(_by_sqlalchemy, engine)
        return
    together = GroupCommit(engine)
    app.extensions["written_to"] = partial(_by_driver, together, engine.dialect)
    event.listen(engine, "engine_disposed", lambda _engine: together.close())


def in_transaction(work: Callable[[], Answer]) -> Answer:
    """What `work` gives, when what it has run is committed; none of it is where it ends with an exception."""
    request.get_data()  # a slow client must not hold the write lock while its body arrives
    return current_app.extensions["written_to"](work)


def run(statement: Statement, values: Values) -> Rows:
    """Run a statement that was built once, in the transaction; its rows, of numbers and text alone, if it gives any."""
    return g.transaction.run(statement, values)


def run_each(statement: Statement, values: Sequence[Values]) -> None:
    """Run a statement that was built once with each of these values, in the transaction."""
    if values:
        g.transaction.run_each(statement, values)


def _by_sqlalchemy(engine: Engine, work: Callable[[], Answer]) -> Answer:
    with engine.begin() as connection:
        g.transaction = _BySQLAlchemy(connection)
        return work()


def _by_driver(together: GroupCommit, dialect: Dialect, work: Callable[[], Answer]) -> Answer:
    def run(driver: sqlite3.Connection) -> Answer:
        g.transaction = _ByDriver(driver, dialect)
        return work()

    return together.run(run)


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

    driver: sqlite3.Connection
    dialect: Dialect

    def run(self, statement: Statement, values: Values) -> Rows:
        sql, places = _written(statement, tuple(values), self.dialect)
        return self.driver.execute(sql, _kept(values, places)).fetchall()

    def run_each(self, statement: Statement, values: Sequence[Values]) -> None:
        sql, places = _written(statement, tuple(values[0]), self.dialect)
        self.driver.executemany(sql, [_kept(each, places) for each in values])


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
