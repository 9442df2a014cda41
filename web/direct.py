"""The reads of nearly every request: written once by SQLAlchemy and run by the driver, which takes half the time."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from web.extensions import db

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Dialect, Select


def rows(statement: Select[*tuple[Any, ...]], values: dict[str, Any]) -> Sequence[Sequence[Any]]:
    """The rows of a statement that was built once and takes numbers alone, in a transaction of its own."""
    engine = db.engine
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        sql, names = _written(statement, engine.dialect)
        cursor.execute(sql, values if names is None else [values[name] for name in names])
        return cursor.fetchall()
    finally:
        connection.close()


@lru_cache(maxsize=64)
def _written(statement: Select[*tuple[Any, ...]], dialect: Dialect) -> tuple[str, list[str] | None]:
    """The statement in the database's words, and the order of its values where they are told by their place."""
    compiled = statement.compile(dialect=dialect)
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    assert not constants, f"{constants} would be lost"
    return str(compiled), compiled.positiontup
