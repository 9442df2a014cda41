"""The reads of nearly every request: written once by SQLAlchemy and run by the driver, which takes half the time."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flask import current_app
from sqlalchemy import Engine, event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask
    from sqlalchemy import Dialect, Select

    Statement = Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Pool:
    """An engine and, for SQLite, connections of its kind that nobody uses just now.

    To get one out of SQLAlchemy's pool and back takes longer than most reads.
    """

    engine: Engine
    idle: list[sqlite3.Connection] = field(default_factory=list)

    def close(self, _engine: Engine) -> None:
        """Close those that nobody uses."""
        while self.idle:
            self.idle.pop().close()


def bind(app: Flask, engine: Engine) -> None:
    """Let `app` read from `engine`."""
    pool = app.extensions["pool"] = Pool(engine)
    event.listen(engine, "engine_disposed", pool.close)


def row(statement: Statement, values: dict[str, Any]) -> Sequence[Any] | None:
    """The one row, if any, of a statement that was built once and takes numbers alone, in a transaction of its own."""
    pool: Pool = current_app.extensions["pool"]
    sql, names = _written(statement, pool.engine.dialect)
    if names is None:
        with closing(pool.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute(sql, values)
            return cursor.fetchone()
    driver = _taken(pool)
    try:
        found = driver.execute(sql, [values[name] for name in names]).fetchall()
    except BaseException:
        driver.close()
        raise
    pool.idle.append(driver)
    return found[0] if found else None


@lru_cache(maxsize=64)
def _written(statement: Statement, dialect: Dialect) -> tuple[str, list[str] | None]:
    """The statement in the database's words, and the order of its values where they are told by their place."""
    compiled = statement.compile(dialect=dialect)
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    assert not constants, f"{constants} would be lost"
    return str(compiled), compiled.positiontup


def _taken(pool: Pool) -> sqlite3.Connection:
    try:
        return pool.idle.pop()
    except IndexError:
        return opened(pool.engine)


def opened(engine: Engine) -> sqlite3.Connection:
    """A connection to a SQLite file that is none of SQLAlchemy's pool; whoever asked for it closes it."""
    connection = engine.raw_connection()
    driver = connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    connection.detach()
    return driver
