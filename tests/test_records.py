"""Where records begin and end, and what stands in them: the definition, case by case."""

from __future__ import annotations

import pytest

from etl.blocks import cut, start_of
from etl.dialect import Dialect
from etl.fields import read_record
from etl.layout import Layout
from etl.parse import parse
from etl.records import each_record, find_records
from etl.source import Source

PLAIN = Dialect()
SINGLE = Dialect(quote="'")
ESCAPED = Dialect(escape="\\")
UNQUOTED = Dialect(quote="")
MAC = Dialect(newline="cr")
ONE_COLUMN = Dialect(delimiter="")


def records(data, dialect=PLAIN, *, final=True):
    found = find_records(data, dialect, final=final)
    return [data[start:end] for start, end in zip(found.starts.tolist(), found.ends.tolist(), strict=True)]


@pytest.mark.parametrize(
    ("dialect", "data", "expected"),
    [
        (PLAIN, b"", []),
        (PLAIN, b"\n\n\r\n", []),
        (PLAIN, b"a,b\nc,d\n", [b"a,b", b"c,d"]),
        (PLAIN, b"a,b\nc,d", [b"a,b", b"c,d"]),
        (PLAIN, b"a,b\r\nc,d\r\n", [b"a,b", b"c,d"]),
        (PLAIN, b"a\n\n\nb\n", [b"a", b"b"]),
        (PLAIN, b'"a\nb",c\nd,e\n', [b'"a\nb",c', b"d,e"]),
        (PLAIN, b'"a\r\nb",c\r\nd\r\n', [b'"a\r\nb",c', b"d"]),
        (PLAIN, b'"a""\n""b",c\nd\n', [b'"a""\n""b",c', b"d"]),
        (PLAIN, b'x,"",y\nz\n', [b'x,"",y', b"z"]),
        # a quote inside a field is a character like any other
        (PLAIN, b'5" disk,b\n3" disk,c\nd,e\n', [b'5" disk,b', b'3" disk,c', b"d,e"]),
        # a quote that nothing closes costs its line
        (PLAIN, b'a,"b\nc,d\ne,f\n', [b'a,"b', b"c,d", b"e,f"]),
        (PLAIN, b'a,"b\nc,"d"\ne,f\n', [b'a,"b', b'c,"d"', b"e,f"]),
        (PLAIN, b'"a" b,c\nd,e\n', [b'"a" b,c', b"d,e"]),
        (PLAIN, b'"a" b,"c\nd"\ne\n', [b'"a" b,"c', b'd"', b"e"]),
        # an ordinary record behind a malformed one may span lines again
        (PLAIN, b'"a"x,1\n"b\nc",2\n', [b'"a"x,1', b'"b\nc",2']),
        (SINGLE, b"'a\nb',c\nd,\"e\n", [b"'a\nb',c", b'd,"e']),
        (SINGLE, b"O'Neill,b\nc,d\n", [b"O'Neill,b", b"c,d"]),
        (UNQUOTED, b'a,"b\nc",d\n', [b'a,"b', b'c",d']),
        (ESCAPED, b'"a\\"\nb",c\nd\n', [b'"a\\"\nb",c', b"d"]),
        (ESCAPED, b"a\\\nb,c\nd\n", [b"a\\\nb,c", b"d"]),
        (ESCAPED, b"a\\\\\nb\n", [b"a\\\\", b"b"]),
        (MAC, b"a,b\rc,d\r", [b"a,b", b"c,d"]),
        (MAC, b"a\r\nb\rc\n", [b"a", b"b", b"c"]),
        (MAC, b'"a\rb",c\rd\r', [b'"a\rb",c', b"d"]),
        (PLAIN, b"a\rb,c\nd,e\n", [b"a\rb,c", b"d,e"]),
        (PLAIN, b"a\x00b,c\nd,e\n", [b"a\x00b,c", b"d,e"]),
        (ONE_COLUMN, b'a,b\n"c\nd"\ne\n', [b"a,b", b'"c\nd"', b"e"]),
    ],
)
def test_a_record_ends_at_a_line_end_outside_quotes(dialect, data, expected):
    assert records(data, dialect) == expected


