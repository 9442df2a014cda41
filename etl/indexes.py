"""Indexes that `--index` asks for: which columns they are of, and how they get on a table."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError

from etl.infer import plain_name
from etl.problems import Refused, UsageError
from etl.table_schema import Schema
from etl.write import Writer
from etl.write.sqlite import quoted

Columns = tuple[str, ...]
TOO_LARGE = "54000"  # PostgreSQL indexes no value of more than some 2,700 bytes


def asked_indexes(schema: Schema, asked: Iterable[str]) -> list[Columns]:
    """The columns of each index, by their names in the database. Raises UsageError."""
    return list(dict.fromkeys(_columns(schema, given) for given in asked))


def _columns(schema: Schema, given: str) -> Columns:
    parts = [part.strip() for part in given.split(",")]
    found = [_column(schema, part) for part in parts]
    whole = _column(schema, given)  # a name in the file may hold a comma
    if None in found and whole:
        return (whole,)
    for part, name in zip(parts, found, strict=True):
        if name is None:
            known = ", ".join(schema.names())
            raise UsageError(f"--index names {part!r}, which is no column; there are {known}.")
    return tuple(dict.fromkeys(name for name in found if name))


def _column(schema: Schema, given: str) -> str | None:
    plain = plain_name(given)
    known = (field.name for field in schema.fields if given in (field.name, field.original) or plain == field.name)
    return next(known, None)


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
            if getattr(error.orig, "sqlstate", None) != TOO_LARGE:
                raise
            raise Refused(f"--index {','.join(columns)}: the texts there are too long for an index.") from error
