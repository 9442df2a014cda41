"""A table's columns, and Frictionless Table Schema (https://specs.frictionlessdata.io/table-schema/) in and out."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from etl.names import plain_name
from etl.problems import UsageError

TYPES = ("integer", "number", "decimal", "boolean", "date", "time", "datetime", "text")
NUMERIC = ("integer", "number", "decimal")
CONSTRAINTS = ("required", "unique", "minimum", "maximum", "minLength", "maxLength", "pattern", "enum")

# Frictionless' names for our types, and those that mean one of ours when read.
FRICTIONLESS = {"decimal": "number", "text": "string"}
READ_AS = {
    **{name: name for name in TYPES if name != "text"},
    "string": "text", "text": "text", "any": "text", "year": "integer",
    "yearmonth": "text", "duration": "text", "object": "text", "array": "text", "geopoint": "text", "geojson": "text",
}  # fmt: skip
# What people write for --type.
ALIASES = {
    **READ_AS, "int": "integer", "bigint": "integer", "float": "number", "double": "number", "real": "number",
    "numeric": "decimal", "bool": "boolean", "timestamp": "datetime", "str": "text", "varchar": "text",
}  # fmt: skip

# Properties of a field in JSON, and what they are called here.
SAME_MEANING = (
    ("decimalChar", "decimal_mark"),
    ("groupChar", "group_mark"),
    ("bareNumber", "bare"),
    ("percent", "percent"),
    ("currency", "currency"),
    ("dateOrder", "date_order"),
    ("zoned", "zoned"),
)


@dataclass(frozen=True)
class Field:
    """One column: its name in the database and in the file, its type, how its values are written, and why.

    decimal_mark, group_mark, currency, percent: how numbers are written. date_order: "day" or "month" where the
    year comes last. zoned: datetimes carry offsets. declared: the user said the type, so that a value which
    doesn't fit gives way; otherwise the type does. reason: why this type, for the log. wordy: no value of the
    sample was a number or a date, so that one in a row that had to be repaired is suspicious.
    """

    name: str
    original: str
    type: str = "text"
    declared: bool = False
    reason: str = ""
    decimal_mark: str = "."
    group_mark: str = ","
    currency: str = ""
    percent: bool = False
    bare: bool = True
    date_order: str = ""
    zoned: bool = False
    wordy: bool = False
    missing_values: tuple[str, ...] | None = None
    true_values: tuple[str, ...] = ()
    false_values: tuple[str, ...] = ()
    constraints: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Schema:
    """The columns of a table in the file's order, and its primary key: column names, or none for `row_number`."""

    fields: tuple[Field, ...]
    key: tuple[str, ...] = ()
    key_declared: bool = False

    def names(self) -> list[str]:
        return [field.name for field in self.fields]

    def field(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)

    def find(self, given: str) -> Field | None:
        """The column that somebody means who gives its name in the database or in the file."""
        plain = plain_name(given)
        meant = (field for field in self.fields if given in (field.name, field.original) or plain == field.name)
        return next(meant, None)

    def with_fields(self, changed: dict[str, Field]) -> Schema:
        return replace(self, fields=tuple(changed.get(field.name, field) for field in self.fields))


def to_frictionless(schema: Schema) -> dict[str, Any]:
    """The schema as Table Schema JSON; what it has no word for is kept in properties of our own."""
    return {
        "fields": [_field_to_json(field) for field in schema.fields],
        "primaryKey": list(schema.key) or ["row_number"],
        "missingValues": [""],
    }


def _field_to_json(field: Field) -> dict[str, Any]:
    out: dict[str, Any] = {"name": field.name, "type": FRICTIONLESS.get(field.type, field.type)}
    if field.original != field.name:
        out["title"] = field.original
    if field.type == "decimal":
        out["exact"] = True
    if field.type in NUMERIC:
        if field.decimal_mark != ".":
            out["decimalChar"] = field.decimal_mark
        out["groupChar"] = field.group_mark
        out["bareNumber"] = field.bare and not (field.currency or field.percent)
        out |= {"currency": field.currency} if field.currency else {}
        out |= {"percent": True} if field.percent else {}
    if field.type in ("date", "datetime"):
        out["format"] = "any"
        out |= {"dateOrder": field.date_order} if field.date_order else {}
        out |= {"zoned": True} if field.zoned else {}
    for name, values in (("trueValues", field.true_values), ("falseValues", field.false_values)):
        out |= {name: list(values)} if values else {}
    if field.missing_values is not None:
        out["missingValues"] = list(field.missing_values)
    if field.constraints:
        out["constraints"] = field.constraints
    if field.reason:
        out["reason"] = field.reason
    return out


