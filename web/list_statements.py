"""The statements of lists of tasks: each list in the way that looks at the fewest tasks."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

from models import TaskCount
from web import index_orders
from web.shown import SHOWN, tasks
from web.sorting import behind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Select

    from web.sorting import Order

    Conditions = Sequence[ColumnElement[bool]]
    # Which values the place that a list begins behind has not; None for the list from its beginning.
    Empty = tuple[bool, ...] | None

TOTAL = select(TaskCount.live).where(TaskCount.user_id == bindparam("owner")).scalar_subquery()


def chosen(*, deleted: bool) -> list[ColumnElement[bool]]:
    """The conditions of the tasks of `owner`, either those that live or those that can be restored."""
    gone = tasks.c.deleted_at > bindparam("restorable") if deleted else tasks.c.deleted_at.is_(None)
    return [tasks.c.user_id == bindparam("owner"), gone]


@lru_cache(maxsize=256)
def of_all(order: Order, empty: Empty, dialect: str) -> Select[Any]:
    """The statement of a list of all tasks."""
    every, total = chosen(deleted=False), TOTAL.label("total")
    in_parts = _in_parts(every, order, empty, total)
    if in_parts is not None:
        return in_parts
    # SQLite doesn't look up what it skips; where an index has this order, there is nothing else to be spared.
    if dialect == "sqlite" and len(order) <= 2:
        return ordered(order, deleted=False, whole=True, empty=empty)
    return _ids_first(every, order, empty, total)


def of_some(filters: Conditions, order: Order, empty: Empty, *, few: bool, by_columns: bool) -> Select[Any]:
    """The statement of a list with filters, of somebody who has many tasks.

    few: whether the list holds only a few. by_columns: whether the filters ask for no more than columns of the task.
    """
    some = [*chosen(deleted=False), *filters]
    # Hardly two tasks have the same title: there a database finds its way along the index alone.
    in_parts = not few and by_columns and order[0].name != "title"
    statement = _in_parts(some, order, empty) if in_parts else None
    return _ids_first(some, order, empty, few=few) if statement is None else statement


@lru_cache(maxsize=256)
def ordered(order: Order, *, deleted: bool, whole: bool, empty: Empty) -> Select[Any]:
    """The plain statement of a list, kept because it takes longer to build than to run."""
    columns = [*SHOWN, *(key.column for key in order), *([TOTAL.label("total")] if whole else [])]
    conditions = [*chosen(deleted=deleted), *([] if empty is None else [behind(order, empty)])]
    rows = select(*columns).where(*conditions).order_by(*(key.ordering() for key in order))
    return rows.limit(bindparam("size")).offset(bindparam("offset"))


def _in_parts(conditions: Conditions, order: Order, empty: Empty, *more: ColumnElement[Any]) -> Select[Any] | None:
    """The statement of a list that no index has in this order; None where one has."""
    part = index_orders.part(conditions, order, empty)
    if part is None:
        return None
    return _looked_up(part.c.id, order, [part.c.value, part.c.id], *more)


def _ids_first(
    conditions: Conditions,
    order: Order,
    empty: Empty,
    *more: ColumnElement[Any],
    few: bool = False,
) -> Select[Any]:
    """The statement of a list whose rows are looked up when it is known which they are.

    few: find all before they are sorted: a database would rather look at all tasks in order for a page of those chosen.
    """
    keys = [key.column.label(f"key_{number}") for number, key in enumerate(order)]
    rows = select(tasks.c.id.label("task_id"), *keys).where(*conditions)
    found = rows.cte("few").prefix_with("MATERIALIZED") if few else rows.subquery()
    values = [found.c[key.name] for key in keys]
    page = select(found).where(*([] if empty is None else [behind(order, empty, values)]))
    part = page.order_by(*_ordering(order, values)).limit(bindparam("size")).offset(bindparam("offset")).subquery()
    return _looked_up(part.c.task_id, order, [part.c[key.name] for key in keys], *more)


def _looked_up(
    task_id: ColumnElement[int], order: Order, values: Sequence[ColumnElement[Any]], *more: ColumnElement[Any]
) -> Select[Any]:
    """The rows with these ids, and the values of the keys that they are sorted by."""
    return select(*SHOWN, *values, *more).where(tasks.c.id == task_id).order_by(*_ordering(order, values))


def _ordering(order: Order, values: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    return [key.ordering(value) for key, value in zip(order, values, strict=True)]
