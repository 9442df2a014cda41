"""Rows into SQLite: flat tuples into INSERTs of many rows, by the driver behind SQLAlchemy's connection.

Python objects are the cost here, not SQLite: so columns are turned into lists at once, and never into dicts.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Table

ROWS_AT_ONCE = 100
MOST_PARAMETERS = 32_766


def write(connection: Connection, table: Table, rows: pd.DataFrame) -> None:
    """Insert `rows` (index = row number) into `table`."""
    names = [column.name for column in table.columns]
    columns = [rows.index.tolist() if name not in rows.columns else bound_values(_arrow(rows[name])) for name in names]
    count = max(1, min(ROWS_AT_ONCE, MOST_PARAMETERS // len(names)))
    flat = list(_flat_groups(columns, count))
    whole = flat[:-1] if flat and len(flat[-1]) < count * len(names) else flat
    if whole:
        connection.exec_driver_sql(_insert(table.name, names, count), whole)
    if len(whole) < len(flat):
        connection.exec_driver_sql(_insert(table.name, names, len(flat[-1]) // len(names)), flat[-1])


def _flat_groups(columns: list[list[Any]], count: int) -> Iterator[tuple[Any, ...]]:
    rows = zip(*columns, strict=True)
    while group := tuple(chain.from_iterable(islice(rows, count))):
        yield group


def publish(connection: Connection, staging: str, table: str) -> None:
    """Put the staging table in the table's place."""
    # A view on the table would otherwise stop the renaming.
    connection.exec_driver_sql("PRAGMA legacy_alter_table = ON")
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {quoted(table)}")
    connection.exec_driver_sql(f"ALTER TABLE {quoted(staging)} RENAME TO {quoted(table)}")
    connection.exec_driver_sql("PRAGMA legacy_alter_table = OFF")


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _insert(table: str, names: list[str], rows: int) -> str:
    one = "(" + ", ".join("?" * len(names)) + ")"
    columns = ", ".join(map(quoted, names))
    return f"INSERT INTO {quoted(table)} ({columns}) VALUES {', '.join([one] * rows)}"


def _arrow(values: pd.Series) -> pa.ChunkedArray:
    return pa.chunked_array(values.array.__arrow_array__())


def bound_values(values: pa.ChunkedArray) -> list[Any]:
    """A column as SQLite keeps it: dates and times as ISO 8601 texts, as SQLAlchemy reads them."""
    kind = values.type
    if pa.types.is_timestamp(kind):
        values = _moments(values)
    elif pa.types.is_date(kind):
        values = pc.cast(values, pa.string())
    elif pa.types.is_time(kind):
        values = pc.replace_substring_regex(pc.cast(values, pa.string()), r"\.000000$", "")
    elif (pa.types.is_integer(kind) or pa.types.is_floating(kind)) and values.null_count == 0:
        return list(chain.from_iterable(chunk.to_numpy().tolist() for chunk in values.chunks))
    return list(_pieces(values))


def _pieces(values: pa.ChunkedArray) -> Iterator[Any]:
    return chain.from_iterable(chunk.to_pylist() for chunk in values.chunks)


def _moments(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """`2024-01-31 13:05:00`, with `.123000` where there is a fraction, and `+00:00` where the column has a zone."""
    zoned = values.type.tz is not None
    naive = pc.cast(values, pa.timestamp("us")) if zoned else values
    try:
        written = pc.cast(pc.cast(naive, pa.timestamp("s")), pa.string())
    except pa.ArrowInvalid:  # some have fractions
        written = pc.replace_substring_regex(pc.cast(naive, pa.string()), r"\.000000$", "")
    return pc.binary_join_element_wise(written, "+00:00", "") if zoned else written
