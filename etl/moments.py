"""Dates and times as people write them."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from etl.table_schema import Field

MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
         "sep sept september", "oct october", "nov november", "dec december"),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
CLOCK = r"""(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,12}))?)?
    (?:\s?(?P<half>[AaPp])\.?[Mm]\.?)?"""
ZONE = r"\s?(?P<zone>Z|z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)"
WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?"
MONTH = r"(?P<name>[A-Za-z]{3,9})\.?"
DAY_FORMS = (
    r"(?P<year>[0-9]{4})(?P<mark>[-/.])(?P<month>[0-9]{1,2})(?P=mark)(?P<day>[0-9]{1,2})",
    r"(?P<one>[0-9]{1,2})(?P<mark>[-/.])(?P<two>[0-9]{1,2})(?P=mark)(?P<year>[0-9]{4})",
    r"(?P<one>[0-9]{1,2})(?P<mark>[-/.])(?P<two>[0-9]{1,2})(?P=mark)(?P<short>[0-9]{2})",
    WEEKDAY
    + r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th|\.)?[-\s]"
    + MONTH
    + r"[-\s,]\s?(?P<year>[0-9]{4}|(?P<short>[0-9]{2}))",
    WEEKDAY + MONTH + r"\s(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?,?\s(?P<year>[0-9]{4})",
    r"(?P<year>[0-9]{4})-(?P<name>[A-Za-z]{3,9})-(?P<day>[0-9]{1,2})",
)
MOMENTS = [
    re.compile(
        day.replace(" ", r"\ ") + rf"(?:(?:[Tt]|,?\s{{1,2}}){CLOCK}(?:{ZONE})?)?", re.VERBOSE | re.ASCII | re.IGNORECASE
    )
    for day in DAY_FORMS
]
TIME = re.compile(CLOCK, re.VERBOSE | re.ASCII)


BAD = "bad"  # the shape of a date that no calendar has


@dataclass(frozen=True)
class Moment:
    """A written date or datetime. offset: east of UTC. order: "day" or "month", whichever is proved to come first;
    "either" where it is open, and `day` is read day first; "iso" where there is nothing to prove.
    """

    day: date
    clock: time | None
    offset: timedelta | None
    order: str


def features_of_moment(text: str) -> tuple[str, ...] | None:
    """What a written date or time proves; nothing if no calendar has it; None for anything else."""
    if len(text) > 48:
        return None
    if TIME.fullmatch(text):
        return ("time",) if read_time(text) else None
    found = find_moment(text)
    if not isinstance(found, Moment):
        return () if found == BAD else None
    if found.clock is None:
        return "date", f"order {found.order}"
    return "datetime", f"order {found.order}", "naive" if found.offset is None else "zoned"


@functools.lru_cache(maxsize=1 << 16)
def find_moment(text: str) -> Moment | str | None:
    """The date or datetime in `text`; BAD; None for anything else."""
    match = next((match for pattern in MOMENTS if (match := pattern.fullmatch(text))), None)
    if match is None:
        return None
    part = match.groupdict()
    clock = _clock(part) if part["hour"] else None
    offset = _offset(part["zone"]) if part["zone"] else None
    if (part["hour"] and clock is None) or (part["zone"] and offset is None):
        return None
    found = _numbered(part) if "one" in part else _named(part)
    return Moment(found[0], clock, offset, found[1]) if isinstance(found, tuple) else found


def _named(part: dict[str, str]) -> tuple[date, str] | str | None:
    """A date whose month has a name or comes behind its year."""
    month = MONTHS.get(part["name"].casefold()) if part.get("name") else int(part["month"])
    if month is None:
        return None
    day = _date(_year(part), month, int(part["day"]))
    return BAD if day is None else (day, "iso")


def _numbered(part: dict[str, str]) -> tuple[date, str] | str | None:
    """A date in numbers with its year last: which of the two is the day may be open."""
    one, two = int(part["one"]), int(part["two"])
    day_first = _date(_year(part), two, one)
    month_first = _date(_year(part), one, two) if part["mark"] != "." else None
    if day_first and month_first:
        return day_first, "iso" if one == two else "either"
    if day_first:
        return day_first, "day"
    if month_first:
        return month_first, "month"
    return None if part.get("short") else BAD


def _year(part: dict[str, str]) -> int:
    if not part.get("short"):
        return int(part["year"])
    short = int(part["short"])
    return short + (1900 if short >= 69 else 2000)  # POSIX strptime's %y


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _clock(part: dict[str, str]) -> time | None:
    """The time of day; None when no clock shows it or it is finer than a microsecond."""
    hour, minute, second = int(part["hour"]), int(part["minute"]), int(part["second"] or 0)
    fraction = (part["fraction"] or "").ljust(6, "0")
    if part["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if part["half"] in "pP" else 0)
    if hour > 23 or minute > 59 or second > 59 or fraction[6:].strip("0"):
        return None
    return time(hour, minute, second, int(fraction[:6]))


def _offset(zone: str) -> timedelta | None:
    if zone[0] not in "+-":
        return timedelta(0)
    digits = zone[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if offset > timedelta(hours=18) or int(digits[2:]) > 59:
        return None
    return -offset if zone[0] == "-" else offset


def read_moment(text: str, field: Field) -> date | datetime | None:
    """The date or datetime that a text is in a field of that type."""
    found = find_moment(text)
    day = _in_order(found, field) if isinstance(found, Moment) else None
    if day is None or not isinstance(found, Moment):
        return None
    if field.type == "date":
        return day if found.clock is None else None
    if found.clock is None:
        return None if field.zoned else datetime.combine(day, time())
    if (found.offset is not None) != field.zoned:
        return None
    moment = datetime.combine(day, found.clock)
    try:
        return moment if found.offset is None else moment.replace(tzinfo=timezone(found.offset)).astimezone(UTC)
    except OverflowError:
        return None


def _in_order(found: Moment, field: Field) -> date | None:
    if found.order in ("iso", field.date_order) or (found.order == "either" and field.date_order == "day"):
        return found.day
    if found.order == "either" and field.date_order == "month":
        return found.day.replace(month=found.day.day, day=found.day.month)
    return None


def read_time(text: str) -> time | None:
    """The time of day that a text is."""
    match = TIME.fullmatch(text)
    return _clock(match.groupdict()) if match else None
