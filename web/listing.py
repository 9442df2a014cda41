"""A list of tasks: which they are, in which order, how many, and the part of them that is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from flask import current_app
from sqlalchemy import Text, bindparam, cast, func, literal_column, select

from models import TaskCount, now
from web import cursors, direct, list_statements
from web.extensions import caller_id, db
from web.filters import FILTERS, conditions, one_of
from web.json_answer import as_json
from web.shown import FIELDS, SHOWN, Object, shown, tasks
from web.sorting import NEWEST_FIRST, Order, asked_order
from web.task_rows import RESTORABLE
from web.waymarks import Waymarks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Select

    from web.paging import Page

    Given = Mapping[str, Sequence[str]]

PARAMETERS = (*FILTERS, "sort", "deleted")
COUNT = select(TaskCount.live, TaskCount.version, TaskCount.deleted).where(TaskCount.user_id == bindparam("owner"))
EMPTY = as_json([])
# So many tasks are looked at and sorted in a few milliseconds, and no way around it is sought.
MANY = 10_000


@dataclass(frozen=True)
class Listing:
    """What a list is asked to hold."""

    owner: int
    deleted: bool
    filters: tuple[ColumnElement[bool], ...]
    by_columns: bool  # whether the filters ask for no more than columns of the task itself
    order: Order
    name: str  # the same for the same question, whatever part of the answer is wanted

    @cached_property
    def whole(self) -> bool:
        """Whether it is simply all of the user's tasks."""
        return not self.filters and not self.deleted


def asked_listing(given: Given) -> Listing:
    """The list that the parameters ask for."""
    owner = caller_id()
    if given.keys().isdisjoint(PARAMETERS):
        return Listing(owner, False, (), True, NEWEST_FIRST, str(owner))
    deleted = "deleted" in given and one_of("deleted", given, ("true", "false")) == "true"
    order = asked_order(given)
    question = {name: sorted(set(given[name])) for name in FILTERS if name in given}
    name = f"{owner} {deleted} {question} {[(key.name, key.down) for key in order]}"
    filters = tuple(conditions(given, owner, db.engine.dialect.name))
    return Listing(owner, deleted, filters, given.keys().isdisjoint(("q", "label")), order, name)


@dataclass(frozen=True)
class Part:
    """What a page holds, as JSON, how long the whole list is, and the cursor of what follows, if anything does."""

    body: bytes
    total: int
    following: str | None


def fetch(listing: Listing, page: Page) -> Part:
    """The part of the list that `page` asks for."""
    if listing.whole and listing.order == NEWEST_FIRST:
        return _known(listing, page)
    with db.engine.connect() as connection:  # one transaction, so one state of the database
        total = total_of(connection, listing)
        if page.number and page.offset >= total:
            return Part(EMPTY, total, None)
        place = _place_of(listing, page)
        rows = connection.execute(_rows(listing, place, total), _values(listing, page, place)).all()
    return _part(listing, page, rows, total)


def _known(listing: Listing, page: Page) -> Part:
    """All tasks, newest first: what is asked for most, and most often."""
    place, skipped, total = _place_of(listing, page), 0, 0
    if page.number:
        total, version = _count(listing.owner)
        if page.offset >= total:
            return Part(EMPTY, total, None)
        skipped, bound = _waymarks().nearest(listing.owner, version, page.offset)
        place = None if bound is None else [bound]
    found = direct.row(
        _in_lines(_rows(listing, place), db.engine.dialect.name), _values(listing, page, place, skipped=skipped)
    )
    if found is None or found[0] is None:
        return Part(EMPTY, _count(listing.owner)[0], None)
    lines, ids = found[0].split("\n")[: page.size], [int(number) for number in found[1].split(",")]
    following = cursors.seal([ids[page.size - 1]], listing.name) if len(ids) > page.size else None
    if page.number:
        _waymarks().add(listing.owner, version, (page.offset, ids[0] + 1))
        _waymarks().add(listing.owner, version, (page.offset + page.size, ids[: page.size][-1]))
    return Part(f"[{','.join(lines)}]\n".encode(), found[2], following)


