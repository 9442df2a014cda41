"""A page of rows from SQLite in one piece of JSON.

To fetch rows one by one lets go of the interpreter's lock for each, and to get it back among many threads takes longer
than the query. What JSON can't hold, which the loader never writes, is fetched one by one nevertheless.
"""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from web.reader import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from web.reader import Reader
    from web.shapes import Shape

# So many arguments a function of SQLite's takes, in every version.
MOST_COLUMNS = 100

# JSON's own way to write a number has 15 digits; of twenty the same double is read again.
DIGITS = "printf('%!.20g', {})"


def fetch(reader: Reader, shape: Shape, rest: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
    """The rows that `rest` chooses: WHERE, ORDER BY and LIMIT. Raises TooSlow."""
    columns = (*shape.columns, *shape.hidden)
    if reader.dialect == "sqlite" and len(columns) <= MOST_COLUMNS and writes_numbers_exactly():
        try:
            return _fetch(reader, shape, rest, values)
        except (sqlite3.OperationalError, orjson.JSONDecodeError):
            pass
    return reader.rows(shape.selected() + rest, values)


def _fetch(reader: Reader, shape: Shape, rest: str, values: Sequence[Any]) -> list[list[Any]]:
    rows = orjson.loads(reader.rows(_statement(shape).replace("REST", rest, 1), values)[0][0])
    for place, column in enumerate((*shape.columns, *shape.hidden)):
        if column.kind == "number":
            for row in rows:
                if type(row[place]) is str:
                    row[place] = _number(row[place])
    return rows


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:  # SQLite keeps any text in any column
        return text


@lru_cache(maxsize=256)
def _statement(shape: Shape) -> str:
    columns = (*shape.columns, *shape.hidden)
    inner = ", ".join(f"{shape.quoted(column)} AS c{place}" for place, column in enumerate(columns))
    outer = ", ".join(
        f"iif(typeof(c{place}) = 'real', {DIGITS.format(f'c{place}')}, c{place})"
        if column.kind == "number"
        else f"c{place}"
        for place, column in enumerate(columns)
    )
    return (
        f"SELECT json_group_array(json_array({outer})) FROM (SELECT {inner} FROM {quoted(shape.table, 'sqlite')}REST)"
    )


@lru_cache
def writes_numbers_exactly() -> bool:
    """Whether this SQLite writes doubles so that they are read again: old ones rely on the machine's long double."""
    draw = random.Random(7)
    numbers = [draw.uniform(-1, 1) * 10 ** draw.randint(-300, 300) for _ in range(500)]
    with closing(sqlite3.connect(":memory:")) as connection:
        written = [connection.execute(f"SELECT {DIGITS.format('?')}", (number,)).fetchone()[0] for number in numbers]
    return [float(text) for text in written] == numbers
