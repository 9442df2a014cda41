"""The cleaning vocabulary: what one written value looks like, and what it means under a column's type.

`look` says everything that can be seen in a value by itself; `infer` adds these looks up over a column. `read` gives
the value that a text has in a field of known type. Both speak of trimmed text and are the authority; the array
functions in `clean` are their fast twins for what is common.
"""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from etl.table_schema import Field

Value = int | float | str | bool | date | time | datetime | None

MISSING = frozenset(("na", "n/a", "null", "nil", "none", "nan", "-", "--", "?", "unknown", "missing", "tbd"))
EXCEL_ERRORS = frozenset(("#n/a", "#na", "#null!", "#div/0!", "#value!", "#ref!", "#name?", "#num!"))
TRUE_WORDS, FALSE_WORDS = frozenset(("true", "yes", "on")), frozenset(("false", "no", "off"))
TRUE_LETTERS, FALSE_LETTERS = frozenset("ty"), frozenset("fn")

CURRENCY = "$€£¥₹₽₩₺₴₪฿₫₦¢₱₲₡₵₸₼₾"
MINUS = "-\N{MINUS SIGN}"
BLANKS = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}"
APOSTROPHES = "'\N{RIGHT SINGLE QUOTATION MARK}"

NUMBER = re.compile(
    rf"""(?P<open>\()?\s?
    (?P<sign>[{MINUS}+])?\s?(?P<before>[{CURRENCY}])?\s?(?P<sign2>[{MINUS}+])?
    (?P<body>[0-9][0-9.,{BLANKS}{APOSTROPHES}]*(?<![{BLANKS}{APOSTROPHES},])|\.[0-9]+)
    (?P<exponent>[eE][-+]?[0-9]{{1,3}})?
    \s?(?:(?P<percent>%)|(?P<after>[{CURRENCY}]))?
    \s?(?P<close>\))?""",
    re.VERBOSE | re.ASCII,
)
GROUPS = {
    mark: re.compile(rf"[0-9]{{1,3}}(?:[{re.escape(marks)}][0-9]{{3}})+", re.ASCII)
    for mark, marks in ((",", ","), (".", "."), (" ", BLANKS), ("'", APOSTROPHES))
}
INT64 = 2**63
# What is longer is no number but a text: no database keeps it as one, and nothing counts or measures that much.
MOST_CHARACTERS = 4_000
# Words that are numbers to a machine: neither noise nor a value that every database keeps.
INFINITIES = frozenset(sign + word for sign in ("", "+", "-") for word in ("inf", "infinity"))


@dataclass(frozen=True)
class Look:
    """What one value looks like. kind: missing, number, moment, date, time, flag, word, bad_date or other.

    For a number, the marks that it proves or leaves open; for a date, the order that it proves.
    features: names counted over the column, see `infer.Evidence`.
    """

    kind: str
    features: tuple[str, ...] = ()


def is_missing(text: str) -> bool:
    """Whether `text` (trimmed) is one of the words that stand for a value that isn't there."""
    folded = text.casefold()
    return folded in MISSING or folded in EXCEL_ERRORS


@functools.lru_cache(maxsize=1 << 16)
def look(text: str) -> Look:
    """What `text` (trimmed, not empty) looks like by itself."""
    if is_missing(text):
        return Look("missing")
    if any("0" <= char <= "9" for char in text):
        return _look_number(text) or _look_moment(text) or Look("other")
    folded = text.casefold()
    if folded in TRUE_WORDS or folded in FALSE_WORDS:
        return Look("flag", ("flag_word",))
    if folded in TRUE_LETTERS:
        return Look("flag", ("true_letter",))
    if folded in FALSE_LETTERS:
        return Look("flag", ("false_letter",))
    if folded in INFINITIES or any(char.isnumeric() for char in text):
        return Look("other")
    return Look("word")


# ---- numbers ----