def dump(schema: Schema) -> str:
    return json.dumps(to_frictionless(schema), indent=2, ensure_ascii=False)


def read_schema(path: str) -> dict[str, Any]:
    """The Table Schema in a JSON file. Raises UsageError when there is none."""
    try:
        described = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"--schema {path} can't be read: {error.strerror}.") from error
    except ValueError as error:
        raise UsageError(f"--schema {path} is no JSON: {error}.") from error
    if not isinstance(described, dict) or not isinstance(described.get("fields"), list):
        raise UsageError(f'--schema {path} is no Table Schema: it has no list "fields".')
    key = described.get("primaryKey", [])
    if not isinstance(key, str) and not _is_list_of_texts(key):
        raise UsageError(f"--schema {path}: primaryKey is neither a name nor a list of names.")
    if not _is_list_of_texts(described.get("missingValues", [])):
        raise UsageError(f"--schema {path}: missingValues is not a list of texts.")
    for number, entry in enumerate(described["fields"], start=1):
        _check_field(entry, f"--schema {path}, field {number}")
    return described


def _check_field(entry: Any, where: str) -> None:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise UsageError(f'{where} has no "name".')
    if entry.get("type", "string") not in READ_AS:
        raise UsageError(f"{where}: type {entry['type']!r} is not known; it can be {', '.join(sorted(READ_AS))}.")
    for name in ("missingValues", "trueValues", "falseValues"):
        if not _is_list_of_texts(entry.get(name, [])):
            raise UsageError(f"{where}: {name} is not a list of texts.")
    for name in ("decimalChar", "groupChar"):
        if not isinstance(entry.get(name, "."), str) or len(entry.get(name, ".")) != 1:
            raise UsageError(f"{where}: {name} is not one character.")
    _check_constraints(entry.get("constraints", {}), where)


def _check_constraints(constraints: Any, where: str) -> None:
    if not isinstance(constraints, dict):
        raise UsageError(f"{where}: constraints is not an object.")
    unknown = set(constraints) - set(CONSTRAINTS)
    if unknown:
        raise UsageError(f"{where}: constraint {min(unknown)!r} is not known; it can be {', '.join(CONSTRAINTS)}.")
    for name in ("required", "unique"):
        if not isinstance(constraints.get(name, False), bool):
            raise UsageError(f"{where}: constraint {name} is neither true nor false.")
    if not isinstance(constraints.get("enum", []), list) or not isinstance(constraints.get("pattern", ""), str):
        raise UsageError(f"{where}: the constraint enum is a list and pattern a text.")


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def declared_field(guessed: Field, entry: dict[str, Any], described: dict[str, Any]) -> Field:
    """`guessed` with all that a Table Schema says of it."""
    changes: dict[str, Any] = {"constraints": dict(entry.get("constraints", {}))}
    if "type" in entry:
        kind = "decimal" if entry.get("exact") and entry["type"] != "string" else READ_AS[entry["type"]]
        changes |= {"type": kind, "declared": True, "reason": "declared in the schema"}
    for key, name in SAME_MEANING:
        if key in entry:
            changes[name] = entry[key]
    if changes.get("decimal_mark") == "," and "groupChar" not in entry:
        changes["group_mark"] = "."
    if entry.get("bareNumber") is False:
        changes["percent"] = True
    if (order := _order_of_format(entry.get("format", ""))) and "dateOrder" not in entry:
        changes["date_order"] = order
    for key, name in (("trueValues", "true_values"), ("falseValues", "false_values")):
        if key in entry:
            changes[name] = tuple(entry[key])
    if changes.get("type", guessed.type) == "boolean" and ("trueValues" in entry) != ("falseValues" in entry):
        changes.setdefault("true_values", ("true", "True", "TRUE", "1"))
        changes.setdefault("false_values", ("false", "False", "FALSE", "0"))
    missing = entry.get("missingValues", described.get("missingValues"))
    if missing is not None:
        changes["missing_values"] = tuple(missing)
    return replace(guessed, **changes)


def _order_of_format(written: str) -> str:
    day, month = written.find("%d"), written.find("%m")
    return (
        ""
        if day < 0 or month < 0 or written.find("%Y") in range(min(day, month))
        else "day"
        if day < month
        else "month"
    )


def fields_as_json(schema: Schema) -> list[dict[str, Any]]:
    """Every field with all that is known of it, as JSON values, for `field_from_json`."""
    return [asdict(column) for column in schema.fields]


def field_from_json(kept: dict[str, Any]) -> Field:
    """A field as an interrupted load kept it."""
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()}
    return Field(**values)
