"""Source and options -> plan: how a file is read, and how that changes when the file contradicts it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from etl import constraints, rules, tasks_of
from etl.clean import Cleaning
from etl.declared import cleaning_of, with_declared, with_key
from etl.indexes import asked_indexes
from etl.infer import NOISE_SHARE, Evidence, decide_all
from etl.layout import Layout, Wishes
from etl.names import column_names
from etl.options import Options
from etl.problems import Contradicted, Refused
from etl.sniff import sniff
from etl.source import Source
from etl.survey import lines_at, sample, survey, survey_columns
from etl.table_schema import Field, Schema
from etl.text_encoding import decide_encoding, to_utf8_in_any_case

SNIFF_BYTES = 1 << 18
MOST_COLUMNS = 2000  # of any database; what a smaller one can hold is known where the table is made


@dataclass(frozen=True)
class Plan:
    """How a source is read. encoding: of its bytes. notes: what was found out and is worth telling, as sentences."""

    layout: Layout
    schema: Schema
    cleaning: Cleaning
    encoding: str
    notes: tuple[str, ...] = ()


def make_plan(source: Source, options: Options, table: str) -> Plan:
    """What the source's first bytes and a sample of it say, and what the options say above that."""
    try:
        return _make_plan(source, options, table)
    except Contradicted as contradiction:
        if contradiction.subject != "encoding":
            raise
        return reread(source, options, table, contradiction)


def reread(source: Source, options: Options, table: str, contradiction: Contradicted) -> Plan:
    """The plan for a source that is not UTF-8 throughout, in the encoding that its whole decides."""
    if source.told:
        raise Refused(f"{source.name} is not {source.original} throughout ({contradiction.detail}); see --encoding.")
    source.encoding = decide_encoding(source.pieces())
    plan = _make_plan(source, options, table)
    return replace(plan, notes=(*plan.notes, f"read as {source.encoding}: {contradiction.detail}"))


def _make_plan(source: Source, options: Options, table: str) -> Plan:
    head = source.read(source.start, SNIFF_BYTES)
    complete = source.start + len(head) >= source.size
    text = to_utf8_in_any_case(_whole_characters(head, source, complete), source.encoding)
    if not text.strip(b"\r\n \t\x00"):
        raise Refused(f"{source.name} holds nothing but blanks.")
    layout = sniff(text, Wishes(options.delimiter, options.quote, options.header), complete=complete)
    layout = _in_source_bytes(layout, text, head)
    return _plan(source, options, table, layout)


def _whole_characters(head: bytes, source: Source, complete: bool) -> bytes:
    """Without the character that the end of the sample cuts in two."""
    if complete or source.encoding != "utf-8":
        return head
    for cut in range(4):
        if cut < len(head) and (head[-1 - cut] < 0x80 or head[-1 - cut] >= 0xC0):
            return head[: len(head) - 1 - cut] if head[-1 - cut] >= 0xC0 else head
    return head


def _in_source_bytes(layout: Layout, text: bytes, head: bytes) -> Layout:
    """The layout speaks of the text in UTF-8; what the source has in its place may be shorter."""
    if text == head[: len(text)]:
        return layout
    # Line ends are the same bytes in both, and the header and the table begin behind one.
    begins = [0, *(place + 1 for place, byte in enumerate(head) if byte in b"\r\n")]
    header, offset = (
        begins[sum(byte in b"\r\n" for byte in text[:place])] if place < len(text) else len(head)
        for place in (text.rindex(layout.header_bytes, 0, layout.offset), layout.offset)
    )
    return replace(layout, offset=offset, header_bytes=head[header:offset].rstrip(b"\r\n"))


def _plan(source: Source, options: Options, table: str, layout: Layout) -> Plan:
    try:
        return _typed(source, options, table, layout)
    except Contradicted as contradiction:
        if contradiction.subject != "trailing":
            raise
        return _typed(source, options, table, _with_last_column(layout))


def _typed(source: Source, options: Options, table: str, layout: Layout) -> Plan:
    written = layout.header if layout.header is not None else ("",) * layout.width
    if layout.header is not None and len(written) > layout.width:
        layout = replace(layout, width=len(written))
    if len(written) > MOST_COLUMNS:
        raise Refused(f"The file has {len(written)} columns; one table can hold {MOST_COLUMNS} at most.")
    names = column_names(written)
    schema = Schema(tuple(Field(name, original or name) for name, original in zip(names, written, strict=True)))
    schema = with_declared(schema, options)
    evidence, rows, whole_file = sample(source, layout, names, _missing(schema, options))
    if options.text:
        schema = replace(schema, fields=tuple(_as_text(column) for column in schema.fields))
    else:
        schema = decide_all(evidence, schema, layout.dialect.delimiter, day_first=options.day_first)
        if not whole_file:
            schema = _open_orders_decided(source, layout, schema, evidence, options)
    key, why = guessed_key(schema, table, rows, source, layout)
    schema = with_key(schema, options, key)
    notes = layout.notes
    if why and not schema.key:
        notes = (*notes, why)
    plan = Plan(layout, schema, cleaning_of(options, schema), source.encoding, notes)
    for column in schema.fields:
        constraints.check_declared(column)
    asked_indexes(schema, options.indexes)
    if options.tasks_of is not None:
        tasks_of.check_columns(schema)
    return plan


