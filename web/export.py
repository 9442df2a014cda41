"""All tasks of a list as one stream of CSV or NDJSON, from one state of the database, in little memory."""

from __future__ import annotations

import csv
import io
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from flask import Response

from web.extensions import db
from web.listing import Listing, every_row, total_of
from web.shown import FIELDS, as_json, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Rows = Iterable[Any]

CSV, NDJSON = "text/csv", "application/x-ndjson"
ROWS_AT_ONCE = 500

# A spreadsheet takes text that begins so for a formula, and runs it.
FORMULA = tuple("=+-@\t\r＝＋－＠")


def stream(listing: Listing, mimetype: str) -> Response:
    """Every task of the list. The first rows are read before the answer begins, so that a failure there is told."""
    with ExitStack() as stack:
        connection = stack.enter_context(db.engine.connect())
        total = total_of(connection, listing)
        found = connection.execution_options(stream_results=True).execute(*every_row(listing))
        chunks = WRITERS[mimetype](found.partitions(ROWS_AT_ONCE))
        first = next(chunks, b"")
        body = _rest(first, chunks, stack.pop_all())
    headers = {"X-Total-Count": str(total), "Vary": "Accept"}
    if mimetype == CSV:
        headers["Content-Disposition"] = 'attachment; filename="tasks.csv"'
    return Response(body, mimetype=mimetype, headers=headers)


def _rest(first: bytes, chunks: Iterator[bytes], stack: ExitStack) -> Iterator[bytes]:
    with stack:
        yield first
        yield from chunks


def _csv(parts: Iterable[Rows]) -> Iterator[bytes]:
    yield _lines([FIELDS])
    for rows in parts:
        yield _lines(_cells(shown(row)) for row in rows)


def _cells(task: dict[str, Any]) -> list[Any]:
    task["labels"] = ";".join(task["labels"])
    return [_harmless(value) for value in task.values()]


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _lines(rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _ndjson(parts: Iterable[Rows]) -> Iterator[bytes]:
    for rows in parts:
        yield b"".join(as_json(shown(row)) for row in rows)


WRITERS: dict[str, Callable[[Iterable[Rows]], Iterator[bytes]]] = {CSV: _csv, NDJSON: _ndjson}
