"""Laws of the loader: whatever is written comes back, whatever the blocks; and whatever comes in is accounted for."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from loading import fine, fresh_place

from etl.blocks import Block, Piece
from etl.clean import Cleaning, clean
from etl.dialect import Dialect
from etl.fields import read_record, record_end
from etl.layout import Layout
from etl.parse import TEXT, Parsed, parse
from etl.records import each_record, find_records
from etl.table_schema import TYPES, Field, Schema

QUICK = settings(
    max_examples=30, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
# LAWS=search looks for new examples, and for many; the suite always tries the same ones.
SEARCHING = os.environ.get("LAWS") == "search"
DEEP = settings(QUICK, max_examples=400 if SEARCHING else 60, derandomize=not SEARCHING, print_blob=True)


def deep(most):
    return settings(DEEP, max_examples=most if SEARCHING else max(20, min(most // 10, 600)))


@pytest.fixture
def how(request):
    """With few examples where the slow tests are left out, else with about twice as many."""
    return "quick" if request.config.getoption("markexpr") == "not slow" else "deep"


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch):
    # Thousands of small loads, none of which has to survive a power cut.
    monkeypatch.setenv("SQLITE_SYNCHRONOUS", "OFF")


def check(how, law):
    """Run a law with few examples, always the same; or with many."""
    (DEEP if how == "deep" else QUICK)(law)()


@contextmanager
def new_place():
    with tempfile.TemporaryDirectory() as folder:
        yield fresh_place(Path(folder))


# ---- what csv.writer writes comes back ----

DELIMITERS, QUOTES, LINE_ENDS = ",;\t|", "\"'", ("\n", "\r\n", "\r")
LETTERS = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"])
AWKWARD = st.sampled_from([*"\n\r\t \"',;|#=0aé北", "\r\n", '""', "''", " ", "\N{NO-BREAK SPACE}", "\x00"])
CELLS = st.lists(st.one_of(LETTERS, AWKWARD), max_size=8).map("".join)
HEADER = ["first name", "second name", "third name", "fourth name"]


@st.composite
def tables(draw, cells=CELLS, least=1):
    width = draw(st.integers(least, 4))
    return draw(st.lists(st.lists(cells, min_size=width, max_size=width), max_size=8)), width


@st.composite
def writings(draw):
    """Keywords for csv.writer."""
    return {
        "delimiter": draw(st.sampled_from(DELIMITERS)),
        "quotechar": draw(st.sampled_from(QUOTES)),
        "quoting": draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])),
        "lineterminator": draw(st.sampled_from(LINE_ENDS)),
    }


def written(rows, width, how):
    out = io.StringIO(newline="")
    writer = csv.writer(out, **how)
    writer.writerow(HEADER[:width])
    writer.writerows(rows)
    return out.getvalue()


def options_of(how):
    return ["--text", "--header", "yes", "--delimiter", how["delimiter"], "--quote", how["quotechar"]]


def bare_line_end(rows, how):
    """Python before 3.13 leaves a line end bare that is not the one it writes."""
    return how["quoting"] == csv.QUOTE_MINIMAL and any(
        mark in cell and mark not in how["lineterminator"] for row in rows for cell in row for mark in "\r\n"
    )


def assert_comes_back(rows, width, how, content, *options):
    # More control characters than these are no text.
    assume(content.count("\x00") <= 3)
    with new_place() as place:
        answer = place.load(content.encode(), *options_of(how), *options)
        assert answer.code == 0, (answer.said, content)
        assert [list(row[1:]) for row in place.rows()] == rows, content
        assert place.account() == (len(rows), len(rows), 0)


def test_every_table_that_csv_writes_comes_back_as_it_was(how):
    @given(tables(), writings())
    @example(
        ([["a\nb\nc\nd"]], 1), {"delimiter": ",", "quotechar": '"', "quoting": csv.QUOTE_ALL, "lineterminator": "\r"}
    )
    def law(table, writing):
        rows, width = table
        assume(not bare_line_end(rows, writing))
        assert_comes_back(rows, width, writing, written(rows, width, writing))

    check(how, law)


def test_backslashes_in_a_file_without_escapes_are_characters_like_any_other(how):
    cells = st.text(st.sampled_from('\\\\ab", \n1'), max_size=6)

    @given(tables(cells), writings())
    def law(table, writing):
        rows, width = table
        assume(not bare_line_end(rows, writing))
        assert_comes_back(rows, width, writing, written(rows, width, writing))

    check(how, law)


def test_every_table_comes_back_that_csv_writes_with_escapes_and_without_quotes(how):
    # Not backslashes and quotes: only who wrote them knows whether what stands there is escaped.
    cells = st.text(st.sampled_from(",;\t|\nab1 éx"), max_size=6)

    @given(tables(cells, least=2), st.sampled_from(DELIMITERS))
    def law(table, delimiter):
        rows, width = table
        assume(any(delimiter in cell for row in rows for cell in row))
        writing = {
            "delimiter": delimiter,
            "quotechar": '"',
            "quoting": csv.QUOTE_NONE,
            "escapechar": "\\",
            "lineterminator": "\n",
        }
        assert_comes_back(rows, width, writing, written(rows, width, writing))

    check(how, law)


# ---- values come back equal ----


def thousands(mark, point):
    return lambda number: f"{number:,}".translate(str.maketrans({",": mark, ".": point}))


def accounting(write):
    return lambda number: f"({write(-number)})" if number < 0 else write(number)


def signed(write, sign):
    return lambda number: ("-" if number < 0 else "") + sign + write(abs(number))


def fixed(point, places):
    def write(number):
        return f"{number:,.{places}f}".translate(str.maketrans({",": "." if point == "," else ",", ".": point}))

    return write


WHOLE = st.integers(-(10**6), 10**6)
WIDE = st.integers(-(2**70), 2**70)
CENTS = st.decimals(-(10**9), 10**9, places=2)
LONG = st.decimals(-(10**6), 10**6, places=20)
NUMBERS = {
    "integers": (WHOLE, str, ","),
    "integers beyond 64 bits": (WIDE, str, ","),
    "integers in thousands": (WHOLE, thousands(",", "."), ","),
    "wide integers in thousands": (WIDE, thousands(",", "."), ","),
    "integers with dots": (WHOLE, thousands(".", ","), ";"),
    "integers with blanks": (WHOLE, thousands(" ", "."), ","),
    "integers with apostrophes": (WHOLE, thousands("'", "."), ","),
    "cents": (CENTS, lambda number: f"{number:.2f}", ","),
    "cents in thousands": (CENTS, fixed(".", 2), ","),
    "cents with a comma": (CENTS, fixed(",", 2), ";"),
    "cents with a comma between tabs": (CENTS, fixed(",", 2), "\t"),
    "dollars": (CENTS, signed(fixed(".", 2), "$"), ","),
    "euros behind": (CENTS, lambda number: fixed(",", 2)(number) + " €", ";"),
    "dollars in parentheses": (CENTS, accounting(signed(fixed(".", 2), "$")), ","),
    "parentheses": (CENTS, accounting(fixed(".", 2)), ","),
    "percentages": (CENTS, lambda number: f"{number:.2f}%", ","),
    "twenty decimals": (LONG, lambda number: f"{number:.20f}", ","),
    "exponents": (st.floats(allow_nan=False, allow_infinity=False), lambda number: f"{number:e}", ","),
    "doubles": (st.floats(allow_nan=False, allow_infinity=False), repr, ","),
}


def column_file(texts, delimiter):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(["amount", "label"])
    writer.writerows([text, "word"] for text in texts)
    return out.getvalue()


def as_decimal(value):
    return None if value is None else Decimal(repr(value) if isinstance(value, float) else value)


@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_come_back_equal_in_value(kind, how):
    values, write, delimiter = NUMBERS[kind]

    @given(st.lists(st.one_of(values, values, st.none()), min_size=1, max_size=6))
    def law(numbers):
        assume(any(number is not None for number in numbers))
        texts = ["" if number is None else write(number) for number in numbers]
        exact = [
            None if text == "" else plain_value(write, number) for text, number in zip(texts, numbers, strict=True)
        ]
        with new_place() as place:
            answer = place.load(column_file(texts, delimiter))
            assert answer.code == 0, answer.said
            assert place.types()["amount"] != "text", answer.said
            assert [as_decimal(value) for value in place.values("amount")] == exact, texts

    (deep(60) if how == "deep" else settings(QUICK, max_examples=8))(law)()


def plain_value(write, number):
    """The value that was written: floats are rounded by how they are written, everything else is exact."""
    return Decimal(write(number)) if isinstance(number, float) else Decimal(number)


DATES = st.dates(date(1000, 1, 1), date(9999, 12, 31))
MOMENTS = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 30)).map(lambda moment: moment.replace(microsecond=0))
MONTHS = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
]  # fmt: skip


def month_name(day):
    return MONTHS[day.month - 1]


TIMED = {
    "ISO dates": (DATES, date.isoformat, (), "date"),
    "dates with slashes, year first": (DATES, lambda d: f"{d:%Y/%m/%d}", (), "date"),
    "day first": (DATES, lambda d: f"{d:%d/%m/%Y}", ("--day-first",), "date"),
    "day first with dots": (DATES, lambda d: f"{d.day}.{d.month}.{d.year}", (), "date"),
    "month first": (DATES, lambda d: f"{d:%m/%d/%Y}", ("--no-day-first",), "date"),
    "short month names": (DATES, lambda d: f"{d.day:02d}-{month_name(d)[:3]}-{d.year}", (), "date"),
    "long month names": (DATES, lambda d: f"{month_name(d)} {d.day}, {d.year}", (), "date"),
    "month names in the middle": (DATES, lambda d: f"{d.day} {month_name(d)} {d.year}", (), "date"),
    "ISO datetimes": (MOMENTS, lambda m: m.isoformat(sep="T"), (), "datetime"),
    "datetimes with a blank": (MOMENTS, lambda m: m.isoformat(sep=" "), (), "datetime"),
    "datetimes in UTC": (MOMENTS, lambda m: m.isoformat() + "Z", (), "datetime"),
    "day first and a clock": (MOMENTS, lambda m: f"{m:%d/%m/%Y %H:%M:%S}", ("--day-first",), "datetime"),
    "month first and a clock": (MOMENTS, lambda m: f"{m:%m/%d/%Y %I:%M:%S %p}", ("--no-day-first",), "datetime"),
    "times": (st.times().map(lambda t: t.replace(microsecond=0)), lambda t: t.isoformat(), (), "time"),
    "times without seconds": (
        st.times().map(lambda t: t.replace(second=0, microsecond=0)), lambda t: f"{t:%H:%M}", (), "time",
    ),
}  # fmt: skip
READERS = {"date": date.fromisoformat, "time": time.fromisoformat, "datetime": datetime.fromisoformat}


@pytest.mark.parametrize("kind", TIMED)
def test_dates_and_times_come_back_equal(kind, how):
    values, write, options, expected = TIMED[kind]

    @given(st.lists(st.one_of(values, values, st.none()), min_size=1, max_size=6))
    def law(moments):
        assume(any(moment is not None for moment in moments))
        texts = ["" if moment is None else write(moment) for moment in moments]
        with new_place() as place:
            answer = place.load(column_file(texts, ","), *options)
            assert answer.code == 0, answer.said
            if kind == "day first with dots" and place.types()["amount"] == "text":
                return  # a dot can't be month first, but a list that leaves it open may stay text
            assert place.types()["amount"] == expected, answer.said
            found = [None if value is None else READERS[expected](value) for value in place.values("amount")]
            if kind == "datetimes in UTC":
                moments = [None if moment is None else moment.replace(tzinfo=UTC) for moment in moments]
            assert found == moments, texts

    (deep(60) if how == "deep" else settings(QUICK, max_examples=8))(law)()


PAIRS = [
    ("true", "false"), ("True", "False"), ("TRUE", "FALSE"), ("yes", "no"), ("Y", "N"), ("t", "f"), ("on", "off"),
]  # fmt: skip


def test_booleans_come_back_equal(how):
    @given(st.lists(st.sampled_from([True, False, None]), max_size=8), st.sampled_from(PAIRS))
    def law(flags, pair):
        flags = [True, False, *flags]
        texts = ["" if flag is None else pair[0] if flag else pair[1] for flag in flags]
        with new_place() as place:
            answer = place.load(column_file(texts, ","))
            assert place.types()["amount"] == "boolean", answer.said
            assert place.values("amount") == flags

    check(how, law)


# ---- blocks don't show ----

MIXED = st.sampled_from(
    ["1", "2", "17", "-3", "4.5", "1,234", "007", "x", "yes", "no", "unknown", "", " ", "NA", "2024-01-31",
     "31/12/2024",     "2024-02-30", "12,5o", 'a "b" c', "'", "é", "$5", "50%", "A17"]
)  # fmt: skip
ROWS = st.lists(MIXED, min_size=3, max_size=3)


def as_line(cells):
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()


LINES = st.one_of(
    ROWS.map(as_line),
    ROWS.map(as_line),
    ROWS.map(as_line),
    st.lists(MIXED, min_size=1, max_size=5).map(as_line),
    st.lists(MIXED, min_size=1, max_size=4).map(",".join),
    st.sampled_from(
        ["", "  ", '"', 'a,"b,c', '"a\nb",1,2', '1,"2" x,3', '"1,2,3', 'x"y,1,2', '""', '"""', "1,2,3,,", "1,2",
         "a,b,c",         "#c", "1,2,3\r", ",,", "total", "1,2,3,4"]
    ),
)  # fmt: skip


