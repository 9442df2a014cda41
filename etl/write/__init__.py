"""How rows reach a database: one small interface, and the module behind it that fits the database."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Double,
    MetaData,
    Numeric,
    Table,
    Text,
    Time,
    UniqueConstraint,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from etl.problems import Refused
from etl.table_schema import Field, Schema
from models import BigId

ROW_NUMBER = "row_number"

# SQLite has no exact decimals; a text keeps every digit.
Decimal = Numeric().with_variant(Text(), "sqlite")
TYPES: dict[str, TypeEngine] = {
    "integer": BigInteger(),
    "number": Double(),
    "decimal": Decimal,
    "boolean": Boolean(),
    "date": Date(),
    "time": Time(),
    "text": Text(),
}
MOST_COLUMNS = {"sqlite": 2000, "postgresql": 1600}


class Writer(Protocol):
    """Rows into a table: packed where they are made, perhaps in a worker, and taken by the one that commits."""

    KEEPS_NUL: bool  # whether a text may hold that character

    def pack(self, rows: pd.DataFrame, table: Table, folder: Path) -> Any:
        """`rows` (index = row number) in the form that `take` takes fastest; it can be pickled."""

    def at_hand(self, connection: Connection, packed: Any) -> AbstractContextManager[None]:
        """What must be arranged before the transaction in which `packed` is taken, and undone after it."""

    def take(self, connection: Connection, table: Table, packed: Any) -> None:
        """Insert what was packed. Raises sqlalchemy.exc.IntegrityError where a key repeats."""

    def rename(self, connection: Connection, table: str, name: str) -> None:
        """Give a table a name that no other one has."""

    def run(self, connection: Connection, statement: str) -> None:
        """Run a statement without parameters, names of any characters in it."""

    def too_long_to_index(self, error: DBAPIError) -> bool:
        """Whether a statement failed because a value is longer than what an index keeps."""


def quoted(name: str) -> str:
    """A name of any characters, for a statement."""
    return '"' + name.replace('"', '""') + '"'


def writer_for(dialect: str) -> Writer:
    if dialect == "postgresql":
        from etl.write import postgresql

        return postgresql
    from etl.write import sqlite

    return sqlite


def table_for(schema: Schema, name: str, dialect: str) -> Table:
    """The table that holds a schema's rows. Raises Refused when the database can't hold so many columns."""
    columns: list[Column] = [] if schema.key else [Column(ROW_NUMBER, BigId, primary_key=True, autoincrement=False)]
    columns += [_column(field, schema) for field in schema.fields]
    most = MOST_COLUMNS[dialect]
    if len(columns) > most:
        raise Refused(f"The file has {len(schema.fields)} columns; {dialect} can hold {most} in one table.")
    unique = [
        UniqueConstraint(field.name)
        for field in schema.fields
        if field.constraints.get("unique") and schema.key != (field.name,)
    ]
    return Table(name, MetaData(), *columns, *unique)


def _column(field: Field, schema: Schema) -> Column:
    kind: TypeEngine = DateTime(timezone=field.zoned) if field.type == "datetime" else TYPES[field.type]
    if field.type == "integer" and schema.key == (field.name,):
        kind = BigId
    return Column(field.name, kind, primary_key=field.name in schema.key, autoincrement=False)


def unique_sets(schema: Schema) -> list[tuple[str, ...]]:
    """The columns, or sets of columns, in which no value may repeat."""
    sets = [schema.key] if schema.key else []
    return sets + [
        (field.name,) for field in schema.fields if field.constraints.get("unique") and schema.key != (field.name,)
    ]
