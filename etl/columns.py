"""Whole columns of text read at once, where they are written in the common ways: the fast twins of `rules.read`.

What isn't read here is left, never read otherwise than `rules.read` would. The kernels of Arrow do the reading; what
they would cost a pass each for is asked of the column's bytes instead: `column_bytes`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from etl import numerals, rules
from etl.column_bytes import INTEGER_MARKS, NUMBER_MARKS, consists_of, has_at, is_trimmed, lengths_within, translated
from etl.numerals import CURRENCY
from etl.table_schema import Field

ARROW: dict[str, pa.DataType] = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "decimal": pa.string(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "datetime": pa.timestamp("us"),
    "text": pa.string(),
}
ZONED = pa.timestamp("us", tz="UTC")
DOUBLE_DIGITS = 15  # so many a double keeps of every number; of 9007199254740993 it doesn't keep the last
NOTHING = pa.scalar(None, pa.string())
# Of what Arrow takes for a date, Python, and PostgreSQL in these words, know only what is between them.
FIRST_DAY, LAST_DAY = pa.scalar(date.min, pa.date32()), pa.scalar(date.max, pa.date32())

PLAIN_INTEGER = r"^-?(?:0|[1-9][0-9]{0,17})$"
PLAIN_NUMBER = r"^-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]+)?|\.[0-9]+)$"
PLAIN_DECIMAL = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$"
ISO_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
ISO_DATETIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?$"
ISO_ZONED = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:?[0-9]{2})$"

# The values, NULL where the text is missing or left; and which texts are left (None: none are).
Read = tuple[pa.Array, np.ndarray | None]


def arrow_type(column: Field) -> pa.DataType:
    """The Arrow type that a column's values have once read."""
    return ZONED if column.type == "datetime" and column.zoned else ARROW[column.type]


def as_array(values: pd.Series) -> pa.Array:
    """A column of a frame, in one piece."""
    chunked = pa.chunked_array(values.array.__arrow_array__())
    return chunked.chunk(0) if chunked.num_chunks == 1 else chunked.combine_chunks()


def trimmed(text: pa.Array) -> pa.Array:
    """Without blanks around; what is empty then is NULL."""
    if is_trimmed(text):
        return text
    text = pc.utf8_trim_whitespace(text)
    return pc.if_else(pc.equal(text, ""), NOTHING, text)


def without(text: pa.Array, tokens: tuple[str, ...]) -> pa.Array:
    """NULL in the place of these texts."""
    if not tokens:
        return text
    return pc.if_else(pc.is_in(text, pa.array(tokens, pa.string())), NOTHING, text)


def read_common(text: pa.Array, column: Field) -> Read:
    """Read `text` (trimmed, empty ones NULL) as values of the column's type."""
    reader = READERS.get(column.type)
    if reader is None:
        return _none_read(text, column)
    return reader(text, column)


def _none_read(text: pa.Array, column: Field) -> Read:
    return pa.nulls(len(text), arrow_type(column)), _left(pc.is_valid(text))


def _left(mask: pa.Array) -> np.ndarray | None:
    left = mask.to_numpy(zero_copy_only=False)
    return left if left.any() else None


def _unread(text: pa.Array, values: pa.Array) -> np.ndarray | None:
    if text.null_count == values.null_count:
        return None
    return _left(pc.and_(pc.is_valid(text), pc.is_null(values)))


def _only(text: pa.Array, mask: pa.Array) -> pa.Array:
    return pc.if_else(mask, text, NOTHING)


def _cast(text: pa.Array, kind: pa.DataType) -> pa.Array | None:
    """The texts as values; None when one of them is none."""
    try:
        return pc.cast(text, kind)
    except pa.ArrowInvalid:
        return None


def moments(text: pa.Array, kind: pa.DataType) -> pa.Array | None:
    """The ISO texts as dates or datetimes; None when one of them is none, or outside the years 1 to 9999."""
    values = _cast(text, kind)
    if values is None:
        return None
    days = pc.cast(values, pa.date32(), safe=False)
    found = pc.min_max(days)
    outside = pc.or_(pc.less(found["min"], FIRST_DAY), pc.greater(found["max"], LAST_DAY))
    return None if outside.as_py() else values


# ---- numbers ----


def _read_integers(text: pa.Array, column: Field) -> Read:
    # The cast alone would take 007 and 0x1F for numbers.
    if (
        not _wants_percent(column)
        and consists_of(text, INTEGER_MARKS)
        and (values := _cast(text, pa.int64())) is not None
    ):
        return values, None
    if _is_decorated(column):
        return _read_decorated(text, column)
    plain = _only(text, pc.match_substring_regex(text, PLAIN_INTEGER))
    return _rest_decorated(text, pc.cast(plain, pa.int64()), column)


def _read_numbers(text: pa.Array, column: Field) -> Read:
    # Where points are decimal marks, every plain number, also 1.234, is what it says.
    if column.decimal_mark == "." and not _wants_percent(column):
        if consists_of(text, NUMBER_MARKS) and (values := _cast(text, pa.float64())) is not None:
            values = _exact(values, text, column)
            return values, _unread(text, values)
        if not _is_decorated(column):
            plain = _only(text, pc.match_substring_regex(text, PLAIN_NUMBER))
            return _rest_decorated(text, _exact(pc.cast(plain, pa.float64()), plain, column), column)
    return _read_decorated(text, column)


