"""What the user declares of the columns, by options or a Table Schema, put into the schema."""

from __future__ import annotations

from dataclasses import replace

from etl import rules
from etl.clean import Cleaning
from etl.options import Options
from etl.problems import UsageError
from etl.table_schema import ALIASES, TYPES, Field, Schema, declared_field


def find_column(schema: Schema, given: str, option: str) -> Field:
    """The column that an option names. Raises UsageError."""
    column = schema.find(given)
    if column is None:
        raise UsageError(f"{option} names {given!r}, which is no column; there are {', '.join(schema.names())}.")
    return column


def with_declared(schema: Schema, options: Options) -> Schema:
    """The schema with what --schema, --type and --required say. Raises UsageError."""
    described = options.described or {}
    for entry in described.get("fields", []):
        column = find_column(schema, entry["name"], "--schema")
        schema = schema.with_fields({column.name: declared_field(column, entry, described)})
    for given, kind in options.types:
        column = find_column(schema, given, "--type")
        typed = replace(column, type=_known_type(kind), declared=True, reason="--type")
        schema = schema.with_fields({column.name: typed})
    for given in options.required:
        column = find_column(schema, given, "--required")
        required = replace(column, constraints={**column.constraints, "required": True})
        schema = schema.with_fields({column.name: required})
    return schema


def _known_type(kind: str) -> str:
    if kind.lower() not in ALIASES:
        raise UsageError(f"--type: {kind!r} is no type; there are {', '.join(TYPES)}.")
    return ALIASES[kind.lower()]


def with_key(schema: Schema, options: Options, guessed: str | None) -> Schema:
    """The schema with the key that is declared, else the one that is guessed. Raises UsageError."""
    given = options.primary_key
    if not given and options.described and options.described.get("primaryKey"):
        key = options.described["primaryKey"]
        given = (key,) if isinstance(key, str) else tuple(key)
        if given == ("row_number",) and "row_number" not in schema.names():
            return schema
    if not given:
        return replace(schema, key=(guessed,) if guessed else ())
    names = tuple(find_column(schema, name, "--primary-key").name for name in given)
    return replace(schema, key=names, key_declared=True)


def cleaning_of(options: Options, schema: Schema) -> Cleaning:
    """What is cleaned besides types. Raises UsageError for a --fill that its column can't hold."""
    fills = []
    for given, text in options.fills:
        column = find_column(schema, given, "--fill")
        value = rules.read(text.strip(), column) if column.type != "text" else text
        if value is None:
            raise UsageError(f"--fill {given}={text}: {text!r} is no {column.type}, which the column is.")
        fills.append((column.name, value))
    for_tasks = options.tasks_of is not None
    return Cleaning(options.text, options.nulls, tuple(fills), options.fill_missing, for_tasks)
