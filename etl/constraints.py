"""Frictionless constraints (https://specs.frictionlessdata.io/table-schema/#constraints) as checks on whole columns.

`unique` is not here: it needs the other blocks too, and the database keeps it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl import rules
from etl.problems import UsageError
from etl.table_schema import Field


def broken(values: pa.Array, column: Field) -> Iterator[tuple[str, np.ndarray]]:
    """Each constraint of the column that some value breaks, and which ones. A missing value breaks only `required`."""
    for kind, wanted in column.constraints.items():
        check = CHECKS.get(kind)
        if check is None or wanted is False:
            continue
        which = pc.fill_null(check(values, wanted, column), False).to_numpy(zero_copy_only=False)
        if which.any():
            yield kind, which


def reason(column: Field, kind: str, value: Any) -> str:
    """The sentence for a reject."""
    if kind == "required":
        return f"required: {column.name} is missing"
    return f"{kind}: {column.name} is {str(value)[:60]!r}, which breaks {kind} {column.constraints[kind]!r}"


def check_declared(column: Field) -> None:
    """Raise UsageError for a constraint that can't be checked on the column's type."""
    try:
        for _found in broken(pa.nulls(1, _arrow(column)), column):
            pass
    except (pa.ArrowException, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"The constraints of {column.name} don't go with type {column.type}: {reason}") from error


def _arrow(column: Field) -> pa.DataType:
    from etl.columns import arrow_type

    return arrow_type(column)


def _scalar(wanted: Any, values: pa.Array, column: Field) -> pa.Scalar:
    """A bound or an allowed value, as the column's type; texts are read as cells are."""
    if isinstance(wanted, str):
        read = rules.read(wanted, column)
        if read is None:
            raise ValueError(f"{wanted!r} is no {column.type}")
        wanted = read
    return pa.scalar(str(wanted) if pa.types.is_string(values.type) else wanted, type=values.type)


def _comparable(values: pa.Array, column: Field) -> pa.Array:
    return pc.cast(values, pa.decimal256(76, 20)) if column.type == "decimal" else values


def _below(values: pa.Array, wanted: Any, column: Field) -> pa.Array:
    bound = pc.cast(_scalar(wanted, values, column), _comparable(values, column).type)
    return pc.less(_comparable(values, column), bound)


def _above(values: pa.Array, wanted: Any, column: Field) -> pa.Array:
    bound = pc.cast(_scalar(wanted, values, column), _comparable(values, column).type)
    return pc.greater(_comparable(values, column), bound)


def _not_in(values: pa.Array, wanted: Any, column: Field) -> pa.Array:
    allowed = pa.array([_scalar(one, values, column).as_py() for one in wanted], type=values.type)
    return pc.and_(pc.invert(pc.is_in(values, allowed)), pc.is_valid(values))


CHECKS = {
    "required": lambda values, wanted, column: pc.is_null(values),
    "minimum": _below,
    "maximum": _above,
    "minLength": lambda values, wanted, column: pc.less(pc.utf8_length(values), int(wanted)),
    "maxLength": lambda values, wanted, column: pc.greater(pc.utf8_length(values), int(wanted)),
    "pattern": lambda values, wanted, column: pc.invert(pc.match_substring_regex(values, f"^(?:{wanted})$")),
    "enum": _not_in,
}