@dataclass(frozen=True)
class Written:
    """A number taken apart. body: digits and marks. groups: the grouping mark it proves; decimal: the decimal mark

    it proves; open3: "," or "." where one mark before three digits can be either.
    """

    negative: bool
    plus: bool
    body: str
    exponent: str
    currency: str
    percent: bool
    groups: str
    decimal: str
    open3: str


@functools.lru_cache(maxsize=1 << 14)
def take_apart(text: str) -> Written | None:
    """The parts of a written number; None for a code or anything else."""
    match = NUMBER.fullmatch(text) if len(text) <= MOST_CHARACTERS else None
    if match is None:
        return None
    part = match.groupdict(default="")
    signs = part["sign"] + part["sign2"]
    if bool(part["open"]) != bool(part["close"]) or len(signs) > 1 or (part["open"] and signs):
        return None
    if part["before"] and (part["after"] or part["percent"]):
        return None
    marks = _marks(part["body"])
    if marks is None or (part["exponent"] and (marks[0] or part["percent"])):
        return None
    groups, decimal, open3 = marks
    if part["exponent"]:
        open3, decimal = "", decimal or open3
    negative = bool(part["open"]) or (signs != "" and signs in MINUS)
    return Written(
        negative, signs == "+", part["body"], part["exponent"], part["before"] or part["after"],
        bool(part["percent"]), groups, decimal, open3,
    )  # fmt: skip


def _marks(body: str) -> tuple[str, str, str] | None:
    """(grouping mark, decimal mark, open mark) of a number's body; None for what is a code: 007, 1,2,3."""
    if len(body) > 1 and body[0] == "0" and "0" <= body[1] <= "9":
        return None
    if body.isdigit():
        return "", "", ""
    for mark, pattern in GROUPS.items():
        match = pattern.match(body)
        if match is None or body[0] == "0":
            continue
        rest = body[match.end() :]
        if not rest:
            single = mark in ",." and body.count(mark) == 1
            return ("", "", mark) if single else (mark, "", "")
        if rest[0] in ",." and rest[0] != mark and (rest[1:].isdigit() or (not rest[1:] and rest[0] == ".")):
            return mark, rest[0], ""
    whole, point, fraction = body.partition(".")
    if point and (whole.isdigit() or not whole) and (fraction.isdigit() or (not fraction and whole)):
        return "", ".", ""
    whole, comma, fraction = body.partition(",")
    if comma and whole.isdigit() and fraction.isdigit():
        return "", ",", ""
    return None


def _look_number(text: str) -> Look | None:
    parts = take_apart(text)
    if parts is None:
        return None
    features: list[str] = []
    if parts.body in ("0", "1") and len(text) == 1:
        features.append("zero_one")
    if parts.negative:
        features.append("minus")
    if parts.plus and not (parts.decimal or parts.exponent):
        features.append("plus_integer")
    features += [f"currency {parts.currency}"] if parts.currency else []
    if parts.percent:
        features.append("percent")
    elif parts.body.strip("0.,"):
        features.append("bare")
    features += [f"groups {parts.groups}"] if parts.groups else []
    features += [f"decimal {parts.decimal}"] if parts.decimal else []
    features += [f"open {parts.open3}"] if parts.open3 else []
    if parts.exponent:
        features.append("exponent")
    digits = sum("0" <= char <= "9" for char in parts.body)
    if parts.exponent and not _is_finite(parts):
        return None
    if digits > 15 or parts.exponent:
        features += _exactness(parts)
    return Look("number", tuple(features))


def _exactness(parts: Written) -> list[str]:
    """What a double or a 64-bit integer would lose of a long number, read in the way that it proves."""
    exact = Decimal(plain_digits(parts, decimal=parts.decimal or "."))
    if not parts.decimal and not parts.open3 and not parts.exponent:
        found = ["wide"] if not _is_finite(parts) or int(exact) != int(float(exact)) else []
        return [*found, "beyond_64_bits"] if not -INT64 <= int(exact) < INT64 else found
    return ["exact"] if Decimal(repr(float(exact))) != exact else []