@lru_cache(maxsize=16)
def _in_lines(statement: Select[Any], dialect: str) -> Select[Any]:
    """The rows of a list of all tasks in one: a line of JSON each, their ids, and how many tasks there are.

    They come in one piece: to fetch them one by one lets go of the interpreter's lock each time, and to get it back
    among many threads takes longer than the query.
    """
    row = statement.subquery().c
    task = Object(*(row[name] for name in FIELDS))
    if dialect == "postgresql":
        ids = func.string_agg(cast(row.id, Text), literal_column("','"))
        return select(func.string_agg(task, literal_column("chr(10)")), ids, func.max(row.total))
    return select(func.group_concat(task, literal_column("char(10)")), func.group_concat(row.id), func.max(row.total))


def _waymarks() -> Waymarks:
    """Those of this app: another one in the same process may have another database."""
    known: Waymarks = current_app.extensions.setdefault("waymarks", Waymarks())
    return known


def _count(owner: int) -> tuple[int, int]:
    """How many tasks a user has, and the version of that number."""
    count = direct.row(COUNT, {"owner": owner})
    return (count[0], count[1]) if count else (0, 0)


def _place_of(listing: Listing, page: Page) -> list[Any] | None:
    return None if page.cursor is None else cursors.unseal(page.cursor, listing.name)


def _part(listing: Listing, page: Page, rows: Sequence[Sequence[Any]], total: int) -> Part:
    more, rows = len(rows) > page.size, rows[: page.size]
    place = list(rows[-1][len(SHOWN) : len(SHOWN) + len(listing.order)]) if more else []
    tasks_shown = as_json([shown(row) for row in rows])
    return Part(tasks_shown, total, cursors.seal(place, listing.name) if more else None)


def total_of(connection: Connection, listing: Listing) -> int:
    """How many tasks the list holds. Only those that a filter chose have to be counted."""
    if listing.filters:
        chosen = select(func.count()).where(*list_statements.chosen(deleted=listing.deleted), *listing.filters)
        return connection.execute(chosen, _whose(listing)).scalar_one()
    count = connection.execute(COUNT, {"owner": listing.owner}).first()
    if count is None or not listing.deleted:
        return count.live if count else 0
    too_late = select(func.count()).where(tasks.c.user_id == listing.owner, tasks.c.deleted_at <= now() - RESTORABLE)
    return count.deleted - connection.execute(too_late).scalar_one()


def every_row(listing: Listing) -> tuple[Select[Any], dict[str, Any]]:
    """The statement of the whole list, and the values that it is run with."""
    rows = list_statements.ordered(listing.order, deleted=listing.deleted, whole=listing.whole, empty=None)
    return rows.where(*listing.filters).limit(None).offset(None), _whose(listing)


def _rows(listing: Listing, place: Sequence[Any] | None, total: int = 0) -> Select[Any]:
    order, empty = listing.order, None if place is None else tuple(value is None for value in place)
    if listing.whole:
        return list_statements.of_all(order, empty, db.engine.dialect.name)
    if listing.filters and not listing.deleted and _count(listing.owner)[0] > MANY:
        few, by_columns = total <= MANY, listing.by_columns
        return list_statements.of_some(listing.filters, order, empty, few=few, by_columns=by_columns)
    return list_statements.ordered(order, deleted=listing.deleted, whole=False, empty=empty).where(*listing.filters)


def _whose(listing: Listing) -> dict[str, Any]:
    return {"owner": listing.owner} | ({"restorable": now() - RESTORABLE} if listing.deleted else {})


def _values(listing: Listing, page: Page, place: Sequence[Any] | None, *, skipped: int = 0) -> dict[str, Any]:
    # One row more than wanted shows whether more follow.
    values = {**_whose(listing), "size": page.size + 1, "offset": page.offset - skipped}
    for number, (key, value) in enumerate(zip(listing.order, place or (), strict=place is not None)):
        if value is not None:
            values[f"after_{number}"] = cursors.as_instant(value) if key.name.endswith("_at") else value
    return values
