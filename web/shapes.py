"""A table's columns and key as they stand in the database at this moment, and its rows in JSON."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from web import cells
from web.cells import LARGEST_EXACT, Column
from web.reader import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from web.reader import Reader

    # Column -> its type and whether it holds instants, as the loader made it.
    Kinds = Mapping[str, tuple[str, bool]]

COLUMNS_ON_SQLITE = """
    SELECT json_group_array(json_array(there.name, there.type, NOT there."notnull", there.pk))
    FROM sqlite_master, pragma_table_xinfo(sqlite_master.name) AS there
    WHERE sqlite_master.type = 'table' AND sqlite_master.name = ? AND there.hidden <> 1
"""
COLUMNS_ON_POSTGRESQL = """
    SELECT attname, format_type(atttypid, NULL), NOT attnotnull,
        coalesce(array_position(indkey::int2[], attnum) + 1, 0)
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    LEFT JOIN pg_index ON indrelid = attrelid AND indisprimary
    WHERE attrelid = to_regclass(%s) AND relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
KINDS = {
    "integer": ("BIGINT", "INTEGER", "INT", "SMALLINT", "bigint", "integer", "smallint"),
    "number": ("DOUBLE", "DOUBLE PRECISION", "FLOAT", "REAL", "NUMERIC", "DECIMAL", "double precision", "real"),
    "decimal": ("numeric",),
    "boolean": ("BOOLEAN", "boolean"),
    "date": ("DATE", "date"),
    "time": ("TIME", "time without time zone"),
    "datetime": ("DATETIME", "TIMESTAMP", "timestamp without time zone", "timestamp with time zone"),
    "text": ("TEXT", "VARCHAR", "CHAR", "text", "character varying", "character"),
}
KIND_OF = {name: kind for kind, names in KINDS.items() for name in names}
STRICT = orjson.OPT_STRICT_INTEGER | orjson.OPT_APPEND_NEWLINE


@dataclass(frozen=True)
class Shape:
    """A table: its name, its columns, those that the API doesn't show, and the columns that tell its rows apart."""

    table: str
    columns: tuple[Column, ...]
    key: tuple[Column, ...]
    dialect: str
    hidden: tuple[Column, ...] = ()

    def column(self, name: str) -> Column | None:
        """The column that the API calls so."""
        return next((column for column in self.columns if column.shown_name == name), None)

    def quoted(self, column: Column) -> str:
        """The column in a statement."""
        return quoted(column.name, self.dialect)

    def selected(self) -> str:
        """SELECT ... FROM ..."""
        wanted = (*self.columns, *self.hidden)
        columns = ", ".join(cells.select(column, self.dialect, self.quoted(column)) for column in wanted)
        return f"SELECT {columns} FROM {quoted(self.table, self.dialect)}"

    def places(self, columns: Iterable[Column]) -> list[int]:
        """Where in a row the values of `columns` stand."""
        whole = [*self.columns, *self.hidden]
        return [whole.index(column) for column in columns]

    def records(self, rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
        """Rows as they are answered."""
        names = [column.shown_name for column in self.columns]
        fixes = [
            (column.shown_name, fix)
            for column in self.columns
            if (fix := cells.shown(column, self.dialect)) is not None
        ]
        records = [dict(zip(names, row, strict=False)) for row in rows]
        for name, fix in fixes:
            for record in records:
                record[name] = fix(record[name])
        return records


def shape_of(reader: Reader, table: str, kinds: Kinds) -> Shape | None:
    """The table as it is; None where it is gone. kinds: what the database has no type for."""
    sqlite = reader.dialect == "sqlite"
    name = table if sqlite else '"' + table.replace('"', '""') + '"'
    found = reader.rows(COLUMNS_ON_SQLITE if sqlite else COLUMNS_ON_POSTGRESQL, (name,))
    told = found[0][0] if sqlite else orjson.dumps(found).decode()
    return None if told == "[]" else _shape(table, told, tuple(sorted(kinds.items())), reader.dialect)


@lru_cache(maxsize=256)
def _shape(table: str, told: str, kinds: tuple[Any, ...], dialect: str) -> Shape:
    known, found = dict(kinds), orjson.loads(told)
    columns = tuple(_column(name, kind, bool(nullable), known) for name, kind, nullable, _ in found)
    keyed = [(place, column) for (*_, place), column in zip(found, columns, strict=True) if place]
    key = tuple(column for _, column in sorted(keyed, key=lambda pair: pair[0]))
    return Shape(table, columns, key or columns, dialect)


def _column(name: str, kept_as: str, nullable: bool, known: Mapping[str, tuple[str, bool]]) -> Column:
    kind = KIND_OF.get(kept_as.partition("(")[0].strip())
    made, zoned = known.get(name, ("", False))
    if kept_as == "TEXT" and made == "decimal":
        kind = "decimal"
    if kept_as.startswith("timestamp"):
        zoned = kept_as == "timestamp with time zone"
    return Column(name, kind or "text", zoned and kind == "datetime", nullable, foreign=kind is None)


def as_json(records: Any) -> bytes:
    """JSON with a line end; whole numbers that a double can't hold as strings."""
    try:
        return orjson.dumps(records, default=_hexadecimal, option=STRICT)
    except TypeError:
        exact = [{name: _exact(value) for name, value in record.items()} for record in _as_list(records)]
        return orjson.dumps(exact if isinstance(records, list) else exact[0], default=_hexadecimal, option=STRICT)


def _as_list(records: Any) -> list[dict[str, Any]]:
    return records if isinstance(records, list) else [records]


def _exact(value: Any) -> Any:
    return str(value) if type(value) is int and not -LARGEST_EXACT < value < LARGEST_EXACT else value


def _hexadecimal(value: Any) -> str:
    # The loader makes no column of bytes; somebody else may have.
    return bytes(value).hex()
