"""What a load tells: progress on a terminal, a summary in words or as JSON, and the rejects as a file."""

from __future__ import annotations

import csv
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any, Self

from database import database_url, open_engine
from etl.ledger import Totals, rejected_rows
from etl.load import Outcome
from etl.notes import dialect_of
from etl.options import Options
from etl.table_schema import to_frictionless

SHOWN_REASONS = 12


class Meter:
    """A line on the terminal: bytes, rows per second, time left. Call it before the first block and after every one."""

    def __init__(self, *, shown: bool) -> None:
        self.shown = shown
        self.start: tuple[float, int, int] | None = None  # when, at which byte, and behind how many rows

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self.start is not None:
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    def __call__(self, done: int, size: int, totals: Totals) -> None:
        if not self.shown:
            return
        if self.start is None or done <= self.start[1]:
            self.start = time.monotonic(), done, totals.rows_read
            return
        began, first, rows = self.start
        elapsed = max(time.monotonic() - began, 1e-6)
        left = elapsed * (size - done) / (done - first)
        print(
            f"\r\033[K{done / 2**20:,.0f} of {size / 2**20:,.0f} MiB  {totals.rows_read:,} rows  "
            f"{(totals.rows_read - rows) / elapsed:,.0f} rows/s  {int(left // 60)}:{int(left % 60):02d} left",
            end="", file=sys.stderr, flush=True,
        )  # fmt: skip


def figures(outcome: Outcome) -> dict[str, Any]:
    """The summary as a dictionary of JSON values."""
    totals = outcome.totals
    return {
        "load": outcome.load,
        "table": outcome.table,
        "state": outcome.state,
        "rows_read": totals.rows_read,
        "rows_loaded": totals.rows_loaded,
        "rows_rejected": totals.rows_rejected,
        "cells_blanked": totals.cells_blanked,
        "reasons": dict(totals.reasons.most_common()),
        "seconds": round(outcome.seconds, 3),
        "rows_per_second": round((totals.rows_read - outcome.rows_before) / max(outcome.seconds, 1e-9)),
        "peak_mib": round(peak_mib(), 1),
        "dialect": dialect_of(outcome.plan, outcome.source) | {"compression": outcome.source.compression},
        "schema": to_frictionless(outcome.plan.schema),
        "notes": outcome.notes,
        "error": outcome.error,
    }


def peak_mib() -> float:
    """The largest memory of this process so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def as_json(outcome: Outcome) -> str:
    return json.dumps(figures(outcome))


def as_text(outcome: Outcome) -> str:
    """The summary in words."""
    found = figures(outcome)
    verb = "loaded into" if outcome.error is None else "not loaded into"
    lines = [
        f"{found['rows_loaded']:,} of {found['rows_read']:,} rows {verb} {outcome.table} "
        f"in {found['seconds']:,.2f} s ({found['rows_per_second']:,} rows/s, peak {found['peak_mib']:,.0f} MiB)",
    ]
    if found["rows_rejected"] or found["cells_blanked"]:
        lines.append(
            f"{count_of(found['rows_rejected'], 'row')} rejected, {count_of(found['cells_blanked'], 'cell')} blanked "
            f"(etl_rejects, load_id {outcome.load}):"
        )
        reasons = list(found["reasons"].items())
        lines += [f"  {count:,} x {reason}" for reason, count in reasons[:SHOWN_REASONS]]
        if len(reasons) > SHOWN_REASONS:
            lines.append(f"  and {len(reasons) - SHOWN_REASONS} other reasons")
    columns = ", ".join(f"{column.name} {column.type}" for column in outcome.plan.schema.fields)
    lines.append(f"columns: {columns}")
    lines.append(f"key: {', '.join(outcome.plan.schema.key) or 'row_number'}")
    lines += [f"note: {note}" for note in outcome.notes]
    return "\n".join(lines)


def count_of(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def write_rejects(options: Options, outcome: Outcome) -> None:
    """Every reject of the load, as the CSV file that --rejects names."""
    engine = open_engine(database_url(options.database))
    try:
        with Path(str(options.rejects)).open("w", encoding="utf-8", newline="") as file, engine.connect() as connection:
            out = csv.writer(file)
            out.writerow(("line", "row_number", "column_name", "reason", "raw"))
            out.writerows(rejected_rows(connection, outcome.load))
    finally:
        engine.dispose()