@pytest.mark.parametrize(
    ("dialect", "record", "fields"),
    [
        (PLAIN, b"a,b", ["a", "b"]),
        (PLAIN, b",", ["", ""]),
        (PLAIN, b'""', [""]),
        (PLAIN, b'"a,b",c', ["a,b", "c"]),
        (PLAIN, b'"a ""b"" c",""""', ['a "b" c', '"']),
        (PLAIN, b' "a" , "b"', ["a", "b"]),
        (PLAIN, b" a , b ", [" a ", " b "]),
        (PLAIN, b'5" disk,b"', ['5" disk', 'b"']),
        (PLAIN, b'"a" b,c', None),
        (PLAIN, b'a,"b', None),
        (PLAIN, b'a,"b" "c"', None),
        (PLAIN, b"a\\,b", ["a\\", "b"]),
        (PLAIN, b"a\x00b,c", ["a\x00b", "c"]),
        (SINGLE, b"'a,''b''',\"c\"", ["a,'b'", '"c"']),
        (UNQUOTED, b'"a,b"', ['"a', 'b"']),
        (ESCAPED, b'"a\\"b",c\\,d', ['a"b', "c,d"]),
        (ESCAPED, b'a\\\\,"\\\\"', ["a\\", "\\"]),
        (Dialect(delimiter="\t"), b"a\t\t b", ["a", "", " b"]),
        (Dialect(delimiter=" ", blanks=True), b'a   "b c" d', ["a", "b c", "d"]),
        (ONE_COLUMN, b"a,b;c", ["a,b;c"]),
        (PLAIN, "ä,北".encode(), ["ä", "北"]),
    ],
)
def test_the_fields_of_one_record(dialect, record, fields):
    assert read_record(record, dialect) == fields


@pytest.mark.parametrize(
    ("data", "complete"),
    [
        (b"a,b\nc,d", [b"a,b"]),
        (b'a,b\n"c\n', [b"a,b"]),
        (b'a,b\n"c"', [b"a,b"]),
        (b'a,b\n"c\nd', [b"a,b"]),
        (b"a,b", []),
        (b'"a\n', []),
    ],
)
def test_a_record_that_may_go_on_is_left_for_the_next_block(data, complete):
    assert records(data, final=False) == complete


def test_lines_are_physical_lines_also_behind_quoted_line_ends_and_blank_ones():
    data = b'a\n\n"b\nc"\n\r\nd\n'
    assert [line for line, _fields, _raw in each_record(data, PLAIN)] == [0, 2, 5]


def test_a_stray_quote_in_a_long_file_costs_its_own_line():
    lines = [f"{number},word {number}".encode() for number in range(20_000)]
    lines[9_000] = b'9000,"word'
    found = records(b"\n".join(lines) + b"\n")
    assert found == lines


def source_of(data, tmp_path):
    path = tmp_path / "source.csv"
    path.write_bytes(data)
    return Source("source.csv", str(path), path.open("rb"), 0, len(data), "utf-8", False, "utf-8")


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_blocks_cover_the_source_without_gap_or_overlap(rows, end, tmp_path):
    lines = [b'1,"a' + end + b'b"', b"", b"2,c", b"3,d", b'4,"', b"5,e", b"   ", b"6,f"]
    data = end.join(lines) + end
    dialect = Dialect(newline="cr" if end == b"\r" else "lf")
    layout = Layout(dialect, 0, 1, None, 2)
    source = source_of(data, tmp_path)
    blocks = list(cut(source, layout, start_of(layout, source), rows))
    source.close()
    assert [block.piece.offset for block in blocks] == [0, *(block.piece.next_offset for block in blocks[:-1])]
    assert blocks[-1].piece.next_offset == len(data)
    assert all(len(block.records) <= rows for block in blocks)
    where = [
        (block.piece.first_row + place, block.piece.first_line + int(line))
        for block in blocks
        for place, line in enumerate(block.records.lines)
    ]
    assert where == [(1, 1), (2, 4), (3, 5), (4, 6), (5, 7), (6, 9)]


@pytest.mark.parametrize(
    ("line", "row"),
    [
        (b"1,2,3", ("1", "2", "3")),
        (b"1,2,3,,", ("1", "2", "3")),
        (b"1,2", ("1", "2", "")),
        (b"1", ("1", "", "")),
    ],
)
def test_a_record_that_surely_fits_is_made_to_fit(line, row, tmp_path):
    assert parsed_rows(line, tmp_path) == ([row], [])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"1,2,3,4", "4 fields where 3 are expected"),
        (b'1,"2,3', "a quote that doesn't open and close a field"),
        (b'1,"2" x,3', "a quote that doesn't open and close a field"),
    ],
)
def test_a_record_that_does_not_fit_is_kept_raw_with_its_reason(line, reason, tmp_path):
    assert parsed_rows(line, tmp_path) == ([], [(1, 1, line.decode(), reason)])


def parsed_rows(data, tmp_path):
    layout = Layout(PLAIN, 0, 1, None, 3)
    source = source_of(data, tmp_path)
    [block] = cut(source, layout, start_of(layout, source), 10)
    source.close()
    parsed = parse(block, layout, ["a", "b", "c"])
    return (
        list(parsed.frame.itertuples(index=False, name=None)),
        [(bad.row_number, bad.line, bad.raw, bad.reason) for bad in parsed.bad],
    )
