"""From staging to the table: what an existing table allows, and the one transaction that readers see."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    Numeric,
    Select,
    Table,
    and_,
    func,
    insert,
    inspect,
    or_,
    select,
    true,
    types,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateColumn

from etl import discard, indexes, ledger
from etl.options import IF_EXISTS
from etl.problems import Refused
from etl.table_schema import Field, Schema
from etl.write import ROW_NUMBER, Writer, quoted
from models import belongs_to_the_application

EXACT_IN_DOUBLE = 2**53


def staging_name(load: int) -> str:
    return f"etl_staging_{load}"


def drop_staging(connection: Connection, load: int) -> None:
    discard.put_aside(connection, staging_name(load))


def refuse_own_tables(table: str) -> None:
    if belongs_to_the_application(table):
        raise Refused(f"{table} is a table of the application's own; choose another name with --table.")


def how_to_publish(connection: Connection, table: str, source: str, asked: str | None) -> str:
    """What to do with the table: as asked; a table that the loader made from the same source is replaced."""
    there = inspect(connection)
    if table in there.get_view_names():
        raise Refused(f"{table} is a view; choose another name with --table.")
    if not there.has_table(table):
        return asked if asked in ("append", "upsert") else "replace"
    if asked is None:
        last = ledger.last_published(connection, table)
        if last is not None and last.source == source and source != "-":
            return "replace"
        asked = "fail"
    if asked == "fail":
        raise Refused(
            f"The table {table} exists already; --if-exists can be {', '.join(IF_EXISTS[1:])}, "
            "or --table can name another."
        )
    return asked


def check_target(connection: Connection, table: str, schema: Schema, how: str | None) -> None:
    """Refuse what can't be appended before any work is done."""
    if how not in ("append", "upsert") or not inspect(connection).has_table(table):
        return
    target = _reflected(connection, table)
    clashes = [
        f"{field.name} is {field.type} in the file and {_name(target.c[field.name])} in the table"
        for field in schema.fields
        if field.name in target.c and not _accepts(target.c[field.name], field.type)
    ]
    if clashes:
        raise Refused(f"The rows don't fit into {table}: {'; '.join(clashes)}. See --type.")
    key = tuple(column.name for column in target.primary_key.columns)
    if how == "upsert" and (not key or key == (ROW_NUMBER,) or not set(key) <= set(schema.names())):
        raise Refused(
            f"--if-exists upsert needs a primary key that {table} and the file have in common; see --primary-key."
        )
    missing = [name for name in key if name != ROW_NUMBER and name not in schema.names()]
    if missing:
        raise Refused(f"{table} has the primary key {', '.join(key)}, and the file has no {missing[0]}.")


def adapted(connection: Connection, table: str, schema: Schema, how: str | None) -> Schema:
    """The schema with guesses made to agree with the table that is merged into, where that loses nothing.

    A text there keeps every value as it is written, a date becomes the datetime that the table holds, and the table's
    key is the file's.
    """
    if how not in ("append", "upsert") or not inspect(connection).has_table(table):
        return schema
    target = _reflected(connection, table)
    changed = {}
    for field in schema.fields:
        if field.declared or field.name not in target.c:
            continue
        kind = target.c[field.name].type
        if isinstance(kind, types.Text) and field.type != "text" and not _is_decimal(field, connection):
            changed[field.name] = replace(field, type="text", reason=f"text in {table}")
        elif isinstance(kind, types.DateTime) and field.type == "date":
            changed[field.name] = replace(field, type="datetime", reason=f"datetime in {table}")
    key = tuple(column.name for column in target.primary_key.columns)
    if set(key) <= set(schema.names()):
        schema = replace(schema, key=key, key_declared=True)
    return schema.with_fields(changed)


def _is_decimal(field: Field, connection: Connection) -> bool:
    # On SQLite a decimal is kept as a text, too; a number as long as that is written alike.
    return field.type == "decimal" and connection.dialect.name == "sqlite"


def _reflected(connection: Connection, table: str) -> Table:
    return Table(table, MetaData(), autoload_with=connection)


def _name(column: Column) -> str:
    return str(column.type).lower()