def _missing(schema: Schema, options: Options) -> list[tuple[str, ...]]:
    """For each column, the texts that the user declared to be missing values."""
    return [options.nulls + (column.missing_values or ()) for column in schema.fields]


def _as_text(column: Field) -> Field:
    return column if column.declared else replace(column, type="text", reason="--text")


def _open_orders_decided(
    source: Source, layout: Layout, schema: Schema, evidence: list[Evidence], options: Options
) -> Schema:
    """Columns in which the sample leaves day or month open are decided on the whole file."""
    undecided = [
        place
        for place, (column, found) in enumerate(zip(schema.fields, evidence, strict=True))
        if column.type == "text" and found.counts["order either"] and "--day-first" in column.reason
    ]
    if not undecided:
        return schema
    found = survey_columns(source, layout, schema, undecided, _missing(schema, options))
    decided = decide_all(found, schema, layout.dialect.delimiter, day_first=options.day_first)
    return schema.with_fields({schema.fields[place].name: decided.fields[place] for place in undecided})


def guessed_key(
    schema: Schema, table: str, rows: pd.DataFrame, source: Source, layout: Layout
) -> tuple[str | None, str]:
    """The column named `id` or `<table>_id` that is complete and unique in the sample; else why none is the key."""
    why = ""
    for column in schema.fields:
        if column.name in ("id", f"{table}_id") and column.type in ("integer", "text") and len(rows):
            values = rows[column.name].str.strip()
            missing = (values == "") | values.map(rules.is_missing)
            repeats = ~missing & values.duplicated()
            if not missing.any() and not repeats.any():
                return column.name, ""
            faulty = values[missing | repeats]
            fault = f"{faulty.iloc[0]!r} repeats" if repeats.loc[faulty.index[:1]].any() else "it is missing"
            line = int(faulty.index[0])  # or the negative of an offset
            line = line if line > 0 else lines_at(source, layout, [-line])[-line]
            why = why or f"{column.name} is not the key: {fault} in line {line}"
    return None, why


# ---- when the file contradicts a guess ----


def without_key(plan: Plan, why: str) -> Plan:
    name = plan.schema.key[0]
    note = f"{name} is not the key: {why}"
    return replace(plan, schema=replace(plan.schema, key=()), notes=(*plan.notes, note))


def with_trailing_column(source: Source, options: Options, table: str, plan: Plan) -> Plan:
    """Behind the last delimiter something stands after all: a column without a name."""
    return _plan(source, options, table, _with_last_column(plan.layout))


def _with_last_column(layout: Layout) -> Layout:
    header = None if layout.header is None else (*layout.header, "")
    return replace(layout, trailing=False, width=layout.width + 1, header=header)


def widened(source: Source, plan: Plan, options: Options, examples: dict[str, tuple[str, int]]) -> Plan:
    """Types decided anew on the whole file. examples: the values that contradicted, by column, with their lines."""
    found = survey(source, plan.layout, plan.schema, _missing(plan.schema, options))
    decided = decide_all(found, plan.schema, plan.layout.dialect.delimiter, day_first=options.day_first)
    changed = {
        new.name: _told_apart(new, old, examples)
        for new, old in zip(decided.fields, plan.schema.fields, strict=True)
        if old.type != "text"
    }
    for name, (text, line) in examples.items():
        if changed[name] == plan.schema.field(name):  # the survey can't say why: then it is text
            changed[name] = replace(plan.schema.field(name), type="text", reason=f"{text[:60]!r} in line {line}")
    schema = plan.schema.with_fields(changed)
    notes = [
        note
        for column in changed.values()
        if (note := _widening_note(column, plan.schema.field(column.name), examples))
    ]
    return replace(plan, schema=schema, cleaning=cleaning_of(options, schema), notes=(*plan.notes, *notes))


def _told_apart(new: Field, old: Field, examples: dict[str, tuple[str, int]]) -> Field:
    return old if new.type == old.type and old.declared else new


def _widening_note(column: Field, old: Field, examples: dict[str, tuple[str, int]]) -> str:
    if column.type == old.type:
        return ""
    text, line = examples.get(column.name, ("", 0))
    example = f"{text[:60]!r} in line {line}" if line else column.reason
    way_out = f"--type {column.name}={old.type} would set such values aside"
    return f"{column.name} is {column.type}, not {old.type}: {example} ({way_out})"


def too_noisy(schema: Schema, noise: dict[str, int], values: dict[str, int]) -> Sequence[str]:
    """The guessed columns in which more than a quarter of the values were set aside as noise."""
    return [
        column.name
        for column in schema.fields
        if not column.declared and noise.get(column.name, 0) * NOISE_SHARE > values.get(column.name, 0)
    ]
