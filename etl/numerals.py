"""Numbers as people write them: with marks between their digits, currencies, percent signs and parentheses."""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from etl.table_schema import Field

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


@dataclass(frozen=True)
class Written:
    """A number taken apart. body: digits and marks. groups, decimal: the grouping and the decimal mark that it proves.
    open3: "," or "." where one mark before three digits can be either.
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


def features_of_number(text: str) -> tuple[str, ...] | None:
    """What a written number proves of its column; None for anything else."""
    parts = take_apart(text)
    if parts is None or (parts.exponent and not _is_finite(parts)):
        return None
    told = {
        "zero_one": parts.body in ("0", "1") and len(text) == 1,
        "minus": parts.negative,
        "plus_integer": parts.plus and not (parts.decimal or parts.exponent),
        f"currency {parts.currency}": parts.currency,
        "percent": parts.percent,
        "bare": not parts.percent and parts.body.strip("0.,"),
        f"groups {parts.groups}": parts.groups,
        f"decimal {parts.decimal}": parts.decimal,
        f"open {parts.open3}": parts.open3,
        "exponent": parts.exponent,
    }
    digits = sum("0" <= char <= "9" for char in parts.body)
    lost = _exactness(parts) if digits > 15 or parts.exponent else []
    return (*(feature for feature, is_so in told.items() if is_so), *lost)


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


def read_number(text: str, field: Field) -> int | float | str | None:
    """The value that a text is in a field of a numeric type; a decimal as its digits."""
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
