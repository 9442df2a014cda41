"""The order of a loaded table's rows, and what comes behind a given place in it, so that an index leads there.

NULLs come last both ways. What follows a place is read in segments, each of which one range of an index holds: first
the rows that share the most with the place, then those that share less. One condition for all would make a database
read everything before the place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from web.parameters import refusal
from web.row_filters import Condition, comma_separated, compare, is_null

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from web.cells import Column
    from web.shapes import Shape


@dataclass(frozen=True, slots=True)
class Key:
    """What is sorted by, and which way."""

    column: Column
    down: bool = False


Order = tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows that stand together: the conditions that hold for them, and what still orders them."""

    conditions: tuple[Condition, ...]
    order: Order


def asked_order(shape: Shape, given: Mapping[str, Sequence[str]]) -> Order:
    """The order that `sort` asks for. Ties go by key, the same way as the last column that is sorted by."""
    keys = [_key(shape, part) for part in comma_separated("sort", given["sort"][0])] if "sort" in given else []
    columns = [key.column for key in keys]
    if len(set(columns)) < len(columns):
        raise refusal("sort", "This names a column twice.")
    down = bool(keys) and keys[-1].down
    return (*keys, *(Key(column, down) for column in shape.key if column not in columns))


def _key(shape: Shape, part: str) -> Key:
    down = part.startswith("-") and shape.column(part[1:]) is not None
    column = shape.column(part[1:] if down else part)
    if column is None:
        raise refusal("sort", "This must be names of columns, separated by commas; - in front means downwards.")
    return Key(column, down)


def order_by(shape: Shape, order: Order, *, nulls_last: bool) -> str:
    """ORDER BY ...; nulls_last: whether the first column may be NULL in the rows that are ordered."""
    parts = []
    for number, key in enumerate(order):
        last = " NULLS LAST" if key.column.nullable and (number or nulls_last) else ""
        parts += [f"{word}{' DESC' if key.down else ''}{last}" for word in _ordered_by(shape, key.column)]
    return f" ORDER BY {', '.join(parts)}" if parts else ""


def _ordered_by(shape: Shape, column: Column) -> list[str]:
    name = shape.quoted(column)
    if shape.dialect == "sqlite" and column.kind == "decimal":
        return [f"CAST({name} AS REAL)", f"{name} COLLATE decimal"]
    return [f"{name}::text" if column.foreign else name]


def segments(shape: Shape, order: Order, place: Sequence[Any] | None) -> Iterator[Segment]:
    """Everything in its order, or what comes behind a place: the values of the order's columns there."""
    if place is None:
        yield from _whole(shape, (), order)
        return
    for number in reversed(range(len(order))):
        value = place[number]
        if value is None:  # nothing comes behind NULL
            continue
        key, shared = order[number], tuple(map(_same, [shape] * number, order, place))
        past = compare(shape, key.column, "lt" if key.down else "gt", value)
        yield Segment((*shared, past), order[number:])
        if key.column.nullable:
            yield from _whole(shape, (*shared, is_null(shape, key.column)), order[number + 1 :])


def _whole(shape: Shape, conditions: tuple[Condition, ...], order: Order) -> Iterator[Segment]:
    """All rows under the conditions: those with a value to sort by, then those without."""
    first = order[0].column if order else None
    if first is None or not first.nullable:
        yield Segment(conditions, order)
        return
    yield Segment((*conditions, is_null(shape, first, truly=False)), order)
    yield from _whole(shape, (*conditions, is_null(shape, first)), order[1:])


def _same(shape: Shape, key: Key, value: Any) -> Condition:
    return is_null(shape, key.column) if value is None else compare(shape, key.column, "eq", value)
