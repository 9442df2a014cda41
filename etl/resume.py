"""What a load keeps in etl_loads so that it can go on, and whether its source is still what it was."""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import asdict
from typing import Any

from etl.blocks import start_of
from etl.declared import cleaning_of
from etl.dialect import Dialect
from etl.layout import Layout
from etl.notes import dialect_of
from etl.options import Options
from etl.plan import Plan
from etl.source import Source
from etl.table_schema import Schema, field_from_json, fields_as_json, to_frictionless


def fingerprint_of(source: Source, options: Options) -> str:
    """What a resumed load must have in common with the interrupted one: source, size and options."""
    told = json.dumps([source.path, source.size, source.original, options.that_matter()], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()


def facts_of(source: Source, plan: Plan, options: Options, attempt: str, *, in_order: bool) -> dict[str, Any]:
    """What etl_loads says of a load while it runs."""
    kept = {
        "given": options.that_matter(),
        # A text within the JSON: a header may hold NUL, and PostgreSQL reads no JSON that does.
        "plan": json.dumps(_plan_as_json(plan)),
        "head": head_checksum(source, plan),
        "attempt": attempt,
        "in_order": in_order,
    }
    return {
        "dialect": dialect_of(plan, source) | {"newline": "\r" if plan.layout.dialect.newline == "cr" else "\n"},
        "schema": to_frictionless(plan.schema),
        "options": json.loads(json.dumps(kept)),
    }


def _plan_as_json(plan: Plan) -> dict[str, Any]:
    layout = asdict(plan.layout) | {"header_bytes": plan.layout.header_bytes.decode("utf-8", "surrogateescape")}
    return {
        "layout": layout,
        "fields": fields_as_json(plan.schema),
        "key": list(plan.schema.key),
        "key_declared": plan.schema.key_declared,
        "encoding": plan.encoding,
        "notes": list(plan.notes),
    }


def kept_plan(text: str, options: Options) -> Plan:
    """The plan that etl_loads keeps."""
    kept = json.loads(text)
    layout = dict(kept["layout"])
    layout["dialect"] = Dialect(**layout["dialect"])
    layout["header"] = None if layout["header"] is None else tuple(layout["header"])
    layout["header_bytes"] = layout["header_bytes"].encode("utf-8", "surrogateescape")
    layout["notes"] = tuple(layout["notes"])
    fields = tuple(field_from_json(entry) for entry in kept["fields"])
    schema = Schema(fields, tuple(kept["key"]), kept["key_declared"])
    return Plan(Layout(**layout), schema, cleaning_of(options, schema), kept["encoding"], tuple(kept["notes"]))


def head_checksum(source: Source, plan: Plan) -> int:
    """Of what lies before the first block: title, comments and header."""
    return zlib.crc32(source.read(0, start_of(plan.layout, source).offset))


def still_there(source: Source, line: Any) -> bool:
    """Whether the bytes of a committed block, a line of etl_blocks, are those that were committed."""
    return zlib.crc32(source.read(line.offset, line.length)) == line.checksum
