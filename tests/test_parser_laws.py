"""Laws of what reads: whatever the bytes, the source, the dialect and the values are something or are refused."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import closing
from dataclasses import replace
from decimal import Decimal

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from pollution import polluted

from etl import rules
from etl.blocks import cut, start_of
from etl.layout import Wishes
from etl.parse import parse
from etl.problems import Contradicted, Refused
from etl.sniff import DELIMITERS, sniff
from etl.source import open_source
from etl.table_schema import TYPES, Field
from etl.text_encoding import MIXED, decide_encoding, to_utf8

SEARCHING = os.environ.get("LAWS") == "search"
LAW = settings(
    max_examples=5_000 if SEARCHING else 150, derandomize=not SEARCHING, deadline=None, database=None, print_blob=True
)
MANY = settings(LAW, max_examples=20_000 if SEARCHING else 500)

MARKS = [bytes([code]) for code in b"ab12,;\t|\"'\\\n\r #=.$%()-:\x00\x1f\xe9\xff"]
PARTS = st.sampled_from(
    [*MARKS, b"sep=;", b"\r\n", b'""', b'",', b"\n\n", b"  ",
     b"\xc3\xa9", b"\xef\xbb\xbf", b"\xff\xfe", b"\xe2\x80\xa8",
     b"2024-01-31", b"007", b"yes"]
)  # fmt: skip
ANYTHING = st.one_of(
    st.binary(max_size=300), st.lists(PARTS, max_size=80).map(b"".join), st.integers(0, 2**31).map(polluted)
)
CODECS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "shift_jis", "cp037", "utf-7")


def source_of(data, told=None):
    """A source of these bytes, or why there can be none."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            return open_source(file.name, told)
        except Refused as refused:
            return refused


# ---- the source ----


@LAW
@given(ANYTHING, st.sampled_from([None, None, None, *CODECS]))
def test_any_bytes_are_a_source_of_text_or_refused(data, told):
    source = source_of(data, told)
    if isinstance(source, Refused):
        assert str(source).count("\n") == 0
        return
    with closing(source):
        text = source.read(0, source.size)
        assert len(text) == source.size
        assert 0 <= source.start <= source.size
        if source.told and source.encoding == "utf-8" and source.original != "utf-8":
            text.decode()  # it was told to be something else, and is UTF-8 now
        encoding = decide_encoding(source.pieces())
        to_utf8(text, encoding).decode()


@LAW
@given(st.text(max_size=60), st.sampled_from(CODECS))
def test_text_in_a_told_encoding_is_read_as_it_was(text, encoding):
    data = text.encode(encoding, "ignore")
    text = data.decode(encoding)
    source = source_of(data, encoding)
    if isinstance(source, Refused):
        assert not data or any(why in str(source) for why in ("CSV", "binary", "empty"))
        return
    with closing(source):
        try:
            read = to_utf8(source.read(source.start, source.size), source.encoding).decode()
        except UnicodeDecodeError:
            assert encoding in ("utf-8", "utf-8-sig")  # surrogates
            return
        assert read == text


@MANY
@given(st.binary(max_size=60))
@example(b"\xe9\n\xc3\xa9")
def test_bytes_that_are_not_utf8_lose_nothing(data):
    assert to_utf8(data, "cp1252").decode().encode("utf-8") == to_utf8(data, "cp1252")
    assert len(to_utf8(data, "cp1252").decode()) == len(data)
    mixed = to_utf8(data, MIXED).decode()
    for line, was in zip(re.split("[\r\n]", mixed), re.split(b"[\r\n]", data), strict=True):
        assert line.encode() == was or len(line) == len(was)


# ---- the dialect ----

WISHES = st.builds(
    Wishes,
    delimiter=st.sampled_from([None, None, None, ",", ";", "\t", "|", " ", "a"]),
    quote=st.sampled_from([None, None, None, '"', "'", ""]),
    header=st.sampled_from(["auto", "auto", "yes", "no"]),
)


@MANY
@given(ANYTHING.filter(bool), WISHES, st.booleans())
def test_any_text_has_one_layout_under_which_all_of_it_is_read(data, wishes, complete):
    text = to_utf8(data, MIXED)
    layout = sniff(text, wishes, complete=complete)
    assert layout == sniff(text, wishes, complete=complete)
    assert 0 <= layout.offset <= len(text)
    assert layout.line >= 1
    assert layout.width >= 1
    assert (
        layout.dialect.delimiter in (*DELIMITERS, " ", "")
        or layout.dialect.delimiter == wishes.delimiter
        or b"sep=" in text.lower()
    )
    assert wishes.quote is None or layout.dialect.quote == wishes.quote
    assert layout.header is None or (len(layout.header) >= layout.width and wishes.header != "no")


@LAW
@given(ANYTHING.filter(bool), st.integers(1, 7))
def test_blocks_of_any_text_are_all_of_it_and_every_record_is_a_row_or_bad(data, rows):
    text = to_utf8(data, MIXED)
    assume(not text.startswith(b"\xef\xbb\xbf"))  # which is not among what is cut
    layout = sniff(text, Wishes(), complete=True)
    if layout.header is not None:
        layout = replace(layout, width=len(layout.header))  # as the plan has it
    source = source_of(text, "utf-8")
    if isinstance(source, Refused):
        return
    names = [f"c{place}" for place in range(layout.width)]
    end = layout.offset
    with closing(source):
        try:
            for block in cut(source, layout, start_of(layout, source), rows):
                assert block.piece.offset == end
                assert block.piece.length > 0
                assert block.piece.rows <= rows
                end = block.piece.next_offset
                parsed = parse(block, layout, names)
                assert len(parsed.frame) + len(parsed.bad) == block.piece.rows
        except Contradicted as contradiction:
            assert contradiction.subject == "trailing"
        else:
            assert end == len(text)


# ---- values ----

DIGITS = st.text("0123456789", min_size=1, max_size=12) | st.integers(300, 5_000).map("7".__mul__)
AROUND = st.sampled_from([*",.-+()$€%eE:/ '’T−", "Jan", "PM", "Z", "+02:00", "e999", "\N{NO-BREAK SPACE}"])
WRITTEN = st.lists(DIGITS | AROUND, min_size=1, max_size=8).map("".join)
TEXTS = st.one_of(WRITTEN, st.text(min_size=1, max_size=30)).map(str.strip).filter(bool)
FIELDS = st.builds(
    Field,
    name=st.just("a"), original=st.just("a"), type=st.sampled_from(TYPES), declared=st.booleans(),
    decimal_mark=st.sampled_from(".,"), group_mark=st.sampled_from(",. '"), percent=st.booleans(),
    date_order=st.sampled_from(["", "day", "month"]), zoned=st.booleans(), currency=st.sampled_from(["", "$", "€"]),
)  # fmt: skip


@MANY
@given(TEXTS, FIELDS)
@example("7" * 400, Field("a", "a", "integer"))
@example("7" * 5_000, Field("a", "a", "decimal"))
@example("1e400", Field("a", "a", "number", declared=True))
def test_any_value_looks_like_something_and_is_read_or_not(text, field):
    look = rules.look(text)
    assert look.kind in ("missing", "number", "moment", "bad_date", "flag", "word", "other")
    rules.is_noise(text)
    value = rules.read(text, field)
    if value is None:
        return
    if field.type == "integer":
        assert -(2**63) <= value < 2**63
    if field.type == "number":
        assert value - value == 0  # neither infinite nor NaN
    if field.type == "decimal":
        assert Decimal(value).is_finite()
