"""What is told of a plan: the notes of the summary, and every decision in the log."""

from __future__ import annotations

import logging
from typing import Any

from etl.ledger import Totals
from etl.plan import Plan
from etl.source import Source

log = logging.getLogger("etl")

# Why a column is text needs no telling when nobody would expect anything else.
SELF_EVIDENT = ("words", "no values", "--text", "--type", "declared in the schema", "")


def notes_of(plan: Plan, totals: Totals, encoding: str) -> list[str]:
    """What was found out and is worth telling, as sentences. encoding: of the source."""
    notes = list(plan.notes)
    if totals.headers_skipped:
        notes.append(f"skipped the header line {totals.headers_skipped} more times")
    if totals.repaired:
        notes.append(f"{totals.repaired} rows had too many or too few fields, and were repaired or rejected")
    if encoding != "utf-8" and not any(note.startswith("read as") for note in notes):
        notes.append(f"read as {encoding}")
    told = {note.partition(" is ")[0] for note in notes}
    for column in plan.schema.fields:
        surprising = column.type == "text" and column.reason not in SELF_EVIDENT
        if column.name not in told and (surprising or "would set such" in column.reason):
            notes.append(f"{column.name} is {column.type}: {column.reason}")
    return notes


def dialect_of(plan: Plan, source: Source) -> dict[str, Any]:
    """How the file is written, as JSON values."""
    dialect = plan.layout.dialect
    return {
        "delimiter": dialect.delimiter,
        "quote": dialect.quote,
        "escape": dialect.escape,
        "encoding": source.original if source.encoding == "utf-8" else source.encoding,
        "header": plan.layout.header is not None,
    }


def log_plan(plan: Plan) -> None:
    """Every decision, for the log."""
    layout = plan.layout
    log.info(
        "dialect: delimiter %r, quote %r, escape %r, line ends %s; encoding %s; %s; data from line %d",
        layout.dialect.delimiter, layout.dialect.quote, layout.dialect.escape, layout.dialect.newline, plan.encoding,
        "no header" if layout.header is None else "header", layout.line,
    )  # fmt: skip
    for note in plan.notes:
        log.info("note: %s", note)
    for column in plan.schema.fields:
        log.info(
            "column %s (%r): %s, because %s", column.name, column.original, column.type, column.reason or "declared"
        )
    log.info("primary key: %s", ", ".join(plan.schema.key) or "row_number")