def _is_finite(parts: Written) -> bool:
    return float(plain_digits(parts, decimal=parts.decimal or ".")) not in (float("inf"), float("-inf"))


def plain_digits(parts: Written, *, decimal: str) -> str:
    """The number in plain digits with a decimal point, for int(), float() and Decimal()."""
    whole, _mark, fraction = parts.body.rpartition(decimal) if decimal in parts.body else (parts.body, "", "")
    whole = "".join(char for char in whole if "0" <= char <= "9")
    text = f"{whole or '0'}.{fraction}" if fraction else whole
    return ("-" if parts.negative else "") + text + parts.exponent


def _read_number(text: str, field: Field) -> int | float | str | None:
    parts = take_apart(text)
    if parts is None or (parts.percent and not field.percent) or not _marks_fit(parts, field):
        return None
    if parts.currency and parts.currency != field.currency and not field.declared:
        return None
    digits = plain_digits(parts, decimal=field.decimal_mark)
    if field.type == "integer":
        return _read_integer(digits)
    if field.type == "decimal":
        return digits if not parts.exponent else format(Decimal(digits), "f")
    return float(digits) if math.isfinite(float(digits)) else None


def _read_integer(digits: str) -> int | None:
    if digits.lstrip("-").isdigit():
        value = int(digits)
    else:
        exact = Decimal(digits)
        if exact != exact.to_integral_value():
            return None
        value = int(exact)
    return value if -INT64 <= value < INT64 else None


def _marks_fit(parts: Written, field: Field) -> bool:
    """Whether the marks that the number proves are those of its column."""
    grouping = "." if field.decimal_mark == "," else ","
    if parts.decimal and parts.decimal != field.decimal_mark:
        return False
    return not parts.groups or parts.groups in (grouping, " ", "'", field.group_mark)


# ---- dates and times ----

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january",
            "feb february",
            "mar march",
            "apr april",
            "may",
            "jun june",
            "jul july",
            "aug august",
            "sep sept september",
            "oct october",
            "nov november",
            "dec december",
        ),
        start=1,
    )
    for name in names.split()
}
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


@dataclass(frozen=True)
class Moment:
    """A written date or datetime. one, two: day and month in the order that the column decides, else `day`, `month`."""

    year: int
    month: int
    day: int
    clock: tuple[int, int, int, int] | None
    offset: int | None  # minutes east of UTC
    order: str  # iso, day, month, either
    short: bool


def _look_moment(text: str) -> Look | None:
    if len(text) > 48:
        return None
    if TIME.fullmatch(text):
        return Look("moment", ("time",)) if _clock(TIME.fullmatch(text)) else None
    found = find_moment(text)
    if found == "bad":
        return Look("bad_date")
    if not isinstance(found, Moment):
        return None
    features = ["datetime" if found.clock else "date", f"order {found.order}"]
    if found.clock:
        features.append("zoned" if found.offset is not None else "naive")
    return Look("moment", tuple(features))


@functools.lru_cache(maxsize=1 << 16)
def find_moment(text: str) -> Moment | str | None:
    """The date or datetime in `text`; "bad" for the shape of one that no calendar has; None for anything else."""
    for pattern in MOMENTS:
        match = pattern.fullmatch(text)
        if match is not None:
            return _moment(match)
    return None


def _moment(match: re.Match[str]) -> Moment | str | None:
    part = match.groupdict()
    clock = _clock(match) if part["hour"] else None
    if part["hour"] and clock is None:
        return None
    offset = _offset(part["zone"]) if part["zone"] else None
    if part["zone"] and offset is None:
        return None
    year = _full_year(int(part["short"])) if part.get("short") else int(part["year"])
    if "one" in part:
        return _numbered(int(part["one"]), int(part["two"]), year, part["mark"], clock, offset, bool(part.get("short")))
    month = MONTHS.get(part["name"].casefold(), 0) if part.get("name") else int(part["month"])
    if month == 0 and part.get("name"):
        return None
    if not _exists(year, month, int(part["day"])):
        return "bad"
    return Moment(year, month, int(part["day"]), clock, offset, "iso", False)