def _wants_percent(column: Field) -> bool:
    """Whether a bare number contradicts the column."""
    return column.percent and not column.declared


def _is_decorated(column: Field) -> bool:
    return bool(column.currency or column.percent or column.decimal_mark != ".")


def _exact(values: pa.Array, plain: pa.Array, column: Field) -> pa.Array:
    """The doubles; NULL where the text has more digits than a double keeps, unless the user wants a double."""
    if column.declared:
        return pc.if_else(pc.is_inf(values), pa.scalar(None, pa.float64()), values)  # no double is as large
    long = pc.greater(pc.binary_length(plain), DOUBLE_DIGITS)
    if not pc.any(long).as_py():
        return values
    kept = pc.or_(pc.invert(long), pc.equal(pc.cast(values, pa.string()), plain))
    return pc.if_else(kept, values, pa.scalar(None, pa.float64()))


def _rest_decorated(text: pa.Array, values: pa.Array, column: Field) -> Read:
    """What is still unread, if it has marks around its digits."""
    rest = _unread(text, values)
    if rest is None:
        return values, None
    more, _left_over = _read_decorated(text.take(pa.array(np.flatnonzero(rest))), column)
    if more.null_count == len(more):
        return values, rest
    values = pc.replace_with_mask(values, pa.array(rest), more)
    return values, _unread(text, values)


def _read_decorated(text: pa.Array, column: Field) -> Read:
    """Numbers with grouping marks, currency, percent or parentheses, in the way that their column writes them."""
    some = _only(text, pc.match_substring_regex(text, _decorated(column)))
    kept = {mark: mark for mark in "0123456789-"} | {"(": "-", column.decimal_mark: "."}
    digits = translated(some, kept)
    long = pc.greater(pc.binary_length(digits), DOUBLE_DIGITS)
    digits = pc.if_else(long, NOTHING, digits)  # the long ones go one by one
    values = pc.cast(digits, arrow_type(column))
    return values, _unread(text, values)


def _decorated(column: Field) -> str:
    """A regular expression for numbers as the column writes them; narrower than `numerals.NUMBER`, never wider."""
    group = {" ": numerals.BLANKS, "'": numerals.APOSTROPHES}.get(column.group_mark, column.group_mark)
    sign = (
        f"[{column.currency}]" if column.currency and column.currency in CURRENCY else "[$]" if column.declared else ""
    )
    fraction = "" if column.type == "integer" else rf"(?:\{column.decimal_mark}[0-9]+)?"
    body = rf"(?:[1-9][0-9]{{0,2}}(?:[{group}][0-9]{{3}})+|0|[1-9][0-9]*){fraction}"
    if _wants_percent(column):
        return rf"^-?{body} ?%$"
    ways = [rf"-?{body}(?: ?%)?" if column.percent else rf"-?{body}", rf"\({body}\)"]
    if sign:
        ways += [rf"-?{sign} ?{body}", rf"{sign}-{body}", rf"-?{body} ?{sign}", rf"\({sign}{body}\)"]
    return "^(?:" + "|".join(ways) + ")$"


def _read_decimals(text: pa.Array, column: Field) -> Read:
    if column.decimal_mark != ".":
        return _none_read(text, column)
    short = pc.less_equal(pc.binary_length(text), numerals.MOST_CHARACTERS)
    values = _only(text, pc.and_(short, pc.match_substring_regex(text, PLAIN_DECIMAL)))
    return values, _unread(text, values)


# ---- booleans, dates ----

SPELLED = {
    spelling: word in rules.TRUE_WORDS | rules.TRUE_LETTERS | {"1"}
    for word in sorted({"1", "0"} | rules.TRUE_WORDS | rules.TRUE_LETTERS | rules.FALSE_WORDS | rules.FALSE_LETTERS)
    for spelling in (word, word.upper(), word.title())
}
SPELLINGS, MEANINGS = pa.array(SPELLED, pa.string()), pa.array(SPELLED.values(), pa.bool_())


def _read_booleans(text: pa.Array, column: Field) -> Read:
    if column.true_values or column.false_values:
        return _none_read(text, column)
    values = MEANINGS.take(pc.index_in(text, SPELLINGS))
    return values, _unread(text, values)


def _read_dates(text: pa.Array, column: Field) -> Read:
    if lengths_within(text, 10, 10) and (values := moments(text, pa.date32())) is not None:
        return values, None
    return _cast_where(text, ISO_DATE, column)


def _read_datetimes(text: pa.Array, column: Field) -> Read:
    # The cast alone would take 2024-01-31 and 2024-01-31 10:30 as well.
    if not column.zoned and lengths_within(text, 19, 26) and has_at(text, 16, ":"):
        values = moments(text, pa.timestamp("us"))
        if values is not None:
            return values, None
    return _cast_where(text, ISO_ZONED if column.zoned else ISO_DATETIME, column)


def _cast_where(text: pa.Array, pattern: str, column: Field) -> Read:
    values = moments(_only(text, pc.match_substring_regex(text, pattern)), arrow_type(column))
    if values is None:  # a date that no calendar has is among them
        return _none_read(text, column)
    return values, _unread(text, values)


READERS: dict[str, Callable[[pa.Array, Field], Read]] = {
    "integer": _read_integers,
    "number": _read_numbers,
    "decimal": _read_decimals,
    "boolean": _read_booleans,
    "date": _read_dates,
    "datetime": _read_datetimes,
}
