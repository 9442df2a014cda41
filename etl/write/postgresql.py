"""Rows into PostgreSQL: COPY, inside SQLAlchemy's transaction."""

from __future__ import annotations

import io
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv
from sqlalchemy import Connection, Numeric, Table
from sqlalchemy.exc import DBAPIError

from etl.columns import as_array
from etl.write import quoted
from etl.write.binary_copy import binary_copy

KEEPS_NUL = False
PROGRAM_LIMIT_EXCEEDED = "54000"


@dataclass(frozen=True)
class Packed:
    """Rows as COPY reads them. form: csv or binary."""

    form: str
    data: bytes


def pack(rows: pd.DataFrame, table: Table, folder: Path) -> Packed:
    """`rows` (index = row number) as COPY reads them."""
    columns = {
        column.name: pa.array(rows.index.to_numpy()) if column.name not in rows.columns else as_array(rows[column.name])
        for column in table.columns
    }
    if not any(isinstance(column.type, Numeric) for column in table.columns):  # a format of its own, and a rare one
        return Packed("binary", binary_copy(list(columns.values())))
    text = io.BytesIO()
    # Every value is quoted, so that an empty text differs from NULL, which is not.
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="all_valid")
    pyarrow.csv.write_csv(pa.table(columns), text, options)
    return Packed("csv", text.getvalue())


def at_hand(connection: Connection, packed: Any) -> AbstractContextManager[None]:
    """Nothing is needed."""
    return nullcontext()


def take(connection: Connection, table: Table, packed: Packed | pd.DataFrame) -> None:
    """Insert what was packed."""
    if isinstance(packed, pd.DataFrame):
        packed = pack(packed, table, Path())
    names = ", ".join(quoted(column.name) for column in table.columns)
    into = f"COPY {quoted(table.name)} ({names}) FROM STDIN (FORMAT {packed.form})"
    # A server that breaks down may forget the last blocks, with the lines that say they are done: then they are loaded
    # again. That a load is published is waited for, and with it all that was committed before.
    run(connection, "SET LOCAL synchronous_commit = off")
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(into) as copy:
            copy.write(packed.data)
    except driver_error() as error:
        raise as_sqlalchemy(error, into) from error


def driver_error() -> type[Exception]:
    import psycopg

    return psycopg.Error


def as_sqlalchemy(error: Exception, statement: str) -> Exception:
    """The driver's error as SQLAlchemy would have raised it, had the statement gone through it."""
    import psycopg

    return DBAPIError.instance(statement, None, error, psycopg.Error)


def rename(connection: Connection, table: str, name: str) -> None:
    """Give a table a name that no other one has."""
    run(connection, f"ALTER TABLE {quoted(table)} RENAME TO {quoted(name)}")


def run(connection: Connection, statement: str) -> None:
    """Run a statement without parameters; a % in a name is only a % then."""
    connection.exec_driver_sql(statement.replace("%", "%%"))


def too_long_to_index(error: DBAPIError) -> bool:
    """Whether it is more than the some 2,700 bytes that an index keeps."""
    return getattr(error.orig, "sqlstate", None) == PROGRAM_LIMIT_EXCEEDED
