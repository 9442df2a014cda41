"""The reads of nearly every request: written once by SQLAlchemy and run by the driver, which takes half the time."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import Text, cast, func, select

from web.extensions import db

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Dialect, Select

    Statement = Select[*tuple[Any, ...]]


def row(statement: Statement, values: dict[str, Any]) -> Sequence[Any] | None:
    """The first row of a statement that was built once and takes numbers alone, in a transaction of its own."""
    connection = db.engine.raw_connection()
    try:
        cursor = connection.cursor()
        sql, names = _written(statement, db.engine.dialect)
        cursor.execute(sql, values if names is None else [values[name] for name in names])
        return cursor.fetchone()
    finally:
        connection.close()


def rows(statement: Statement, values: dict[str, Any]) -> list[list[Any]]:
    """All rows of such a statement, of numbers and text alone.

    They come in one piece: to fetch them one by one lets go of the interpreter's lock each time, and to get it back
    among many threads takes longer than the query.
    """
    whole = row(_in_one_piece(statement, db.engine.dialect.name), values)
    return orjson.loads(whole[0]) if whole and whole[0] else []


@lru_cache(maxsize=64)
def _in_one_piece(statement: Statement, dialect: str) -> Statement:
    columns = statement.subquery().c
    if dialect == "postgresql":
        return select(cast(func.json_agg(func.json_build_array(*columns)), Text))
    return select(func.json_group_array(func.json_array(*columns)))


@lru_cache(maxsize=64)
def _written(statement: Statement, dialect: Dialect) -> tuple[str, list[str] | None]:
    """The statement in the database's words, and the order of its values where they are told by their place."""
    compiled = statement.compile(dialect=dialect)
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    assert not constants, f"{constants} would be lost"
    return str(compiled), compiled.positiontup
