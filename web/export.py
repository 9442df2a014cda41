"""All tasks of a list as CSV or NDJSON, from one state of the database, in little memory."""

from __future__ import annotations

import csv
import io
from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from flask import Response
from sqlalchemy import text

from web.extensions import db
from web.listing import Listing, every_row, total_of
from web.shown import FIELDS, as_json, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Rows = Iterable[Any]

CSV, NDJSON = "text/csv", "application/x-ndjson"
ROWS_AT_ONCE = 500
BYTES_AT_ONCE = 1 << 16

# A spreadsheet takes text that begins so for a formula, and runs it.
FORMULA = tuple("=+-@\t\r＝＋－＠")


def stream(listing: Listing, mimetype: str) -> Response:
    """Every task of the list.

    It is written to a file first and sent from there: whatever goes wrong with the database is told by the status,
    a slow client holds no transaction open, and what breaks off is seen to be shorter than it said.
    """
    with ExitStack() as stack:
        written = stack.enter_context(TemporaryFile())
        total = _write(listing, mimetype, written)
        length = written.tell()
        written.seek(0)
        stack.pop_all()  # the response closes the file
    headers = {"X-Total-Count": str(total), "Content-Length": str(length), "Vary": "Accept"}
    if mimetype == CSV:
        headers["Content-Disposition"] = 'attachment; filename="tasks.csv"'
    response = Response(_sent(written), mimetype=mimetype, headers=headers)
    response.call_on_close(written.close)
    return response


def _sent(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(BYTES_AT_ONCE):
            yield chunk


def _write(listing: Listing, mimetype: str, file: IO[bytes]) -> int:
    """Write every task; how many there were."""
    with db.engine.connect() as connection:  # one transaction, so one state of the database
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        total = total_of(connection, listing)
        rows = connection.execution_options(stream_results=True).execute(*every_row(listing))
        file.writelines(WRITERS[mimetype](rows.partitions(ROWS_AT_ONCE)))
    return total


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
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue().encode()


def _ndjson(parts: Iterable[Rows]) -> Iterator[bytes]:
    for rows in parts:
        yield b"".join(as_json(shown(row)) for row in rows)


WRITERS: dict[str, Callable[[Iterable[Rows]], Iterator[bytes]]] = {CSV: _csv, NDJSON: _ndjson}