def _numbered(
    one: int, two: int, year: int, mark: str, clock: tuple[int, int, int, int] | None, offset: int | None, short: bool
) -> Moment | str | None:
    """A date in numbers with its year last: which of the two is the day may be open."""
    as_day = _exists(year, two, one)
    as_month = _exists(year, one, two) and mark != "."
    if not (as_day or as_month):
        return None if short else "bad"
    order = (
        "either" if as_day and as_month and one != two else "day" if not as_month else "month" if not as_day else "iso"
    )
    day, month = (two, one) if order == "month" else (one, two)
    return Moment(year, month, day, clock, offset, order, short)


def _full_year(short: int) -> int:
    return short + (1900 if short >= 69 else 2000)  # POSIX strptime's %y


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _clock(match: re.Match[str] | None) -> tuple[int, int, int, int] | None:
    """Hour, minute, second, microsecond; None when no clock shows it or it is finer than a microsecond."""
    assert match is not None
    part = match.groupdict()
    hour, minute, second = int(part["hour"]), int(part["minute"]), int(part["second"] or 0)
    fraction = (part["fraction"] or "").ljust(6, "0")
    if part["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if part["half"] in "pP" else 0)
    if hour > 23 or minute > 59 or second > 59 or fraction[6:].strip("0"):
        return None
    return hour, minute, second, int(fraction[:6])


def _offset(zone: str) -> int | None:
    if zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    if minutes > 18 * 60 or int(digits[2:]) > 59:
        return None
    return -minutes if zone[0] == "-" else minutes


def _read_moment(text: str, field: Field) -> date | datetime | None:
    found = find_moment(text)
    if not isinstance(found, Moment):
        return None
    day = _in_order(found, field)
    if day is None or (field.type == "date" and found.clock is not None):
        return None
    if field.type == "date":
        return day
    if found.clock is None:
        return None if field.zoned else datetime(day.year, day.month, day.day)
    hour, minute, second, micro = found.clock
    zoned = found.offset is not None
    if zoned != field.zoned:
        return None
    moment = datetime(day.year, day.month, day.day, hour, minute, second, micro)
    if not zoned:
        return moment
    assert found.offset is not None
    try:
        return moment.replace(tzinfo=timezone(timedelta(minutes=found.offset))).astimezone(UTC)
    except OverflowError:
        return None


def _in_order(found: Moment, field: Field) -> date | None:
    if found.order == "iso" or found.order == field.date_order:
        return date(found.year, found.month, found.day)
    if found.order == "either" and field.date_order in ("day", "month"):
        # an open one was read day first
        day, month = (found.month, found.day) if field.date_order == "month" else (found.day, found.month)
        return date(found.year, month, day)
    return None


def _read_time(text: str) -> time | None:
    match = TIME.fullmatch(text)
    clock = _clock(match) if match else None
    return time(*clock) if clock else None


# ---- one value under its column's type ----


def read(text: str, field: Field) -> Value:
    """The value of `text` (trimmed, not empty) in a column of `field.type`; None where it has none there."""
    if field.type in ("integer", "number", "decimal"):
        return _read_number(text, field)
    if field.type == "boolean":
        return _read_boolean(text, field)
    if field.type in ("date", "datetime"):
        return _read_moment(text, field)
    if field.type == "time":
        return _read_time(text)
    return text


def _read_boolean(text: str, field: Field) -> bool | None:
    if field.true_values or field.false_values:
        return True if text in field.true_values else False if text in field.false_values else None
    folded = text.casefold()
    if folded in TRUE_WORDS or folded in TRUE_LETTERS or folded == "1":
        return True
    if folded in FALSE_WORDS or folded in FALSE_LETTERS or folded == "0":
        return False
    return None


def is_noise(text: str) -> bool:
    """Whether `text` may be set aside in a column of numbers, booleans or dates: it is no data there."""
    return look(text).kind in ("word", "flag", "bad_date")