@st.composite
def messy_files(draw):
    lines = draw(st.lists(LINES, min_size=1, max_size=30))
    header = draw(st.sampled_from([["id,b,c"], ["a,b,c"], ["a,b,c,"], []]))
    end = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    return end.join([*header, *lines]) + draw(st.sampled_from(["", end]))


def outcome_with(content, chunk, *options):
    """Everything that a load leaves and says, but for how long it took."""
    with new_place() as place:
        answer = place.load(content, "--json", "--chunk-size", chunk, *options)
        fine(answer)
        if not answer.out:
            return answer.code, answer.err.replace(str(place.folder), "")
        summary = answer.summary
        told = {name: summary[name] for name in ("state", "reasons", "cells_blanked", "schema", "notes", "dialect")}
        return answer.code, told, place.everything()


def test_blocks_of_any_size_make_the_same_table_rejects_and_counts(how):
    @given(messy_files())
    @example("a,b,c\n1,2,3\n4,\n5,6\n7,8,9\n")
    def law(content):
        whole = outcome_with(content, 100_000)
        assert outcome_with(content, 1) == whole
        assert outcome_with(content, 7) == whole

    check(how, law)


def test_blocks_of_any_size_reject_the_same_repeated_keys(how):
    keys = st.sampled_from(["1", "2", "3", "4", "5", "", "x", "1.0", "01"])

    @given(st.lists(st.tuples(keys, st.sampled_from("abc")), min_size=1, max_size=20), st.booleans())
    def law(rows, declared):
        content = "id,b\n" + "".join(f"{key},{word}\n" for key, word in rows)
        options = ["--primary-key", "id"] if declared else []
        whole = outcome_with(content, 100_000, *options)
        assert outcome_with(content, 1, *options) == whole
        assert outcome_with(content, 7, *options) == whole

    check(how, law)


