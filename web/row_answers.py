"""Rows of a table as an answer: a page in JSON, or all of them as CSV or NDJSON."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from flask import Response

from web import cells, export, paging, row_lists
from web.json_answer import JsonAnswer
from web.shapes import as_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from web.paging import Page
    from web.reader import Reader
    from web.row_lists import Listing
    from web.shapes import Shape

LARGEST_PAGE = 1000
ENDLESS = (float("inf"), float("-inf"))


def page_of(reader: Reader, listing: Listing, page: Page, given: Mapping[str, Sequence[str]]) -> Response:
    """A page of the list, as a JSON array."""
    part = row_lists.fetch(reader, listing, page)
    headers = paging.headers(page, part.total, part.following, given)
    body = as_json(listing.shape.records(part.rows))
    return JsonAnswer(body, headers={**headers, "Vary": "Accept"})


def whole(reader: Reader, listing: Listing, mimetype: str, file_name: str) -> Response:
    """Every row of the list."""

    def write(file: IO[bytes]) -> int:
        if mimetype == export.CSV:
            names = [export.harmless(column.shown_name) for column in listing.shape.columns]
            file.write(export.lines([names]))
        count = 0
        for rows in row_lists.every_row(reader, listing):
            count += len(rows)
            file.write((_csv if mimetype == export.CSV else _ndjson)(listing.shape, rows))
        return count

    return export.sent(write, mimetype, file_name)


def _ndjson(shape: Shape, rows: Iterable[Sequence[Any]]) -> bytes:
    return b"".join(as_json(record) for record in shape.records(rows))


def _csv(shape: Shape, rows: Sequence[Sequence[Any]]) -> bytes:
    """Texts can be formulas; what is no text is written as JSON would have it, without quotation marks."""
    columns = [
        _written(column.kind, [cell if fix is None else fix(cell) for cell in cells_of_column])
        for column, cells_of_column in zip(shape.columns, zip(*rows, strict=True), strict=False)
        for fix in [cells.shown(column, shape.dialect)]
    ]
    return export.lines(zip(*columns, strict=True))


def _written(kind: str, values: list[Any]) -> list[Any]:
    if kind == "number":
        return [None if value is None or value != value or value in ENDLESS else value for value in values]
    if kind == "boolean":
        return [str(value).lower() if isinstance(value, bool) else value for value in values]
    return [export.harmless(value) for value in values] if kind == "text" else values
