"""Rows into SQLite: packed into a small database file of their own, which the writer takes over in one statement.

Python objects are the cost of an insert, not SQLite. So a block's Arrow columns are written by ADBC, in C, into a file
that nothing else reads, and `INSERT INTO ... SELECT` moves them over, in C again. ADBC brings a SQLite library of its
own: it never opens the file that is loaded into. Few rows, for which a file doesn't pay, are inserted as flat tuples.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, MetaData, Table
from sqlalchemy.dialects.sqlite.pysqlite import dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateTable

from etl.write import quoted

KEEPS_NUL = True
ROWS_AT_ONCE = 100
MOST_PARAMETERS = 32_766
WORTH_A_FILE = 2_000  # rows
BLOCK_KIB = 16 << 10  # more than a block of the file becomes
DIALECT = dialect()


def pack(rows: pd.DataFrame, table: Table, folder: Path) -> pd.DataFrame | Path:
    """`rows` (index = row number) in a database file in `folder`; as they are where that doesn't pay."""
    if len(rows) < WORTH_A_FILE:
        return rows
    try:
        from adbc_driver_sqlite import dbapi
    except ImportError:  # there is no build of it for this machine
        return rows
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".db", delete=False) as file:
        path = Path(file.name)
    names = [column.name for column in table.columns]
    columns = {
        name: pa.array(rows.index.to_numpy()) if name not in rows.columns else stored(rows[name]) for name in names
    }
    with dbapi.connect(str(path), autocommit=True) as connection, connection.cursor() as cursor:
        # The file lives for a moment: nothing is lost when it is, and it is simply made again.
        cursor.execute("PRAGMA journal_mode = OFF")
        cursor.execute("PRAGMA synchronous = OFF")
        cursor.execute("PRAGMA page_size = 16384")
        cursor.execute(f"PRAGMA cache_size = -{BLOCK_KIB}")
        cursor.execute("BEGIN")
        # The same columns as the table's own: then SQLite moves whole rows over, without looking into them.
        cursor.execute(str(CreateTable(table.to_metadata(MetaData(), name="rows")).compile(dialect=DIALECT)))
        cursor.adbc_ingest("rows", pa.table(columns), mode="append")
        cursor.execute("COMMIT")
    return path


@contextlib.contextmanager
def at_hand(connection: Connection, packed: Any) -> Iterator[None]:
    """Attach the block's file, which is not possible inside a transaction, and remove it at the end."""
    if not isinstance(packed, Path):
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("ATTACH DATABASE ? AS block", (str(packed),))
    driver.execute(f"PRAGMA block.mmap_size = {BLOCK_KIB << 10}")
    driver.execute(f"PRAGMA main.cache_size = -{BLOCK_KIB}")  # a block's pages go to the disk once, at its end
    try:
        yield
    finally:
        driver.execute("DETACH DATABASE block")
        packed.unlink()


def take(connection: Connection, table: Table, packed: pd.DataFrame | Path) -> None:
    """Insert what was packed."""
    if isinstance(packed, Path):
        connection.exec_driver_sql(f"INSERT INTO {quoted(table.name)} SELECT * FROM block.rows")
    else:
        insert_rows(connection, table, packed)


def insert_rows(connection: Connection, table: Table, rows: pd.DataFrame) -> None:
    """Insert `rows` (index = row number) as flat tuples, many rows to a statement."""
    names = [column.name for column in table.columns]
    columns = [rows.index.tolist() if name not in rows.columns else bound_values(rows[name]) for name in names]
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


def rename(connection: Connection, table: str, name: str) -> None:
    """Give a table a name that no other one has."""
    # A view on either name would otherwise stop the renaming.
    connection.exec_driver_sql("PRAGMA legacy_alter_table = ON")
    connection.exec_driver_sql(f"ALTER TABLE {quoted(table)} RENAME TO {quoted(name)}")
    connection.exec_driver_sql("PRAGMA legacy_alter_table = OFF")


def run(connection: Connection, statement: str) -> None:
    """Run a statement without parameters."""
    connection.exec_driver_sql(statement)


def too_long_to_index(error: DBAPIError) -> bool:
    """SQLite's indexes keep values of any length."""
    return False


def _insert(table: str, names: list[str], rows: int) -> str:
    one = "(" + ", ".join("?" * len(names)) + ")"
    columns = ", ".join(map(quoted, names))
    return f"INSERT INTO {quoted(table)} ({columns}) VALUES {', '.join([one] * rows)}"


def _arrow(values: pd.Series) -> pa.ChunkedArray:
    return pa.chunked_array(values.array.__arrow_array__())


def stored(values: pd.Series) -> pa.ChunkedArray:
    """A column as SQLite keeps it: booleans as 0 and 1, dates and times as ISO 8601 texts, as SQLAlchemy reads them."""
    column = _arrow(values)
    kind = column.type
    if pa.types.is_timestamp(kind):
        return _moments(column)
    if pa.types.is_boolean(kind):
        return pc.cast(column, pa.int8())
    if pa.types.is_date(kind):
        return pc.cast(column, pa.string())
    if pa.types.is_time(kind):
        return pc.replace_substring_regex(pc.cast(column, pa.string()), r"\.000000$", "")
    return column


def bound_values(values: pd.Series) -> list[Any]:
    """A column as the driver binds it."""
    column = stored(values)
    if (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)) and column.null_count == 0:
        return list(chain.from_iterable(chunk.to_numpy().tolist() for chunk in column.chunks))
    return column.to_pylist()


def _moments(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """`2024-01-31 13:05:00`, with `.123000` where there is a fraction, and `+00:00` where the column has a zone."""
    zoned = values.type.tz is not None
    naive = pc.cast(values, pa.timestamp("us")) if zoned else values
    try:
        written = pc.cast(pc.cast(naive, pa.timestamp("s")), pa.string())
    except pa.ArrowInvalid:  # some have fractions
        written = pc.replace_substring_regex(pc.cast(naive, pa.string()), r"\.000000$", "")
    return pc.binary_join_element_wise(written, "+00:00", "") if zoned else written
