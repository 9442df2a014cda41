"""A cell of a loaded table: how its column is kept, how it is asked for in an address, and how it is answered."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# JSON's readers have doubles: beyond this a whole number loses digits.
LARGEST_EXACT = 2**53
LARGEST_INTEGER = 2**63

INTEGER = re.compile(r"[+-]?[0-9]{1,400}")
NUMBER = re.compile(r"[+-]?([0-9]{1,400}\.?[0-9]{0,400}|\.[0-9]{1,400})([eE][+-]?[0-9]{1,4})?")
TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?")
OFFSET = re.compile(r"(Z|[+-][0-9]{2}(:?[0-9]{2})?)$", flags=re.IGNORECASE)

EXPECTED = {
    "integer": "a whole number",
    "number": "a number, like -12.5",
    "decimal": "a number, like -12.5",
    "boolean": "true or false",
    "date": "a date, like 2026-11-23",
    "time": "a time, like 13:05:00",
    "datetime": "a date and time without an offset, like 2026-11-23T13:05:00",
    "datetime with offset": "an instant with its offset, like 2026-11-23T13:05:00Z",
    "text": "text without NUL characters",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it stands in the database. name: there; label: in the API; kind: a type of the loader's.

    zoned: whether datetimes are instants. foreign: of a type that the loader doesn't make, and so shown as text.
    """

    name: str
    kind: str
    zoned: bool = False
    nullable: bool = True
    foreign: bool = False
    label: str = ""

    @property
    def shown_name(self) -> str:
        """What the API calls it."""
        return self.label or self.name


def expected(column: Column) -> str:
    """What a value of the column must be, as a phrase."""
    return EXPECTED["datetime with offset" if column.kind == "datetime" and column.zoned else column.kind]


def read(text: str, column: Column, dialect: str) -> Any:
    """`text` as the driver binds a value of the column. Raises ValueError where it is none."""
    if "\0" in text:
        raise ValueError(text)
    value = READERS[column.kind](text) if column.kind in READERS else _read_moment(text, zoned=column.zoned)
    return value if dialect == "postgresql" else _kept_in_sqlite(value)


def _read_integer(text: str) -> Any:
    if not INTEGER.fullmatch(text):
        raise ValueError(text)
    number = int(text)
    # No column holds such a one, but others may be less or more.
    return number if -LARGEST_INTEGER <= number < LARGEST_INTEGER else Decimal(number)


def _read_number(text: str) -> float:
    number = float(text) if NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _read_decimal(text: str) -> Decimal:
    if not NUMBER.fullmatch(text):
        raise ValueError(text)
    return Decimal(text)


def _read_boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _read_date(text: str) -> date:
    if len(text) != 10 or not text.isascii():
        raise ValueError(text)
    return date.fromisoformat(text)


def _read_time(text: str) -> time:
    if not TIME.fullmatch(text):
        raise ValueError(text)
    return time.fromisoformat(text)


def _read_moment(text: str, *, zoned: bool) -> datetime:
    """A date alone is its first instant, in UTC where the column holds instants."""
    if len(text) == 10:
        return datetime.combine(_read_date(text), time(), UTC if zoned else None)
    # A plus sign that was not escaped arrives as a blank; the one between date and time is none.
    clock = text[11:].replace(" ", "+")
    if text[10:11] not in ("T", "t", " ") or bool(OFFSET.search(clock)) != zoned:
        raise ValueError(text)
    offset = OFFSET.search(clock)
    day, hour = _read_date(text[:10]), _read_time(clock[: offset.start()] if offset else clock)
    if not offset:
        return datetime.combine(day, hour)
    try:
        return datetime.fromisoformat(f"{day}T{hour}{offset[0].upper()}").astimezone(UTC)
    except OverflowError as error:
        raise ValueError(text) from error


READERS: dict[str, Callable[[str], Any]] = {
    "integer": _read_integer,
    "number": _read_number,
    "decimal": _read_decimal,
    "boolean": _read_boolean,
    "date": _read_date,
    "time": _read_time,
    "text": str,
}


def _kept_in_sqlite(value: Any) -> Any:
    """A value as the loader keeps it in SQLite."""
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f") if abs(value.adjusted()) < 400 else str(value)
    return value


def select(column: Column, dialect: str, quoted: str) -> str:
    """What a statement selects of the column; `quoted` is its name there.

    PostgreSQL writes moments itself: it knows some that Python doesn't.
    """
    if dialect == "sqlite":
        return quoted
    if column.kind == "date" and not column.foreign:
        return f"to_char({quoted}, 'YYYY-MM-DD')"
    if column.kind == "time" and not column.foreign:
        return f"replace(to_char({quoted}, 'HH24:MI:SS.US'), '.000000', '')"
    if column.kind == "datetime":
        moment = f"{quoted} AT TIME ZONE 'UTC'" if column.zoned else quoted
        written = f"""replace(to_char({moment}, 'YYYY-MM-DD"T"HH24:MI:SS.US'), '.000000', '')"""
        return f"{written} || 'Z'" if column.zoned else written
    return f"{quoted}::text" if column.kind == "decimal" or column.foreign else quoted


BOOLEANS = {0: False, 1: True}
NO_NUMBER = ("NaN", "Infinity", "-Infinity")


def shown(column: Column, dialect: str) -> Callable[[Any], Any] | None:
    """What is done to a value of the column before it is answered; None where it is as the database gives it."""
    if dialect == "sqlite":
        return {"boolean": _shown_boolean, "datetime": _shown_moment, "decimal": _shown_decimal}.get(column.kind)
    return _shown_decimal if column.kind == "decimal" else None


def _shown_boolean(value: Any) -> Any:
    return BOOLEANS.get(value, value) if isinstance(value, int) else value


def _shown_moment(value: Any) -> Any:
    return value.replace(" ", "T", 1).replace("+00:00", "Z") if isinstance(value, str) else value


def _shown_decimal(value: Any) -> Any:
    return None if value is None or value in NO_NUMBER else str(value)
