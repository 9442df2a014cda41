"""The rows of a table: a page of them, how many there are, and all of them one after the other."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from flask import current_app

from web import cursors, in_one_piece
from web.reader import TooSlow, quoted, time_limit
from web.row_filters import joined
from web.row_orders import order_by, segments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from web.paging import Page
    from web.reader import Reader
    from web.row_filters import Condition
    from web.row_orders import Order
    from web.shapes import Shape

ROWS_AT_ONCE = 500

# To count may take longer than to read a page: it gets this share of the time, and its result is kept for a while.
COUNTING_SHARE = 0.5
KEPT_SECONDS = 60
MOST_KEPT = 1000


@dataclass(frozen=True)
class Listing:
    """What a list of rows is asked to hold."""

    shape: Shape
    conditions: tuple[Condition, ...]
    order: Order
    name: str  # the same for the same question, whatever part of the answer is wanted
    count_name: str  # the same as long as their number is
    known_total: int | None = None  # where nothing need be counted


@dataclass(frozen=True)
class Part:
    """What a page holds, how many rows the list has where that is known, and the cursor of what follows, if any."""

    rows: Sequence[Sequence[Any]]
    total: int | None
    following: str | None


def fetch(reader: Reader, listing: Listing, page: Page) -> Part:
    """The part of the list that `page` asks for. Raises TooSlow."""
    if page.number and listing.known_total is not None and page.offset >= listing.known_total:
        return Part([], listing.known_total, None)
    rows = _by_number(reader, listing, page) if page.offset else _behind(reader, listing, page)
    more, rows = len(rows) > page.size, rows[: page.size]
    following = cursors.seal(_place(listing, rows[-1]), listing.name) if more else None
    if listing.known_total is None and not more and not page.offset and not page.cursor:
        return Part(rows, len(rows), None)
    return Part(rows, total_of(reader, listing), following)


def _behind(reader: Reader, listing: Listing, page: Page) -> list[Sequence[Any]]:
    """One row more than wanted, to show whether more follow."""
    place = None if page.cursor is None else cursors.unseal(page.cursor, listing.name)
    rows: list[Sequence[Any]] = []
    for segment in segments(listing.shape, listing.order, place):
        where, values = joined([*listing.conditions, *segment.conditions])
        ordered = order_by(listing.shape, segment.order, nulls_last=False)
        limited = f" LIMIT {page.size + 1 - len(rows)}"
        rows += in_one_piece.fetch(reader, listing.shape, where + ordered + limited, values)
        if len(rows) > page.size:
            break
    return rows


def _by_number(reader: Reader, listing: Listing, page: Page) -> Sequence[Sequence[Any]]:
    rest, values = _whole(listing)
    limited = f" LIMIT {page.size + 1} OFFSET {page.offset}"
    return in_one_piece.fetch(reader, listing.shape, rest + limited, values)


def _whole(listing: Listing) -> tuple[str, list[Any]]:
    where, values = joined(listing.conditions)
    return where + order_by(listing.shape, listing.order, nulls_last=True), values


def _place(listing: Listing, row: Sequence[Any]) -> list[Any]:
    values = [row[place] for place in listing.shape.places(key.column for key in listing.order)]
    return [value.hex() if isinstance(value, (bytes, memoryview)) else value for value in values]


def every_row(reader: Reader, listing: Listing) -> Iterator[list[Sequence[Any]]]:
    """The whole list, some rows at a time. Raises TooSlow."""
    rest, values = _whole(listing)
    return reader.stream(listing.shape.selected() + rest, values, ROWS_AT_ONCE)


@dataclass(frozen=True)
class Counts:
    """How many rows lists have; None for those that took too long to count."""

    _known: OrderedDict[str, tuple[float, int | None]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def find(self, name: str) -> tuple[int | None] | None:
        """What was counted a short time ago, in a tuple; None where nothing was."""
        kept = self._known.get(name)
        return None if kept is None or kept[0] < time.monotonic() else (kept[1],)

    def keep(self, name: str, total: int | None) -> None:
        """Remember a count for a while."""
        with self._lock:
            self._known.pop(name, None)
            self._known[name] = (time.monotonic() + KEPT_SECONDS, total)
            if len(self._known) > MOST_KEPT:
                self._known.popitem(last=False)


def total_of(reader: Reader, listing: Listing) -> int | None:
    """How many rows the list has; None when to count them takes too long."""
    if listing.known_total is not None:
        return listing.known_total
    counts: Counts = current_app.extensions.setdefault("row_counts", Counts())
    found = counts.find(listing.count_name)
    if found is None:
        found = (_counted(reader, listing),)
        counts.keep(listing.count_name, found[0])
    return found[0]


def _counted(reader: Reader, listing: Listing) -> int | None:
    where, values = joined(listing.conditions)
    reader.limit(time_limit() * COUNTING_SHARE)
    try:
        counted = reader.rows(
            f"SELECT count(*) FROM {quoted(listing.shape.table, listing.shape.dialect)}{where}", values
        )
    except TooSlow:
        reader.go_on()
        return None
    return int(counted[0][0])
