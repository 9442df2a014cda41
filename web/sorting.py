"""`sort`: the order of a list, and what comes behind a given place in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, case, false, or_

from models import PRIORITIES, STATUSES
from web.parameters import refusal
from web.shown import tasks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement


def _meaning(column: ColumnElement[str], values: Sequence[str]) -> ColumnElement[int]:
    return case({value: number for number, value in enumerate(values)}, value=column)


# What has few values, from the lowest.
FEW_VALUES = {"priority": (tasks.c.priority, PRIORITIES), "status": (tasks.c.status, STATUSES)}

SORTED_BY: dict[str, ColumnElement[Any]] = {
    "created_at": tasks.c.created_at,
    "updated_at": tasks.c.updated_at,
    "due_at": tasks.c.due_at,
    **{name: _meaning(column, values) for name, (column, values) in FEW_VALUES.items()},
    "title": tasks.c.title,
    "id": tasks.c.id,
}


@dataclass(frozen=True)
class Key:
    """What is sorted by, and which way."""

    name: str
    down: bool

    @property
    def column(self) -> ColumnElement[Any]:
        """What the database compares."""
        return SORTED_BY[self.name]

    def ordering(self, values: ColumnElement[Any] | None = None) -> ColumnElement[Any]:
        """The ORDER BY, of the column or of `values` that come from it. A task without a value comes last both ways."""
        values = self.column if values is None else values
        ordering = values.desc() if self.down else values.asc()
        return ordering.nulls_last() if self.name == "due_at" else ordering


Order = tuple[Key, ...]
NEWEST_FIRST: Order = (Key("id", down=True),)


def asked_order(given: Mapping[str, Sequence[str]]) -> Order:
    """The order that `sort` asks for; ties, and lists that don't ask, come newest first."""
    if "sort" not in given:
        return NEWEST_FIRST
    keys = tuple(Key(part.removeprefix("-"), part.startswith("-")) for part in given["sort"][0].split(","))
    names = [key.name for key in keys]
    if not set(names) <= SORTED_BY.keys() or len(set(names)) < len(names):
        known = ", ".join(SORTED_BY)
        raise refusal("sort", f"This must be some of {known}, each once, parted by commas; - in front means downwards.")
    return keys if "id" in names else keys + NEWEST_FIRST


def behind(order: Order, empty: Sequence[bool]) -> ColumnElement[bool]:
    """Whether a task comes behind the place whose values are bound to `after_0`, `after_1`, ...

    empty: for each key, whether the place has no value there.
    """
    alternatives = [
        and_(*(_level(n, order, empty) for n in range(number)), _past(number, order, empty))
        for number in range(len(order))
    ]
    return and_(_bound(order, empty), or_(*alternatives))


def _place(number: int, key: Key) -> Any:
    return bindparam(f"after_{number}", type_=key.column.type)


def _level(number: int, order: Order, empty: Sequence[bool]) -> ColumnElement[bool]:
    column = order[number].column
    return column.is_(None) if empty[number] else column == _place(number, order[number])


def _past(number: int, order: Order, empty: Sequence[bool]) -> ColumnElement[bool]:
    key = order[number]
    if empty[number]:
        return false()
    past = key.column < _place(number, key) if key.down else key.column > _place(number, key)
    return or_(past, key.column.is_(None)) if key.name == "due_at" else past


def _bound(order: Order, empty: Sequence[bool]) -> ColumnElement[bool]:
    """What the alternatives have in common: it lets an index begin at the place."""
    key = order[0]
    if key.name == "due_at":
        return key.column.is_(None) if empty[0] else or_(_past(0, order, empty), _level(0, order, empty))
    return key.column <= _place(0, key) if key.down else key.column >= _place(0, key)
