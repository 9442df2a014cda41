"""Tables of no use any more: out of the way at once, and removed bit by bit, so that no other writer waits for it.

To drop a table takes SQLite about a second for each million rows, in which nobody else can write.
"""

from __future__ import annotations

import logging
import uuid
from contextlib import suppress

from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import NoSuchTableError, OperationalError

from database import writing
from etl.write import quoted, writer_for
from pieces import in_pieces

log = logging.getLogger("etl")

PREFIX = "etl_discarded_"

REFERRED = """
    SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND lower(tbl_name) = lower(:name)
    UNION ALL
    SELECT 1 FROM sqlite_schema AS other, pragma_foreign_key_list(other.name) AS reference
    WHERE other.type = 'table' AND lower(reference."table") = lower(:name)
"""


def put_aside(connection: Connection, table: str) -> None:
    """Take a table away, if it is there, in the caller's transaction; `remove` does the rest of the work."""
    dialect = connection.dialect.name
    writer = writer_for(dialect)
    if dialect != "sqlite" or connection.exec_driver_sql(REFERRED, {"name": table}).first():
        # What refers to a table would follow it to its new name, and its triggers would see its rows go.
        writer.run(connection, f"DROP TABLE IF EXISTS {quoted(table)}")
    elif inspect(connection).has_table(table):
        writer.rename(connection, table, f"{PREFIX}{uuid.uuid4().hex[:12]}")


def remove(engine: Engine) -> None:
    """Remove what was put aside, also by a load that was killed before it came to this."""
    if engine.dialect.name != "sqlite":
        return
    with engine.connect() as connection:
        found = [name for name in inspect(connection).get_table_names() if name.startswith(PREFIX)]
    for table in found:
        try:
            _remove(engine, table)
        except OperationalError as error:
            log.warning("%s is left for the next load to remove: %s", table, error.orig)


def _remove(engine: Engine, table: str) -> None:
    with suppress(OperationalError, NoSuchTableError):  # of another kind, or another load's: there is less to do
        _drop_indexes(engine, table)
        _empty(engine, table)
    with writing(engine, long=True) as connection:
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table}")


def _drop_indexes(engine: Engine, table: str) -> None:
    with engine.connect() as connection:
        names = [index["name"] for index in inspect(connection).get_indexes(table)]
    for name in names:
        with writing(engine, long=True) as connection:
            connection.exec_driver_sql(f"DROP INDEX IF EXISTS {quoted(str(name))}")


def _empty(engine: Engine, table: str) -> None:
    """Delete the rows, in pieces."""
    with engine.connect() as connection:
        known = {column["name"].lower() for column in inspect(connection).get_columns(table)}
    row = next((name for name in ("rowid", "_rowid_", "oid") if name not in known), "rowid")
    behind = f"SELECT {row} FROM {table} ORDER BY {row} LIMIT 1 OFFSET ?"
    some = f"DELETE FROM {table} WHERE {row} <= coalesce(({behind}), {2**63 - 1})"
    in_pieces(engine, lambda connection, rows: connection.exec_driver_sql(some, (rows - 1,)).rowcount)