# ---- whatever comes in ----


@st.composite
def mutated(draw):
    """CSV text in which some bytes were changed, left out or put in."""
    content = bytearray(draw(messy_files()).encode())
    for _time in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, len(content)))
        what = draw(
            st.sampled_from(
                [b"\x00", b"\xff", b'"', b"\r", b"\n", b"\\", b",", b";", b"\xc3", b"\xe2\x80", b"\t", b"'"]
            )
        )
        content[place : place + draw(st.integers(0, 2))] = what
    return bytes(content)


TEXTY = st.lists(
    st.sampled_from([*(bytes([code]) for code in b"ab12,;\t|\"'\\\n\r #=.$%()"), b"\xe9", b"\xc3\xa9", b"\x00"]),
    max_size=80,
).map(b"".join)
OPTIONS = st.sampled_from(
    [(), (), ("--text",), ("--strict",), ("--header", "no"), ("--header", "yes"), ("--delimiter", ","),
     ("--quote", "none"), ("--fill-missing",), ("--max-rejects", "1"),
     ("--encoding", "utf-16"), ("--encoding", "latin-1")]
)  # fmt: skip


def test_any_bytes_end_with_an_account_and_without_a_trace(how):
    @given(st.one_of(st.binary(max_size=200), mutated(), TEXTY), OPTIONS, st.sampled_from([1, 3, 100_000]))
    def law(content, options, chunk):
        with new_place() as place:
            answer = place.load(content, "--json", "--chunk-size", chunk, *options)
            fine(answer)
            assert answer.code in (0, 1, 3), answer.said
            assert answer.code != 3 or "--strict" in options
            assert not place.staging()
            if answer.code:
                assert answer.err.count("\n") == 1, answer.err
                assert "t" not in place.tables()
            if answer.out:
                read, loaded, rejected = place.account()
                assert read == loaded + rejected
                assert rejected == sum(column is None for _, _, column, _, _ in place.rejects())
                assert answer.summary["cells_blanked"] == sum(
                    column is not None for _, _, column, _, _ in place.rejects()
                )
            if answer.code == 0:
                assert len(place.rows()) == loaded

    (deep(2000) if how == "deep" else settings(QUICK, max_examples=120))(law)()


