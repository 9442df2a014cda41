"""Indexes: those that `--index` asks for, and how those that are there take in many rows."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Table, func, inspect, select
from sqlalchemy.exc import DBAPIError

from etl.declared import find_column
from etl.problems import Refused
from etl.table_schema import Schema
from etl.write import Writer, quoted

Columns = tuple[str, ...]

MANY_ROWS = 100_000
MADE_BY_STATEMENT = """
    SELECT kept.name, kept.sql FROM sqlite_schema AS kept JOIN pragma_index_list(:name) AS listed USING (name)
    WHERE kept.type = 'index' AND listed.origin = 'c' AND NOT listed."unique"
"""


def asked_indexes(schema: Schema, asked: Iterable[str]) -> list[Columns]:
    """The columns of each index, by their names in the database. Raises UsageError."""
    return list(dict.fromkeys(_columns(schema, given) for given in asked))


def _columns(schema: Schema, given: str) -> Columns:
    parts = [part.strip() for part in given.split(",")]
    whole = schema.find(given)
    if whole is not None and not all(map(schema.find, parts)):  # a name in the file may hold a comma
        return (whole.name,)
    return tuple(dict.fromkeys(find_column(schema, part, "--index").name for part in parts))


@contextmanager
def made_anew(connection: Connection, table: Table, coming: Table) -> Iterator[None]:
    """Without the table's indexes, on SQLite, where many rows come to it in this transaction.

    To make one of all rows, sorted, takes a sixth of the time for each of them that it takes to find its place.
    """
    there = _indexes(connection, table) if connection.dialect.name == "sqlite" else []
    if there and not _are_many(connection, coming, table):
        there = []
    for name, _ in there:
        connection.exec_driver_sql(f"DROP INDEX {quoted(name)}")
    yield
    for _, statement in there:
        connection.exec_driver_sql(statement)


def _indexes(connection: Connection, table: Table) -> list[tuple[str, str]]:
    return [(name, sql) for name, sql in connection.exec_driver_sql(MADE_BY_STATEMENT, {"name": table.name})]


def _are_many(connection: Connection, coming: Table, table: Table) -> bool:
    # The rows of the table are counted last, for they may be so many that others would wait for it.
    number = _count(connection, coming)
    return number >= MANY_ROWS and number >= _count(connection, table) / 2


def _count(connection: Connection, table: Table) -> int:
    return int(connection.scalar(select(func.count()).select_from(table)) or 0)


def make(connection: Connection, writer: Writer, table: str, indexes: Sequence[Columns], load: int) -> None:
    """Make those that aren't there. A name is used once in the whole database, and stays when a table is renamed."""
    there = inspect(connection)
    known = [tuple(there.get_pk_constraint(table)["constrained_columns"])]
    known += [tuple(name or "" for name in index["column_names"]) for index in there.get_indexes(table)]
    for columns in indexes:
        if any(names[: len(columns)] == columns for names in known):
            continue
        name = f"etl_index_{load}_{zlib.crc32(repr(columns).encode()):08x}"
        try:
            writer.run(
                connection,
                f"CREATE INDEX IF NOT EXISTS {quoted(name)} ON {quoted(table)} ({', '.join(map(quoted, columns))})",
            )
        except DBAPIError as error:
            if not writer.too_long_to_index(error):
                raise
            raise Refused(f"--index {','.join(columns)}: the texts there are too long for an index.") from error
