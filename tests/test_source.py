"""Bytes: what is opened and how, what is refused; and what the first of them say of the dialect."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tracemalloc
import zipfile

import pyarrow as pa
import pytest

from etl.layout import Wishes
from etl.problems import Refused
from etl.sniff import sniff
from etl.source import open_source
from etl.text_encoding import MIXED, decide_encoding, to_utf8

TABLE = "name,größe\nÅsa,1\nBjörn,2\n"
LONG = "name,value\n" + "".join(f"word{number * 7919 % 10007},{number}\n" for number in range(20_000))


def zipped(content, name="data.csv", **others):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
        for other, inside in others.items():
            archive.writestr(other.replace("__", "."), inside)
    return out.getvalue()


COMPRESS = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda data: pa.compress(data, "zstd", asbytes=True),
    "zip": zipped,
}


def opened(content, tmp_path, name="data.csv", encoding=None):
    path = tmp_path / name
    path.write_bytes(content)
    return open_source(str(path), encoding)


def text_of(source):
    with source.file:
        return to_utf8(source.read(source.start, source.size - source.start), source.encoding).decode()


@pytest.mark.parametrize("kind", COMPRESS)
@pytest.mark.parametrize("name", ["data.csv", "data.gz", "data"])
def test_compressed_files_are_known_by_their_bytes_whatever_their_name(kind, name, tmp_path):
    source = opened(COMPRESS[kind](TABLE.encode()), tmp_path, name)
    assert source.compression == kind
    assert text_of(source) == TABLE


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "zstd"])
def test_several_compressed_pieces_in_one_file_are_one_text(kind, tmp_path):
    pieces = COMPRESS[kind](TABLE.encode()) + COMPRESS[kind](b"Zoe,3\n")
    assert text_of(opened(pieces, tmp_path)) == TABLE + "Zoe,3\n"


@pytest.mark.parametrize("share", [0.3, 0.6, 0.99])
@pytest.mark.parametrize("kind", COMPRESS)
def test_a_cut_off_compressed_file_is_refused(kind, share, tmp_path):
    whole = COMPRESS[kind](LONG.encode())
    with pytest.raises(Refused, match="damaged or cut-off"):
        opened(whole[: int(len(whole) * share)], tmp_path)


@pytest.mark.parametrize("kind", ["gzip", "zstd", "zip"])
def test_a_file_that_unpacks_to_very_much_is_never_in_memory_as_a_whole(kind, tmp_path):
    content = COMPRESS[kind](b"1\n" * (16 << 20))
    tracemalloc.start()
    try:
        opened(content, tmp_path).close()
        assert tracemalloc.get_traced_memory()[1] < 12 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "zip"])
def test_a_compressed_file_with_a_wrong_byte_is_refused(kind, tmp_path):
    whole = bytearray(COMPRESS[kind](LONG.encode()))
    whole[len(whole) // 2] ^= 0x55
    with pytest.raises(Refused, match="damaged or cut-off"):
        opened(bytes(whole), tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"SQLite format 3\x00", "SQLite"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel"),
        (b"PAR1....", "Parquet"),
        (bytes(range(32)) * 40, "binary"),
        (zipped(TABLE, two__csv="a,b\n"), "2 files"),
        (zipped("<x/>", "[Content_Types].xml", xl__xml="x"), "spreadsheet"),
    ],
)
def test_what_is_no_table_is_refused_with_a_word_that_says_why(content, said, tmp_path):
    with pytest.raises(Refused, match=said):
        opened(content, tmp_path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(Refused, match="doesn't exist"):
        open_source(str(tmp_path / "nothing.csv"))
    with pytest.raises(Refused, match="folder"):
        open_source(str(tmp_path))


def test_a_macintosh_zip_is_the_one_file_in_it(tmp_path):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("folder/", "")
        out.writestr("folder/data.csv", TABLE)
        out.writestr("__MACOSX/folder/._data.csv", b"\x00\x05")
    assert text_of(opened(archive.getvalue(), tmp_path)) == TABLE


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (TABLE.encode(), TABLE),
        (TABLE.encode("utf-8-sig"), TABLE),
        (TABLE.encode("utf-16"), TABLE),
        (b"\xfe\xff" + TABLE.encode("utf-16-be"), TABLE),
        (TABLE.encode("utf-16-le"), TABLE),
        (TABLE.encode("utf-16-be"), TABLE),
        (TABLE.encode("utf-32"), TABLE),
        (TABLE.encode("utf-32-le"), TABLE),
        ("имя,число\nАнна,1\nБорис,2\n".encode("utf-16-le"), "имя,число\nАнна,1\nБорис,2\n"),
    ],
)
def test_unicode_is_read_with_and_without_its_mark(content, text, tmp_path):
    assert text_of(opened(content, tmp_path)) == text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("latin-1", "a,b\né,1\n"),
        ("cp1250", "a,b\nŁódź,1\n"),
        ("cp1251", "a,b\nАнна,1\n"),
        ("shift_jis", "a,b\n東京,1\n"),
        ("mac-roman", "a,b\né,1\n"),
        ("utf-16", "a,b\né,1\n"),
        ("cp037", "a,b\nx,1\n"),
    ],
)
def test_an_encoding_that_was_told_is_believed(encoding, text, tmp_path):
    assert text_of(opened(text.encode(encoding), tmp_path, encoding=encoding)) == text


def test_bytes_against_the_told_encoding_are_refused(tmp_path):
    with pytest.raises(Refused, match="--encoding"):
        opened("a,b\n東京,1\n".encode() + b"\xff\xff", tmp_path, encoding="shift_jis")


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("a\né\nü\n".encode("cp1252"), "cp1252"),
        ("a\né\nü\n".encode() + b"x\xe9y\n", MIXED),
        ("a\ré\rü\r".encode() + b"x\xe9y\r", MIXED),
        ("a\né\n".encode() + b"x\xe9y\nz\xfc\n", "cp1252"),
        (b"a\n" * 700_000 + b"x\xe9y\n", "cp1252"),
    ],
)
def test_the_whole_file_decides_between_cp1252_and_a_few_stray_bytes(content, encoding, tmp_path):
    source = opened(content, tmp_path)
    with source.file:
        assert decide_encoding(source.pieces()) == encoding


@pytest.mark.parametrize(
    ("data", "encoding", "text"),
    [
        (b"\x80 \x93x\x94", "cp1252", "€ “x”"),
        (b"\x81\x8d", "cp1252", "\x81\x8d"),
        ("é\n".encode() + b"\xe9\n", MIXED, "é\né\n"),
        ("é\r".encode() + b"\xe9\r", MIXED, "é\ré\r"),
    ],
)
def test_bytes_that_are_not_utf8_become_what_windows_means(data, encoding, text):
    assert to_utf8(data, encoding).decode() == text


def test_a_source_can_be_read_again_at_any_offset(tmp_path):
    source = opened(gzip.compress(LONG.encode()), tmp_path)
    with source.file:
        assert source.read(5, 10) == LONG.encode()[5:15]
        assert source.read(0, 4) == b"name"
        assert source.read(source.size - 3, 100) == LONG.encode()[-3:]


@pytest.mark.parametrize(
    ("name", "stem"), [("a.csv", "a"), ("a.csv.gz", "a"), (".hidden", ".hidden"), ("Ä b.tsv", "Ä b"), ("x", "x")]
)
def test_a_table_is_named_after_its_file(name, stem, tmp_path):
    source = opened(b"a\n", tmp_path, name)
    with source.file:
        assert source.stem() == stem


# ---- the dialect ----


def sniffed(text, **wishes):
    return sniff(text.encode(), Wishes(**wishes), complete=True)


@pytest.mark.parametrize(
    ("text", "delimiter", "header", "width"),
    [
        ("a,b,c\n1,2,3\n", ",", ("a", "b", "c"), 3),
        ("a;b;c\n1,5;2;3\n", ";", ("a", "b", "c"), 3),
        ("a\tb\n1,5\t2;3\n", "\t", ("a", "b"), 2),
        ("a|b\n1|2\n", "|", ("a", "b"), 2),
        ("a b\n1 2\n3 4\n5 6\n", " ", ("a", "b"), 2),
        ("name   value\nx      1\ny      2\nz      3\n", " ", ("name", "value"), 2),
        ("name\nAnna, Miller\nBob; Smith\nCarl\n", "", ("name",), 1),
        ("city\nNew York\nLos Angeles\nChicago\n", "", ("city",), 1),
        ("sep=;\na;b\n1;2\n", ";", ("a", "b"), 2),
        ('"sep=|"\na|b\n1|2\n', "|", ("a", "b"), 2),
        ('text,other\n"a;b;c",1\n"d;e;f",2\n', ",", ("text", "other"), 2),
        ("name;price\nx;1,50\ny;2,75\n", ";", ("name", "price"), 2),
        ("a,b\n", ",", ("a", "b"), 2),
        ("a\n", "", ("a",), 1),
        # a few rows of another width don't turn two columns into one
        ("id,a\n" + "1,1\n2,2\n3,3\n4,4\n5,5\n6,6\n7,7\n8,8\n9,9\n10,10,x\n" * 10, ",", ("id", "a"), 2),
        ("id,a\n" + "1,1\n2,2\n3,3\n4,4\n5,5\n6,6\n7,7\n8,8\n9,9\n10\n" * 10, ",", ("id", "a"), 2),
    ],
)
def test_the_delimiter_is_the_one_under_which_the_rows_agree(text, delimiter, header, width):
    layout = sniffed(text)
    assert (layout.dialect.delimiter, layout.header, layout.width) == (delimiter, header, width)


@pytest.mark.parametrize(
    ("text", "quote", "escape"),
    [
        ('a,b\n"x, y",1\n', '"', ""),
        ("a,b\n'x, y',1\n'z',2\n", "'", ""),
        ('a,b\n"x \\"y\\", z",1\n"z",2\n', '"', "\\"),
        ('a,b\n"x ""y"", z",1\n"z",2\n', '"', ""),
        ("a,b\nx\\, y,1\nz,2\n", '"', "\\"),
        ("a,b\nO'Neill,1\nD'Arcy,2\n", '"', ""),
    ],
)
def test_the_quotes_are_those_under_which_the_rows_agree(text, quote, escape):
    layout = sniffed(text)
    assert (layout.dialect.quote, layout.dialect.escape) == (quote, escape)


@pytest.mark.parametrize(
    ("text", "header", "line"),
    [
        ("name,age\nAnna,1\nBob,2\n", ("name", "age"), 2),
        ("Anna,1\nBob,2\nCarl,3\n", None, 1),
        ("1,2\n3,4\n", None, 1),
        ("country,2019,2020\nChad,1,2\nMali,3,4\n", ("country", "2019", "2020"), 2),
        ("# a comment\n# another\nname,age\nAnna,1\n", ("name", "age"), 4),
        ("Sales of 2024\n\nname,age,town\nAnna,1,Bern\nBob,2,Ulm\n", ("name", "age", "town"), 4),
        ('"two\nlines",b\n1,2\n', ("two\nlines", "b"), 3),
        # the first row of values is no second line of the header
        ("name,zip\nAnna,02134\nBob,10001\nCarl,90210\n", ("name", "zip"), 2),
        ("name,score\nAnna,absent\nBob,31\nCarl,32\nDora,33\n", ("name", "score"), 2),
        ("name,score,day\nAnna,A17,x1\nBob,31,2024-01-31\nCarl,32,2024-01-31\n", ("name", "score", "day"), 2),
    ],
)
def test_the_header_is_the_row_that_differs_from_those_below(text, header, line):
    layout = sniffed(text)
    assert (layout.header, layout.line) == (header, line)


@pytest.mark.parametrize(
    ("text", "wish", "header"), [("1,2\n3,4\n", "yes", ("1", "2")), ("name,age\nAnna,1\n", "no", None)]
)
def test_the_user_may_say_whether_there_is_a_header(text, wish, header):
    assert sniffed(text, header=wish).header == header


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=; "])
def test_a_line_that_names_the_delimiter_is_believed_whatever_ends_it(line, end):
    layout = sniff(end.join([line, "a,b;c", "1,2;3", ""]).encode(), Wishes(), complete=True)
    assert (layout.dialect.delimiter, layout.header, layout.line) == (";", ("a,b", "c"), 3)


def test_a_delimiter_behind_every_row_begins_no_column():
    layout = sniffed("a,b,\n1,2,\n3,4,\n")
    assert (layout.width, layout.trailing, layout.header) == (2, True, ("a", "b"))


@pytest.mark.parametrize(("text", "newline"), [("a\nb\n", "lf"), ("a\r\nb\r\n", "lf"), ("a\rb\r", "cr")])
def test_line_ends_are_found_out(text, newline):
    assert sniffed(text).dialect.newline == newline
