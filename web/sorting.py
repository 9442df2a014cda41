"""`sort`: the order of a list, and what comes behind a given place in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, case, false, or_

from models import PRIORITIES, SORT_KEYS, STATUSES
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
    name: _meaning(*FEW_VALUES[name]) if name in FEW_VALUES else tasks.c[name] for name in (*SORT_KEYS, "id")
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


def behind(
    order: Order, empty: Sequence[bool], values: Sequence[ColumnElement[Any]] | None = None
) -> ColumnElement[bool]:
    """Whether a task comes behind the place whose values are bound to `after_0`, `after_1`, ...

    empty: for each key, whether the place has no value there. values: what the keys compare, where not their columns.
    """
    compared = values or [key.column for key in order]
    levels = [_Level(*each, number) for number, each in enumerate(zip(order, compared, empty, strict=True))]
    alternatives = [and_(*(each.tied() for each in levels[: level.number]), level.past()) for level in levels]
    return and_(levels[0].bound(), or_(*alternatives))


@dataclass(frozen=True)
class _Level:
    """What a key compares, and whether the place has no value there."""

    key: Key
    value: ColumnElement[Any]
    is_empty: bool
    number: int

    def tied(self) -> ColumnElement[bool]:
        return self.value.is_(None) if self.is_empty else self.value == self._place()

    def past(self) -> ColumnElement[bool]:
        if self.is_empty:
            return false()
        past = self.value < self._place() if self.key.down else self.value > self._place()
        return or_(past, self.value.is_(None)) if self.key.name == "due_at" else past

    def bound(self) -> ColumnElement[bool]:
        """What the alternatives have in common: it lets an index begin at the place."""
        if self.key.name == "due_at":
            return self.value.is_(None) if self.is_empty else or_(self.past(), self.tied())
        return self.value <= self._place() if self.key.down else self.value >= self._place()

    def _place(self) -> Any:
        return bindparam(f"after_{self.number}", type_=self.key.column.type)
