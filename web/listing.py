"""A list of tasks: which they are, in which order, how many, and the part of them that is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select

from models import TaskCount, now
from web import cursors
from web.extensions import caller_id, db
from web.filters import FILTERS, conditions, one_of
from web.shown import SHOWN, shown, tasks
from web.sorting import NEWEST_FIRST, Order, asked_order, behind
from web.task_rows import RESTORABLE
from web.waymarks import START, Waymarks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Row, Select

    from web.paging import Page

    Given = Mapping[str, Sequence[str]]

PARAMETERS = (*FILTERS, "sort", "deleted")
COUNT = select(TaskCount.live, TaskCount.deleted, TaskCount.version).where(TaskCount.user_id == bindparam("owner"))
TOTAL = select(TaskCount.live).where(TaskCount.user_id == bindparam("owner")).scalar_subquery()

waymarks = Waymarks()


@dataclass(frozen=True)
class Listing:
    """What a list is asked to hold."""

    owner: int
    deleted: bool
    filters: tuple[ColumnElement[bool], ...]
    order: Order
    name: str  # the same for the same question, whatever part of the answer is wanted

    @cached_property
    def whole(self) -> bool:
        """Whether it is simply all of the user's tasks."""
        return not self.filters and not self.deleted


def asked_listing(given: Given) -> Listing:
    """The list that the parameters ask for."""
    owner = caller_id()
    if not given:
        return Listing(owner, False, (), NEWEST_FIRST, str(owner))
    deleted = "deleted" in given and one_of("deleted", given, ("true", "false")) == "true"
    order = asked_order(given)
    question = {name: sorted(set(given[name])) for name in FILTERS if name in given}
    name = f"{owner} {deleted} {question} {[(key.name, key.down) for key in order]}"
    return Listing(owner, deleted, tuple(conditions(given, owner, db.engine.dialect.name)), order, name)


@dataclass(frozen=True)
class Part:
    """What a page holds, how long the whole list is, and the cursor of what follows, if anything does."""

    tasks: list[dict[str, Any]]
    total: int
    following: str | None


def fetch(listing: Listing, page: Page) -> Part:
    """The part of the list that `page` asks for."""
    with db.engine.connect() as connection:  # one transaction, so one state of the database
        if page.number:
            return _numbered(connection, listing, page)
        return _behind(connection, listing, page)


def _behind(connection: Connection, listing: Listing, page: Page) -> Part:
    place = None if page.cursor is None else cursors.unseal(page.cursor, listing.name)
    rows = connection.execute(
        _rows(listing, None if place is None else tuple(value is None for value in place)),
        {**_values(listing, place), "size": page.size + 1, "offset": 0},  # one more, to see whether more follow
    ).all()
    total = rows[0].total if rows and listing.whole else total_of(connection, listing)
    more, rows = len(rows) > page.size, rows[: page.size]
    following = cursors.seal(_place(listing, rows[-1]), listing.name) if more else None
    return Part([shown(row) for row in rows], total, following)


def _numbered(connection: Connection, listing: Listing, page: Page) -> Part:
    total = total_of(connection, listing)
    if page.offset >= total:
        return Part([], total, None)
    if listing.whole and listing.order == NEWEST_FIRST:
        return Part(_by_waymarks(connection, listing, page), total, None)
    values = {**_values(listing), "size": page.size, "offset": page.offset}
    return Part([shown(row) for row in connection.execute(_rows(listing), values)], total, None)


def _by_waymarks(connection: Connection, listing: Listing, page: Page) -> list[dict[str, Any]]:
    """To skip many rows takes long; from a place seen before there are few to skip."""
    version = connection.execute(COUNT, {"owner": listing.owner}).one().version
    mark = waymarks.nearest(listing.owner, version, page.offset)
    before, bound = mark
    values = {**_values(listing, None if mark == START else [bound]), "size": page.size, "offset": page.offset - before}
    rows = connection.execute(_rows(listing, None if mark == START else (False,)), values).all()
    waymarks.add(listing.owner, version, (page.offset, rows[0].id + 1))
    waymarks.add(listing.owner, version, (page.offset + len(rows), rows[-1].id))
    return [shown(row) for row in rows]


def total_of(connection: Connection, listing: Listing) -> int:
    """How many tasks the list holds. Only those that a filter chose have to be counted."""
    if listing.filters:
        chosen = select(func.count()).where(*_chosen(deleted=listing.deleted), *listing.filters)
        return connection.execute(chosen, _values(listing)).scalar_one()
    count = connection.execute(COUNT, {"owner": listing.owner}).first()
    if count is None or not listing.deleted:
        return count.live if count else 0
    too_late = select(func.count()).where(tasks.c.user_id == listing.owner, tasks.c.deleted_at <= now() - RESTORABLE)
    return count.deleted - connection.execute(too_late).scalar_one()


def every_row(listing: Listing) -> tuple[Select[Any], dict[str, Any]]:
    """The statement of the whole list, and the values that it is run with."""
    return _rows(listing).limit(None).offset(None), _values(listing)


def _rows(listing: Listing, empty: tuple[bool, ...] | None = None) -> Select[Any]:
    statement = _ordered(listing.order, deleted=listing.deleted, whole=listing.whole, empty=empty)
    return statement.where(*listing.filters) if listing.filters else statement


@lru_cache(maxsize=256)
def _ordered(order: Order, *, deleted: bool, whole: bool, empty: tuple[bool, ...] | None) -> Select[Any]:
    """The statement of a list, kept because it takes longer to build than to run.

    empty: None for the list from its beginning; else which values the place that it begins behind has not.
    """
    columns = [*SHOWN, *(key.column for key in order), *([TOTAL.label("total")] if whole else [])]
    chosen = [*_chosen(deleted=deleted), *([] if empty is None else [behind(order, empty)])]
    ordered = select(*columns).where(*chosen).order_by(*(key.ordering() for key in order))
    return ordered.limit(bindparam("size")).offset(bindparam("offset"))


def _chosen(*, deleted: bool) -> list[ColumnElement[bool]]:
    gone = tasks.c.deleted_at > bindparam("restorable") if deleted else tasks.c.deleted_at.is_(None)
    return [tasks.c.user_id == bindparam("owner"), gone]


def _values(listing: Listing, place: Sequence[Any] | None = None) -> dict[str, Any]:
    values = {"owner": listing.owner} | ({"restorable": now() - RESTORABLE} if listing.deleted else {})
    for number, (key, value) in enumerate(zip(listing.order, place or (), strict=place is not None)):
        if value is not None:
            values[f"after_{number}"] = cursors.as_instant(value) if key.name.endswith("_at") else value
    return values


def _place(listing: Listing, row: Row[Any]) -> list[Any]:
    return list(row[len(SHOWN) : len(SHOWN) + len(listing.order)])
