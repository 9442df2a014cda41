"""The writes of nearly every request: in the session's transaction, but by the driver, which takes half the time."""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from web.extensions import db

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Delete, Dialect, Insert, Select, Update

    Statement = Select[Any] | Insert | Update | Delete
    Process = Callable[[Any], Any]


def run(statement: Statement, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
    """Run a statement that was built once; its rows, of numbers and text alone, where it gives any."""
    connection = db.session.connection()
    if connection.dialect.name != "sqlite":
        result = connection.execute(statement, values)
        return result.all() if result.returns_rows else []
    sql, places = _written(statement, tuple(values), connection.dialect)
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    kept = [values[name] if as_kept is None else as_kept(values[name]) for name, as_kept in places]
    return driver.execute(sql, kept).fetchall()


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
