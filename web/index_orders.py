"""Lists in an order that no index has: put together from parts that one has, or all tasks would be sorted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, bindparam, case, func, literal, select, union_all

from web.parameters import LARGEST_ID
from web.shown import tasks
from web.sorting import FEW_VALUES, NEWEST_FIRST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Select, Subquery

    from web.sorting import Key, Order

    Condition = ColumnElement[bool]

SIZE, OFFSET = (bindparam(name, type_=BigInteger()) for name in ("size", "offset"))
# The id of the place that a part begins behind.
NEWEST = bindparam("after_1", type_=BigInteger())


def part(chosen: Sequence[Condition], order: Order, empty: Sequence[bool] | None) -> Subquery | None:
    """A part of the list of the tasks chosen: `id`, and `value` that they are sorted by; None where an index has it.

    empty: None for the list from its beginning; else which values the place that it begins behind has not.
    """
    key, begun = order[0], empty is not None
    if order[1:] != NEWEST_FIRST:
        return None
    parts = _Parts(key, tuple(chosen))
    if key.name in FEW_VALUES:
        found = parts.by_one_of_a_few(begun=begun)
    elif empty and empty[0]:
        found = parts.newest(key.column.is_(None), tasks.c.id < NEWEST).limit(SIZE)
    elif not key.down:
        found = parts.upwards(begun=begun)
    elif key.name == "due_at":
        found = parts.downwards(begun=begun)
    else:
        return None
    return found.subquery()


@dataclass(frozen=True)
class _Parts:
    """The tasks chosen, as they are sorted by `key`."""

    key: Key
    chosen: tuple[Condition, ...]

    def by_one_of_a_few(self, *, begun: bool) -> Select[Any]:
        """For each value there is an index that has its tasks in order."""
        column, values = FEW_VALUES[self.key.name]
        place = bindparam("after_0", type_=BigInteger())
        parts = []
        for number, value in enumerate(values):
            rank = literal(number)
            tied = select(tasks.c.id, rank.label("value")).where(*self.chosen, column == value)
            if begun:
                tied = tied.where(
                    rank <= place if self.key.down else rank >= place,
                    # Reckoned once for all rows, so that the index begins there.
                    tasks.c.id < case((rank == place, NEWEST), else_=LARGEST_ID),
                )
            parts.append(tied.order_by(tasks.c.id.desc()).limit(SIZE + OFFSET))
        return self._together(parts).offset(OFFSET)

    def upwards(self, *, begun: bool) -> Select[Any]:
        """The index has the values in order, and for each of them its tasks, but the other way round.

        So what is tied with the first, what is tied with the last, and what is between them are looked for one by one.
        """
        column = self.key.column
        first: ColumnElement[Any] = bindparam("after_0", type_=column.type)
        level = self.newest(column == first, tasks.c.id < NEWEST)
        if not begun:
            first = self._nth(column.is_not(None), OFFSET)
            level = self.newest(column == first).offset(OFFSET - self._number(column < first))
        last = self._nth(column > first, SIZE - 1)
        above = self._valued(column > first).order_by(column).limit(SIZE).subquery()
        between = select(above.c.id, above.c.value).where((above.c.value < last) | last.is_(None))
        parts = [level.limit(SIZE), between, self.newest(column == last).limit(SIZE)]
        return self._together([*parts, *self._without_value()])

    def downwards(self, *, begun: bool) -> Select[Any]:
        """PostgreSQL's indexes have those without a value at the other end."""
        column = self.key.column
        below = self._valued().order_by(column.desc(), tasks.c.id.desc()).limit(SIZE)
        if begun:
            first = bindparam("after_0", type_=column.type)
            parts = [self.newest(column == first, tasks.c.id < NEWEST).limit(SIZE), below.where(column < first)]
        else:
            parts = [below.where(column.is_not(None)).offset(OFFSET)]
        return self._together([*parts, *self._without_value()])

    def newest(self, *more: Condition) -> Select[Any]:
        """Those that fulfil more conditions, newest first."""
        return self._valued(*more).order_by(tasks.c.id.desc())

    def _without_value(self) -> list[Select[Any]]:
        if self.key.name != "due_at":
            return []
        before = self._number(self.key.column.is_not(None), OFFSET)
        skipped = case((before < OFFSET, OFFSET - before), else_=0)
        return [self.newest(self.key.column.is_(None)).limit(SIZE).offset(skipped)]

    def _valued(self, *more: Condition) -> Select[Any]:
        return select(tasks.c.id, self.key.column.label("value")).where(*self.chosen, *more)

    def _nth(self, condition: Condition, number: ColumnElement[int]) -> ColumnElement[Any]:
        found = self._valued(condition).order_by(self.key.column).limit(1).offset(number).cte()
        return select(found.c.value).scalar_subquery()

    def _number(self, condition: Condition, at_most: ColumnElement[int] | None = None) -> ColumnElement[int]:
        counted = select(tasks.c.id).where(*self.chosen, condition).limit(at_most).subquery()
        return select(func.count()).select_from(counted).scalar_subquery()

    def _together(self, parts: list[Select[Any]]) -> Select[Any]:
        found = union_all(*(each.subquery().select() for each in parts)).subquery().c
        return select(found.id, found.value).order_by(self.key.ordering(found.value), found.id.desc()).limit(SIZE)