# ---- records: two ways, one definition ----


@st.composite
def dialects(draw):
    delimiter = draw(st.sampled_from([",", ";", "\t", "|", ""]))
    quote = draw(st.sampled_from(['"', "'", ""]))
    escape = draw(st.sampled_from(["", "", "\\"]))
    return Dialect(delimiter, quote, escape, draw(st.sampled_from(["lf", "cr"])))


PARTS = [
    b"a", b"1", b",", b";", b'"', b'""', b"'", b"\n", b"\r\n", b"\r", b"\\", b" ", b"\t", b"|", b"\x00", b'\n"', b'",',
    b',"', b'"\n', "é".encode(),
]  # fmt: skip
BYTES = st.lists(st.sampled_from(PARTS), max_size=40).map(b"".join)


def one_after_another(data, dialect):
    """The records by record_end alone: (start, end, line), blank ones left out."""
    position, line, found = 0, 0, []
    while position < len(data):
        end = record_end(data, position, dialect, final=True)
        stop = end
        while stop > position and data[stop - 1 : stop] == b"\r":  # so is CR CR LF
            stop -= 1
        if stop > position:
            found.append((position, stop, line))
        passed = data[position : end + 1]
        line += passed.count(b"\n")
        if dialect.newline == "cr":
            line += passed.count(b"\r") - passed.count(b"\r\n")
            line -= passed.endswith(b"\r") and data[end + 1 : end + 2] == b"\n"
        position = end + 1
    return found


