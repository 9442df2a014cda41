"""Rows into PostgreSQL: COPY, inside SQLAlchemy's transaction."""

from __future__ import annotations

import io
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv
from sqlalchemy import Connection, Table

from etl.write.sqlite import quoted

KEEPS_NUL = False


def pack(rows: pd.DataFrame, table: Table, folder: Path) -> bytes:
    """`rows` (index = row number) as the CSV that COPY reads."""
    names = [column.name for column in table.columns]
    columns = {
        name: pa.array(rows.index.to_numpy()) if name not in rows.columns else rows[name].array.__arrow_array__()
        for name in names
    }
    text = io.BytesIO()
    # Every value is quoted, so that an empty text differs from NULL, which is not.
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="all_valid")
    pyarrow.csv.write_csv(pa.table(columns), text, options)
    return text.getvalue()


def at_hand(connection: Connection, packed: Any) -> AbstractContextManager[None]:
    """Nothing is needed."""
    return nullcontext()


def take(connection: Connection, table: Table, packed: bytes | pd.DataFrame) -> None:
    """Insert what was packed."""
    if isinstance(packed, pd.DataFrame):
        packed = pack(packed, table, Path())
    names = ", ".join(quoted(column.name) for column in table.columns)
    into = f"COPY {quoted(table.name)} ({names}) FROM STDIN (FORMAT csv)"
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(into) as copy:
            copy.write(packed)
    except driver_error() as error:
        raise as_sqlalchemy(error, into) from error


def driver_error() -> type[Exception]:
    import psycopg

    return psycopg.Error


def as_sqlalchemy(error: Exception, statement: str) -> Exception:
    """The driver's error as SQLAlchemy would have raised it, had the statement gone through it."""
    import psycopg
    from sqlalchemy.exc import DBAPIError

    return DBAPIError.instance(statement, None, error, psycopg.Error)


def publish(connection: Connection, staging: str, table: str) -> None:
    """Give the staging table the name of the table, which isn't there any more."""
    run(connection, f"ALTER TABLE {quoted(staging)} RENAME TO {quoted(table)}")


def run(connection: Connection, statement: str) -> None:
    """Run a statement without parameters; a % in a name is only a % then."""
    connection.exec_driver_sql(statement.replace("%", "%%"))
