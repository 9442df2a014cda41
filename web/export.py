"""All tasks of a list as CSV or NDJSON, from one state of the database, in little memory."""

from __future__ import annotations

import csv
import io
from contextlib import ExitStack
from string import ascii_letters, digits
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

from flask import Response, request
from sqlalchemy import text

from task_rules import guarded, joined
from web.errors import Refusal
from web.extensions import db
from web.json_answer import JSON, as_json
from web.listing import Listing, every_row, total_of
from web.shown import FIELDS, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Rows = Iterable[Any]

CSV, NDJSON = "text/csv", "application/x-ndjson"
ROWS_AT_ONCE = 500
BYTES_AT_ONCE = 1 << 16
PLAIN = {*ascii_letters, *digits, "_", "-", "."}


def asked_type(thing: str) -> str:
    """What the client accepts best of what a list of things can be."""
    if "Accept" not in request.headers:
        return JSON
    best = request.accept_mimetypes.best_match([JSON, CSV, NDJSON])
    if best is None:
        raise Refusal(406, f"A list of {thing} can be {JSON}, {CSV} or {NDJSON}.")
    return best


def stream(listing: Listing, mimetype: str) -> Response:
    """Every task of the list."""
    return sent(lambda file: _write(listing, mimetype, file), mimetype, "tasks.csv")


def sent(write: Callable[[IO[bytes]], int], mimetype: str, file_name: str) -> Response:
    """What `write` writes; it answers how many lines that are.

    It is written to a file first and sent from there: whatever goes wrong with the database is told by the status,
    a slow client holds no transaction open, and what breaks off is seen to be shorter than it said.
    """
    with ExitStack() as stack:
        written = stack.enter_context(TemporaryFile())
        total = write(written)
        length = written.tell()
        written.seek(0)
        stack.pop_all()  # the response closes the file
    headers = {"X-Total-Count": str(total), "Content-Length": str(length), "Vary": "Accept"}
    if mimetype == CSV:
        headers["Content-Disposition"] = _attachment(file_name)
    response = Response(_pieces(written), mimetype=mimetype, headers=headers)
    response.call_on_close(written.close)
    return response


def _attachment(file_name: str) -> str:
    """That it is a file, and its name, after RFC 6266."""
    if file_name.isascii() and not set(file_name) - PLAIN:
        return f'attachment; filename="{file_name}"'
    return f"attachment; filename*=UTF-8''{quote(file_name, safe='')}"


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
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
    yield lines([FIELDS])
    for rows in parts:
        yield lines(_cells(shown(row)) for row in rows)


def _cells(task: dict[str, Any]) -> list[Any]:
    task["labels"] = joined(task["labels"])
    return [harmless(value) for value in task.values()]


def harmless(value: Any) -> Any:
    """A value as a spreadsheet may see it."""
    return guarded(value) if isinstance(value, str) else value


def lines(rows: Iterable[Iterable[Any]]) -> bytes:
    """Rows in CSV."""
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue().encode()


def _ndjson(parts: Iterable[Rows]) -> Iterator[bytes]:
    for rows in parts:
        yield b"".join(as_json(shown(row)) for row in rows)


WRITERS: dict[str, Callable[[Iterable[Rows]], Iterator[bytes]]] = {CSV: _csv, NDJSON: _ndjson}