def test_records_found_all_at_once_are_those_found_one_after_another(how):
    @given(BYTES, dialects())
    def law(data, dialect):
        found = find_records(data, dialect, final=True)
        triples = list(zip(found.starts.tolist(), found.ends.tolist(), found.lines.tolist(), strict=True))
        assert triples == one_after_another(data, dialect)

    (deep(20_000) if how == "deep" else settings(QUICK, max_examples=500))(law)()


def test_records_found_in_pieces_are_those_found_in_one(how):
    @given(BYTES, dialects(), st.integers(1, 12))
    def law(data, dialect, length):
        whole = find_records(data, dialect, final=True)
        position, line, found, want = 0, 0, [], length
        while position < len(data):
            piece = data[position : position + want]
            final = position + len(piece) >= len(data)
            part = find_records(piece, dialect, final=final)
            if not part.consumed and not final:
                want += length
                continue
            found += [
                (int(start) + position, int(end) + position, int(at) + line)
                for start, end, at in zip(part.starts, part.ends, part.lines, strict=True)
            ]
            position, line, want = position + part.consumed, line + part.line_count, length
        assert found == list(zip(whole.starts.tolist(), whole.ends.tolist(), whole.lines.tolist(), strict=True))

    (deep(20_000) if how == "deep" else settings(QUICK, max_examples=500))(law)()


