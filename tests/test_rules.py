"""The cleaning vocabulary: what a written value looks like, and what it means in a column of known type."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from etl import rules
from etl.table_schema import Field


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("missing", "NA N/A n/a null NULL nil none None nan NaN - -- ? unknown Missing TBD #N/A #DIV/0! #REF! #VALUE!"),
        ("number", "0 1 -1 17 1,234 1.234 1.5 -0.5 .5 1e5 1.5E-3 $5 5€ £1,234.50 (12.50) ($5) 12.5% 1'234 5. −3"),
        ("number", "9223372036854775808 123456789012345678901234567890.123456789 1,234,567.89 1.234.567,89 1,5"),
        ("moment", "2024-01-31 2024/1/31 31/01/2024 1/31/2024 31.1.2024 31-Jan-2024 2024-01-31T13:05 13:05 13:05:59"),
        ("moment", "2024-01-31T13:05:00Z 2024-01-31T13:05:00+02:00 01/02/03 2024-Jan-31"),
        ("flag", "true False YES no t F y N on off"),
        ("bad_date", "2024-02-30 31/04/2024 2023-02-29 32.1.2024 2024-13-01 00/00/0000"),
        ("word", "Anna x n.a.x infinite"),
        ("other", "007 A17 12,5o 0x1F 1_000 1,2,3 inf -inf Infinity 1-2 12:5x 1.2.3.4 25:00 ½ ٣ 1e999"),
    ],
)
def test_what_a_value_looks_like_by_itself(kind, texts):
    assert {text: rules.look(text).kind for text in texts.split()} == dict.fromkeys(texts.split(), kind)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("$ 5", "number"),
        ("-$5.00", "number"),
        ("$-5.00", "number"),
        ("12.5 %", "number"),
        ("1 234 567", "number"),
        ("1\N{NARROW NO-BREAK SPACE}234,5", "number"),
        ("1\N{NO-BREAK SPACE}234 €", "number"),
        ("(1,234.50)", "number"),
        ("((5))", "other"),
        ("(5", "other"),
        ("$5$", "other"),
        ("1 2", "other"),
        ("12 34", "other"),
        ("5 kg", "other"),
        ("Jan 31, 2024", "moment"),
        ("January 31st, 2024", "moment"),
        ("Wed, 31 January 2024", "moment"),
        ("31 Jan 2024 1:05 PM", "moment"),
        ("2024-01-31 13:05:00.123456", "moment"),
        ("2024-01-31 25:05:00", "other"),
        ("Feb 30, 2024", "bad_date"),
        ("Smarch 3, 2024", "other"),
        ("New York", "word"),
    ],
)
def test_what_a_value_with_blanks_looks_like(text, kind):
    assert rules.look(text).kind == kind


@pytest.mark.parametrize(
    ("texts", "noise"),
    [("unknown_ x yes 2024-02-30 Smith", True), ("007 A17 12,5o 1.2.3.4 inf 5 2024-01-31", False)],
)
def test_noise_is_a_word_without_a_digit_or_a_date_that_no_calendar_has(texts, noise):
    assert {text: rules.is_noise(text) for text in texts.split()} == dict.fromkeys(texts.split(), noise)


def field(kind, **others):
    return Field("a", "a", kind, **others)


COMMA = {"decimal_mark": ",", "group_mark": "."}
INTEGER, NUMBER, DECIMAL = field("integer"), field("number"), field("decimal")


@pytest.mark.parametrize(
    ("text", "column", "value"),
    [
        ("17", INTEGER, 17),
        ("-0", INTEGER, 0),
        ("+5", INTEGER, 5),
        ("1,234,567", INTEGER, 1_234_567),
        ("1 234", INTEGER, 1234),
        ("1'234", INTEGER, 1234),
        ("1.234", field("integer", **COMMA), 1234),
        ("17.0", INTEGER, 17),
        ("17.5", INTEGER, None),
        ("1e3", INTEGER, 1000),
        ("9223372036854775807", INTEGER, 2**63 - 1),
        ("-9223372036854775808", INTEGER, -(2**63)),
        ("9223372036854775808", INTEGER, None),
        ("007", INTEGER, None),
        ("1,23", INTEGER, None),
        ("12,34,567", INTEGER, None),
        ("(5)", INTEGER, -5),
        ("\N{MINUS SIGN}5", INTEGER, -5),
        ("1.5", NUMBER, 1.5),
        (".5", NUMBER, 0.5),
        ("-1,234.5", NUMBER, -1234.5),
        ("1.234,5", NUMBER, None),
        ("1.234,5", field("number", **COMMA), 1234.5),
        ("1,5", field("number", **COMMA), 1.5),
        ("1,234.5", field("number", **COMMA), None),
        ("1.5e-3", NUMBER, 0.0015),
        ("$5.00", field("number", currency="$"), 5.0),
        ("$5.00", field("number", currency="€"), None),
        ("($1,234.50)", field("number", currency="$"), -1234.5),
        ("-$3", field("number", currency="$"), -3.0),
        ("5,00 €", field("number", currency="€", **COMMA), 5.0),
        ("12.5%", field("number", percent=True), 12.5),
        ("12.5%", NUMBER, None),
        ("inf", NUMBER, None),
        ("nan", NUMBER, None),
        ("0x1F", INTEGER, None),
        ("1_000", INTEGER, None),
        ("123456789012345678901234567890", DECIMAL, "123456789012345678901234567890"),
        ("0.1234567890123456789", DECIMAL, "0.1234567890123456789"),
        ("-1,234.50", DECIMAL, "-1234.50"),
        ("1.5e3", DECIMAL, "1500"),
    ],
)
def test_numbers(text, column, value):
    found = rules.read(text, column)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("TRUE", True), ("yes", True), ("t", True), ("Y", True), ("On", True), ("1", True), ("false", False),
     ("No", False), ("f", False), ("n", False), ("OFF", False), ("0", False), ("2", None), ("maybe", None),
     ("1.0", None)],
)  # fmt: skip
def test_booleans(text, value):
    assert rules.read(text, field("boolean")) is value


def test_declared_words_for_true_and_false_are_the_only_ones():
    column = field("boolean", true_values=("ja",), false_values=("nein",))
    assert [rules.read(text, column) for text in ("ja", "nein", "yes", "JA")] == [True, False, None, None]


@pytest.mark.parametrize(
    ("text", "order", "value"),
    [
        ("2024-01-31", "", date(2024, 1, 31)),
        ("2024/1/3", "", date(2024, 1, 3)),
        ("03/04/2025", "day", date(2025, 4, 3)),
        ("03/04/2025", "month", date(2025, 3, 4)),
        ("03/04/2025", "", None),
        ("31/01/2024", "day", date(2024, 1, 31)),
        ("31/01/2024", "month", None),
        ("1/31/2024", "month", date(2024, 1, 31)),
        ("5/5/2024", "", date(2024, 5, 5)),
        ("31.1.2024", "day", date(2024, 1, 31)),
        ("01/02/69", "day", date(1969, 2, 1)),
        ("01/02/68", "day", date(2068, 2, 1)),
        ("31-Jan-2024", "", date(2024, 1, 31)),
        ("31 JANUARY 2024", "", date(2024, 1, 31)),
        ("January 31, 2024", "", date(2024, 1, 31)),
        ("Sept 3, 2024", "", date(2024, 9, 3)),
        ("2024-02-29", "", date(2024, 2, 29)),
        ("2023-02-29", "", None),
        ("2024-01-31 10:00", "", None),
        ("20240131", "", None),
    ],
)
def test_dates(text, order, value):
    assert rules.read(text, field("date", date_order=order)) == value


@pytest.mark.parametrize(
    ("text", "zoned", "value"),
    [
        ("2024-01-31T13:05:09", False, datetime(2024, 1, 31, 13, 5, 9)),
        ("2024-01-31 13:05", False, datetime(2024, 1, 31, 13, 5)),
        ("2024-01-31 13:05:09.5", False, datetime(2024, 1, 31, 13, 5, 9, 500_000)),
        ("2024-01-31 1:05 PM", False, datetime(2024, 1, 31, 13, 5)),
        ("2024-01-31 12:05 AM", False, datetime(2024, 1, 31, 0, 5)),
        ("2024-01-31", False, datetime(2024, 1, 31)),
        ("2024-01-31 13:05 PM", False, None),
        ("2024-01-31T13:05:00Z", False, None),
        ("2024-01-31T13:05:00Z", True, datetime(2024, 1, 31, 13, 5, tzinfo=UTC)),
        ("2024-01-31T13:05:00+02:30", True, datetime(2024, 1, 31, 10, 35, tzinfo=UTC)),
        ("2024-01-01T00:30:00+0100", True, datetime(2023, 12, 31, 23, 30, tzinfo=UTC)),
        ("2024-01-31T13:05:00", True, None),
        ("2024-01-31T13:05:00+25:00", True, None),
        ("2024-01-31T13:05:00.1234567", False, None),
        ("2024-01-31T13:05:00.1230000", False, datetime(2024, 1, 31, 13, 5, 0, 123_000)),
    ],
)
def test_datetimes(text, zoned, value):
    assert rules.read(text, field("datetime", zoned=zoned)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("13:05", time(13, 5)), ("1:05:09", time(1, 5, 9)), ("1:05 pm", time(13, 5)), ("24:00", None), ("13:60", None),
     ("12:00 am", time(0, 0)), ("x", None)],
)  # fmt: skip
def test_times(text, value):
    assert rules.read(text, field("time")) == value


def test_a_text_is_itself():
    assert rules.read("007 é", field("text")) == "007 é"
