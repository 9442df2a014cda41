"""Lists of all tasks in an order that no index has: put together from parts that one has, or all would be sorted."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, bindparam, case, func, literal, select, union_all

from web.parameters import LARGEST_ID
from web.shown import tasks
from web.sorting import FEW_VALUES, NEWEST_FIRST

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select, Subquery

    from web.sorting import Key, Order

LIVE = (tasks.c.user_id == bindparam("owner"), tasks.c.deleted_at.is_(None))
SIZE, OFFSET = (bindparam(name, type_=BigInteger()) for name in ("size", "offset"))
# The id of the place that a part begins behind.
NEWEST = bindparam("after_1", type_=BigInteger())


@lru_cache(maxsize=32)
def part(order: Order, empty: tuple[bool, ...] | None) -> Subquery | None:
    """A part of the list: `id`, and `value` that they are sorted by; None where an index has this order.

    empty: None for the list from its beginning; else which values the place that it begins behind has not.
    """
    key = order[0]
    if order[1:] != NEWEST_FIRST:
        return None
    if key.name in FEW_VALUES:
        found = _by_one_of_a_few(key, begun=empty is not None)
    elif empty and empty[0]:
        found = _newest(key, key.column.is_(None), tasks.c.id < NEWEST).limit(SIZE)
    elif not key.down:
        found = _upwards(key, begun=empty is not None)
    elif key.name == "due_at":
        found = _downwards(key, begun=empty is not None)
    else:
        return None
    return found.subquery()


def _by_one_of_a_few(key: Key, *, begun: bool) -> Select[Any]:
    """For each value there is an index that has its tasks in order."""
    column, values = FEW_VALUES[key.name]
    place = bindparam("after_0", type_=BigInteger())
    parts = []
    for number, value in enumerate(values):
        rank = literal(number)
        tied = select(tasks.c.id, rank.label("value")).where(*LIVE, column == value)
        if begun:
            tied = tied.where(
                rank <= place if key.down else rank >= place,
                # Reckoned once for all rows, so that the index begins there.
                tasks.c.id < case((rank == place, NEWEST), else_=LARGEST_ID),
            )
        parts.append(tied.order_by(tasks.c.id.desc()).limit(SIZE + OFFSET))
    return _together(key, parts).offset(OFFSET)


def _upwards(key: Key, *, begun: bool) -> Select[Any]:
    """The index has the values in order, and for each of them its tasks, but the other way round.

    So what is tied with the first, what is tied with the last, and what is between them are looked for one by one.
    """
    column = key.column
    first: ColumnElement[Any] = bindparam("after_0", type_=column.type)
    level = _newest(key, column == first, tasks.c.id < NEWEST)
    if not begun:
        first = _nth(column, column.is_not(None), OFFSET)
        level = _newest(key, column == first).offset(OFFSET - _number(column < first))
    last = _nth(column, column > first, SIZE - 1)
    above = _valued(key, column > first).order_by(column).limit(SIZE).subquery()
    between = select(above.c.id, above.c.value).where((above.c.value < last) | last.is_(None))
    parts = [level.limit(SIZE), between, _newest(key, column == last).limit(SIZE)]
    return _together(key, [*parts, *_without_value(key)])


def _downwards(key: Key, *, begun: bool) -> Select[Any]:
    """PostgreSQL's indexes have those without a value at the other end."""
    column = key.column
    below = _valued(key).order_by(column.desc(), tasks.c.id.desc()).limit(SIZE)
    if begun:
        first = bindparam("after_0", type_=column.type)
        parts = [_newest(key, column == first, tasks.c.id < NEWEST).limit(SIZE), below.where(column < first)]
    else:
        parts = [below.where(column.is_not(None)).offset(OFFSET)]
    return _together(key, [*parts, *_without_value(key)])


def _without_value(key: Key) -> list[Select[Any]]:
    if key.name != "due_at":
        return []
    before = _number(key.column.is_not(None), OFFSET)
    skipped = case((before < OFFSET, OFFSET - before), else_=0)
    return [_newest(key, key.column.is_(None)).limit(SIZE).offset(skipped)]


def _newest(key: Key, *chosen: ColumnElement[bool]) -> Select[Any]:
    return _valued(key, *chosen).order_by(tasks.c.id.desc())


def _valued(key: Key, *chosen: ColumnElement[bool]) -> Select[Any]:
    return select(tasks.c.id, key.column.label("value")).where(*LIVE, *chosen)


def _nth(column: ColumnElement[Any], chosen: ColumnElement[bool], number: ColumnElement[int]) -> ColumnElement[Any]:
    found = select(column.label("value")).where(*LIVE, chosen).order_by(column).limit(1).offset(number).cte()
    return select(found.c.value).scalar_subquery()


def _number(chosen: ColumnElement[bool], at_most: ColumnElement[int] | None = None) -> ColumnElement[int]:
    counted = select(tasks.c.id).where(*LIVE, chosen).limit(at_most).subquery()
    return select(func.count()).select_from(counted).scalar_subquery()


def _together(key: Key, parts: list[Select[Any]]) -> Select[Any]:
    found = union_all(*(tied.subquery().select() for tied in parts)).subquery().c
    return select(found.id, found.value).order_by(key.ordering(found.value), found.id.desc()).limit(SIZE)