def test_rows_read_by_the_fast_parser_are_those_read_one_by_one(how):
    @given(BYTES, dialects().filter(lambda dialect: dialect.delimiter), st.integers(1, 3))
    def law(data, dialect, width):
        records = find_records(data, dialect, final=True)
        layout = Layout(dialect, 0, 1, None, width)
        block = Block(Piece(1, 0, len(data), 1, 1, 0, len(records), 0, 0, 0), data, records)
        parsed = parse(block, layout, [f"c{place}" for place in range(width)])
        fields = [fields for _line, fields, _raw in each_record(data, dialect)]
        bad = {one.row_number for one in parsed.bad}
        for number, row in zip(parsed.frame.index, parsed.frame.itertuples(index=False), strict=True):
            written = fields[number - 1]
            assert written is not None, (data, dialect)
            assert list(row) == (written + [""] * width)[:width]
        assert bad.isdisjoint(parsed.frame.index)
        assert len(bad) + len(parsed.frame) == len(records)

    (deep(10_000) if how == "deep" else settings(QUICK, max_examples=300))(law)()


def test_what_csv_writes_of_one_record_is_read_back_alone(how):
    @given(st.lists(CELLS, min_size=2, max_size=4), writings())
    def law(cells, writing):
        out = io.StringIO()
        csv.writer(out, **writing | {"quoting": csv.QUOTE_ALL, "lineterminator": ""}).writerow(cells)
        assert read_record(out.getvalue().encode(), Dialect(writing["delimiter"], writing["quotechar"])) == cells

    check(how, law)


# ---- cleaning ----


def parsed_of(texts):
    frame = pd.DataFrame({"a": pd.array(texts, dtype=TEXT), "b": pd.array(texts[::-1], dtype=TEXT)})
    frame.index = pd.RangeIndex(1, len(texts) + 1)
    places = np.arange(len(texts))
    return Parsed(frame, places + 2, np.zeros(len(texts), dtype=np.int8), places, places, b"", [], places < 0)


def field_of(*, decimal_mark, **others):
    return Field(decimal_mark=decimal_mark, group_mark="." if decimal_mark == "," else ",", **others)


FIELDS = st.builds(
    field_of,
    name=st.just("a"),
    original=st.just("A"),
    type=st.sampled_from(TYPES),
    declared=st.booleans(),
    decimal_mark=st.sampled_from(".,"),
    date_order=st.sampled_from(["", "day", "month"]),
    zoned=st.booleans(),
    percent=st.booleans(),
    currency=st.sampled_from(["", "$", "€"]),
)
CLEANINGS = st.sampled_from(
    [Cleaning(), Cleaning(verbatim=True), Cleaning(null_tokens=("x",)), Cleaning(fill_missing=True)]
)


def test_cleaning_leaves_its_input_alone_and_its_types_depend_on_the_schema_only(how):
    @given(st.lists(MIXED, max_size=12), FIELDS, FIELDS, CLEANINGS)
    def law(texts, one, other, cleaning):
        if cleaning.verbatim:
            one, other = (Field(column.name, column.original) for column in (one, other))
        schema = Schema((one, Field(**{**vars(other), "name": "b"})))
        parsed = parsed_of(texts)
        before = parsed.frame.copy(deep=True)
        cleaned = clean(parsed, schema, cleaning)
        pd.testing.assert_frame_equal(parsed.frame, before)
        assert cleaned.rows.dtypes.tolist() == clean(parsed_of([]), schema, cleaning).rows.dtypes.tolist()
        assert cleaned.rows.dtypes.tolist() == clean(parsed_of(["1"]), schema, cleaning).rows.dtypes.tolist()
        assert list(cleaned.rows.columns) == ["a", "b"]
        whole_rows = {reject.row_number for reject in cleaned.rejects if reject.column is None}
        assert len(cleaned.rows) + len(whole_rows) == len(texts)

    (deep(3000) if how == "deep" else settings(QUICK, max_examples=200))(law)()


def test_pieces_of_a_block_are_cleaned_as_the_whole(how):
    @given(st.lists(MIXED, min_size=2, max_size=12), FIELDS, st.data())
    def law(texts, column, data):
        schema = Schema((column,))
        cut = data.draw(st.integers(1, len(texts) - 1))
        whole = clean(parsed_of(texts), schema, Cleaning()).rows["a"].tolist()
        pieces = [clean(parsed_of(part), schema, Cleaning()).rows["a"].tolist() for part in (texts[:cut], texts[cut:])]
        assert json.dumps(whole, default=str) == json.dumps(pieces[0] + pieces[1], default=str)

    (deep(3000) if how == "deep" else settings(QUICK, max_examples=200))(law)()