def _accepts(column: Column, kind: str) -> bool:
    """Whether a column of the table can keep values of a type without loss."""
    fits: dict[str, tuple[type, ...]] = {
        "integer": (types.Integer, types.Numeric, types.Float, types.Text),
        "number": (types.Float, types.Numeric, types.Text),
        "decimal": (Numeric, types.Text),
        "boolean": (types.Boolean, types.Text),
        "date": (types.Date, types.DateTime, types.Text),
        "time": (types.Time, types.Text),
        "datetime": (types.DateTime, types.Text),
        "text": (types.String,),
    }
    return isinstance(column.type, (types.NullType, *fits[kind]))


def publish(
    connection: Connection, writer: Writer, staging: Table, table: str, schema: Schema, how: str | None
) -> None:
    """Make the staged rows visible, in the caller's transaction."""
    if how in ("append", "upsert") and inspect(connection).has_table(table):
        check_target(connection, table, schema, how)
        _merge(connection, writer, staging, table, upsert=how == "upsert")
        discard.put_aside(connection, staging.name)
    else:
        discard.put_aside(connection, table)
        writer.rename(connection, staging.name, table)


def _merge(connection: Connection, writer: Writer, staging: Table, table: str, *, upsert: bool) -> None:
    target = _reflected(connection, table)
    for column in staging.columns:
        if column.name not in target.c and column.name != ROW_NUMBER:
            definition = CreateColumn(Column(column.name, column.type)).compile(dialect=connection.dialect)
            writer.run(connection, f"ALTER TABLE {quoted(table)} ADD COLUMN {str(definition).replace('%%', '%')}")
    target = _reflected(connection, table)
    _refuse_lost_digits(connection, staging, target)
    values: dict[str, Any] = {column.name: column for column in staging.columns if column.name in target.c}
    if ROW_NUMBER in target.c:  # row numbers go on behind the highest there
        highest = connection.scalar(select(func.max(target.c[ROW_NUMBER]))) or 0
        rank = func.row_number().over(order_by=list(staging.primary_key.columns))
        values[ROW_NUMBER] = highest + values.get(ROW_NUMBER, rank)
    rows = select(*values.values()).where(true())
    if not upsert:
        _refuse_taken_keys(connection, staging, target)
    with indexes.made_anew(connection, target, staging):
        if upsert:
            _upsert(connection, target, list(values), rows)
        else:
            connection.execute(insert(target).from_select(list(values), rows))


def _refuse_lost_digits(connection: Connection, staging: Table, target: Table) -> None:
    """Whole numbers go into a column of doubles as far as those keep every digit."""
    doubles = {column.name for column in target.columns if isinstance(column.type, types.Float)}
    for column in staging.columns:
        if column.name in doubles and isinstance(column.type, types.Integer):
            beyond = or_(column > EXACT_IN_DOUBLE, column < -EXACT_IN_DOUBLE)
            lost = connection.scalar(select(column).where(beyond).limit(1))
            if lost is not None:
                raise Refused(f"{column.name} {lost} has more digits than {target.name} keeps there; see --type.")


def _refuse_taken_keys(connection: Connection, staging: Table, target: Table) -> None:
    key = [column.name for column in target.primary_key.columns]
    if not key or key == [ROW_NUMBER] or not set(key) <= {column.name for column in staging.columns}:
        return
    same = [staging.c[name] == target.c[name] for name in key]
    taken = connection.execute(select(*(staging.c[name] for name in key)).join(target, and_(*same)).limit(1)).first()
    if taken is not None:
        shown = ", ".join(f"{name} {value}" for name, value in zip(key, taken, strict=True))
        raise Refused(f"{target.name} has a row with the key {shown} already; --if-exists upsert would update it.")


def _upsert(connection: Connection, target: Table, names: list[str], rows: Select) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(target).from_select(names, rows)
    key = [column.name for column in target.primary_key.columns]
    changed = {name: statement.excluded[name] for name in names if name not in key}
    if changed:
        statement = statement.on_conflict_do_update(index_elements=key, set_=changed)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=key)
    connection.execute(statement)
