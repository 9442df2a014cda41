"""The cleaning vocabulary: what one written value looks like, and what it means under a column's type.

`look` says everything that can be seen in a value by itself; `infer` adds these looks up over a column. `read` gives
the value that a text has in a field of known type. Both speak of trimmed text and are the authority; the array
functions in `columns` are their fast twins for what is common. Numbers and dates are read by `numerals` and `moments`.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from etl.moments import features_of_moment, read_moment, read_time
from etl.numerals import features_of_number, read_number

if TYPE_CHECKING:
    from etl.table_schema import Field

Value = int | float | str | bool | date | time | datetime | None

DIGIT = re.compile("[0-9]")
MISSING = frozenset(("na", "n/a", "null", "nil", "none", "nan", "-", "--", "?", "unknown", "missing", "tbd"))
EXCEL_ERRORS = frozenset(("#n/a", "#na", "#null!", "#div/0!", "#value!", "#ref!", "#name?", "#num!"))
TRUE_WORDS, FALSE_WORDS = frozenset(("true", "yes", "on")), frozenset(("false", "no", "off"))
TRUE_LETTERS, FALSE_LETTERS = frozenset("ty"), frozenset("fn")

# Words that are numbers to a machine: neither noise nor a value that every database keeps.
INFINITIES = frozenset(sign + word for sign in ("", "+", "-") for word in ("inf", "infinity"))


@dataclass(frozen=True)
class Look:
    """What one value looks like. kind: missing, number, moment, flag, word, bad_date or other.

    features: what it proves beside that, as names that `infer.Evidence` counts over the column.
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
    if DIGIT.search(text):
        return _look_at_digits(text)
    folded = text.casefold()
    if folded in TRUE_WORDS or folded in FALSE_WORDS:
        return Look("flag", ("flag_word",))
    if folded in TRUE_LETTERS:
        return Look("flag", ("true_letter",))
    if folded in FALSE_LETTERS:
        return Look("flag", ("false_letter",))
    if folded in INFINITIES or (not text.isascii() and any(map(str.isnumeric, text))):
        return Look("other")
    return Look("word")


def _look_at_digits(text: str) -> Look:
    if (features := features_of_number(text)) is not None:
        return Look("number", features)
    if (features := features_of_moment(text)) is None:
        return Look("other")
    return Look("moment", features) if features else Look("bad_date")


def read(text: str, field: Field) -> Value:
    """The value of `text` (trimmed, not empty) in a column of `field.type`; None where it has none there."""
    if field.type in ("integer", "number", "decimal"):
        return read_number(text, field)
    if field.type == "boolean":
        return _read_boolean(text, field)
    if field.type in ("date", "datetime"):
        return read_moment(text, field)
    if field.type == "time":
        return read_time(text)
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
