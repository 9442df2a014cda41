"""The parameters that say which rows of a loaded table are wanted -> conditions in the database's words."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import request

from web import cells
from web.paging import PAGING
from web.parameters import refusal
from web.reader import mark
from web.search import LONGEST_SEARCH, escaped, folded_on_sqlite, glob

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from web.cells import Column
    from web.errors import Refusal
    from web.shapes import Shape

COMPARED = {"eq": "=", "ne": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
OPERATORS = (*COMPARED, "is", "in", "contains")
OWN_PARAMETERS = (*PAGING, "sort")
MOST_VALUES = 1000


@dataclass(frozen=True, slots=True)
class Condition:
    """A part of WHERE, and the values bound in it."""

    sql: str
    values: tuple[Any, ...] = ()


def asked(shape: Shape, *others: str) -> tuple[dict[str, list[str]], list[Condition]]:
    """The parameters of the request, and the conditions among them. others: what isn't about a column.

    `carrier=UA` asks for equality, `distance.gte=1000` for what stands behind the last dot. A column that bears the
    name of another parameter, or ends like an operator, is asked for as `page.eq`.
    """
    given: dict[str, list[str]] = {}
    conditions = []
    for name, values in request.args.lists():
        if len(values) > 1:
            raise refusal(name, "This parameter can be given only once.")
        given[name] = values
        if name in others and not values[0]:
            raise refusal(name, "This parameter is empty.")
        if name not in others:
            if name in OWN_PARAMETERS:
                raise refusal(name, "There is no such parameter here.")
            conditions.append(_condition(shape, name, values[0]))
    return given, conditions


def _condition(shape: Shape, name: str, text: str) -> Condition:
    before, _, operator = name.rpartition(".")
    column = shape.column(before) if operator in OPERATORS else None
    if column is None:
        column, operator = shape.column(name), "eq"
    if column is None:
        raise _unknown(shape, name)
    if operator == "is":
        return _is(shape, column, name, text)
    if operator == "contains":
        return _contains(shape, column, name, text)
    if operator == "in":
        texts = comma_separated(name, text)
        if len(texts) > MOST_VALUES:
            raise refusal(name, f"This can have at most {MOST_VALUES} values.")
        return either([compare(shape, column, "eq", _read(shape, column, name, one)) for one in texts])
    return compare(shape, column, operator, _read(shape, column, name, text))


def _unknown(shape: Shape, name: str) -> Refusal:
    before, _, operator = name.rpartition(".")
    if shape.column(before) is not None:
        return refusal(name, f"There is no operator {operator[:40]!r}; there are {', '.join(OPERATORS)}.")
    return refusal(name, "There is no such column or parameter here.")


def _read(shape: Shape, column: Column, name: str, text: str) -> Any:
    try:
        return cells.read(text, column, shape.dialect)
    except ValueError:
        raise refusal(name, f"This must be {cells.expected(column)}.") from None


def comma_separated(name: str, text: str) -> list[str]:
    """The parts between commas; one that holds a comma stands in quotation marks, as in CSV."""
    try:
        return next(csv.reader([text], strict=True), [""])
    except csv.Error as error:
        raise refusal(name, "This must be values separated by commas, in quotation marks where needed.") from error


def compare(shape: Shape, column: Column, operator: str, value: Any) -> Condition:
    """column <operator> value. NULL compares with nothing."""
    name, sign, value_mark = shape.quoted(column), COMPARED[operator], mark(shape.dialect)
    if shape.dialect != "sqlite" or column.kind != "decimal":
        return Condition(f"{name}{'::text' if column.foreign else ''} {sign} {value_mark}", (value,))
    # Kept as texts there: to compare them exactly takes long, and is needed only where they are nearly the same.
    exact = f"{name} COLLATE decimal {sign} ?"
    if operator == "ne":
        return Condition(f"(CAST({name} AS REAL) <> CAST(? AS REAL) OR {exact})", (value, value))
    near = sign if sign == "=" else sign[0] + "="
    return Condition(f"(CAST({name} AS REAL) {near} CAST(? AS REAL) AND {exact})", (value, value))


def either(conditions: Sequence[Condition]) -> Condition:
    """One of the conditions, which compare one column with a value each."""
    first = conditions[0].sql
    values = tuple(value for condition in conditions for value in condition.values)
    name, sign, value_mark = first.rpartition(" = ")
    if len(values) == len(conditions) and sign:  # IN finds its place in an index; OR might not
        return Condition(f"{name} IN ({', '.join([value_mark] * len(values))})", values)
    return Condition(f"({' OR '.join(condition.sql for condition in conditions)})", values)


def is_null(shape: Shape, column: Column, *, truly: bool = True) -> Condition:
    """Whether a row has no value there, or has one."""
    return Condition(f"{shape.quoted(column)} IS {'' if truly else 'NOT '}NULL")


def _is(shape: Shape, column: Column, name: str, text: str) -> Condition:
    if text not in ("null", "notnull"):
        raise refusal(name, "This must be null or notnull.")
    return is_null(shape, column, truly=text == "null")


def _contains(shape: Shape, column: Column, name: str, text: str) -> Condition:
    if column.kind != "text":
        raise refusal(name, f"Only texts contain something; {column.shown_name} is {column.kind}.")
    if not text or len(text) > LONGEST_SEARCH or "\0" in text:
        raise refusal(name, f"This must have 1 to {LONGEST_SEARCH} characters, and no NUL among them.")
    if shape.dialect == "sqlite":
        return Condition(f"{folded_on_sqlite(shape.quoted(column))} GLOB ?", (glob(text),))
    pattern = f"%{escaped(text)}%"
    return Condition(f"searchable({shape.quoted(column)}::text) LIKE searchable(%s) ESCAPE '/'", (pattern,))


def joined(conditions: Sequence[Condition]) -> tuple[str, list[Any]]:
    """WHERE ... with its values; empty where there are none."""
    values = [value for condition in conditions for value in condition.values]
    words = " AND ".join(condition.sql for condition in conditions)
    return (f" WHERE {words}" if words else ""), values


def question(given: Mapping[str, Sequence[str]]) -> str:
    """What is asked for, whichever part of it is wanted."""
    return repr(sorted((name, tuple(values)) for name, values in given.items() if name not in PAGING))
