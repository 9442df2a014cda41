"""Indexes that `--index` asks for: which columns they are of, and how they get on a table."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError

from etl.declared import find_column
from etl.problems import Refused
from etl.table_schema import Schema
from etl.write import Writer, quoted

Columns = tuple[str, ...]


def asked_indexes(schema: Schema, asked: Iterable[str]) -> list[Columns]:
    """The columns of each index, by their names in the database. Raises UsageError."""
    return list(dict.fromkeys(_columns(schema, given) for given in asked))


def _columns(schema: Schema, given: str) -> Columns:
    parts = [part.strip() for part in given.split(",")]
    whole = schema.find(given)
    if whole is not None and not all(map(schema.find, parts)):  # a name in the file may hold a comma
        return (whole.name,)
    return tuple(dict.fromkeys(find_column(schema, part, "--index").name for part in parts))


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
