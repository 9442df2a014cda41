"""A source cut into blocks: ranges of bytes that begin and end at record boundaries, with their place in the file."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from etl import stopping
from etl.fields import MAX_FIELD
from etl.layout import Layout
from etl.problems import Contradicted, Interrupted
from etl.records import Records, find_records
from etl.source import Source
from etl.text_encoding import to_utf8

# A block is at most this long, however many rows are asked for: memory is a few blocks.
BLOCK_BYTES = 4 << 20
MOST_BYTES = MAX_FIELD * 4
# A neighbouring record further away than this is not looked at.
NEAR = 1 << 16


@dataclass(frozen=True)
class Piece:
    """Where a block lies, and what can be said of it without its bytes.

    offset, length: in the source's bytes. first_row: number of its first record in the file, from 1; first_line: of its
    first physical line. rows, lines: how many of each it has. headers_skipped: header lines that came again.
    before, last: offsets of the record before the first one, and of the last one; its own where there is none.
    """

    number: int
    offset: int
    length: int
    first_row: int
    first_line: int
    checksum: int
    rows: int
    lines: int
    before: int
    last: int
    headers_skipped: int = 0

    @property
    def next_offset(self) -> int:
        return self.offset + self.length


@dataclass
class Block:
    """One range of the source. data: its text in UTF-8; records: those in `data`, lines counted from its first.

    before, behind: the neighbouring records, so that what becomes of a row doesn't depend on where blocks end; empty
    where there is none near. apart: a blank line stands between the one before and the first one.
    """

    piece: Piece
    data: bytes
    records: Records
    before: bytes = b""
    apart: bool = False
    behind: bytes = b""


@dataclass(frozen=True)
class Place:
    """Where the next block begins."""

    number: int
    offset: int
    first_row: int
    first_line: int
    before: int


def start_of(layout: Layout, source: Source) -> Place:
    offset = source.start + layout.offset
    return Place(1, offset, 1, layout.line, offset)


def place_behind(piece: Piece) -> Place:
    """Where the block behind a piece begins."""
    return Place(
        piece.number + 1, piece.next_offset, piece.first_row + piece.rows, piece.first_line + piece.lines, piece.last
    )


def cut(source: Source, layout: Layout, place: Place, rows: int, end: int | None = None) -> Iterator[Block]:
    """The blocks from `place` to `end` (where a record ends; None: of the source), each of at most `rows` records.

    Raises Contradicted("encoding").
    """
    guess = _bytes_for(rows)
    end = source.size if end is None else end
    while place.offset < end:
        stopping.check()
        block = _next_block(source, layout, place, rows, guess, end)
        piece = block.piece
        if piece.rows >= rows:  # read a little more than that the next time, not much more
            guess = min(BLOCK_BYTES, piece.length + (piece.length >> 3) + 4096)
        else:
            guess = min(BLOCK_BYTES, guess * 4)
        yield block
        place = place_behind(piece)


def _bytes_for(rows: int) -> int:
    return max(4096, min(BLOCK_BYTES, rows * 256))


def _next_block(source: Source, layout: Layout, place: Place, rows: int, length: int, end: int) -> Block:
    while True:
        wanted = min(length, end - place.offset)
        data = source.read(place.offset, wanted)
        if len(data) < wanted:
            raise Interrupted(f"{source.name} has become shorter while it was read")
        final = place.offset + len(data) >= end
        # Line ends, delimiters and quotes are the same bytes in every encoding that comes here.
        found = find_records(data, layout.dialect, final=final)
        if len(found) or final or length >= MOST_BYTES or found.consumed:
            break
        length *= 4
    kept, again = _counted(data, found, layout, layout.header_bytes)
    kept = kept.first(rows)
    raw = data[: kept.consumed]
    headers = int((again < kept.consumed).sum())
    last = place.offset + int(kept.starts[-1]) if len(kept) else place.before
    try:
        text = to_utf8(raw, source.encoding)
    except UnicodeDecodeError as error:
        raise Contradicted("encoding", f"byte {place.offset + error.start} is not UTF-8") from error
    if len(text) != len(raw):  # records lie elsewhere where the text in UTF-8 is longer than its bytes were
        kept = _rows_in(text, source, layout)
    piece = Piece(
        place.number, place.offset, len(raw), place.first_row, place.first_line, zlib.crc32(raw), len(kept),
        kept.line_count, place.before, last, headers,
    )  # fmt: skip
    return Block(piece, text, kept, *_before(source, piece), _behind(source, layout, piece))


def reread_block(source: Source, layout: Layout, piece: Piece) -> Block:
    """The block at a place that is known already. Raises Interrupted when its bytes are not the same any more."""
    text = _text_of(source, piece)
    kept = _rows_in(text, source, layout)
    return Block(piece, text, kept, *_before(source, piece), _behind(source, layout, piece))


def without_text(block: Block) -> Block:
    """The block without its bytes: whoever it is sent to reads those again, which is quicker than to send them."""
    return replace(block, data=b"")


def with_text(source: Source, block: Block) -> Block:
    """A block that was sent without its bytes. Raises Interrupted when they are not the same any more."""
    return replace(block, data=_text_of(source, block.piece))


def _text_of(source: Source, piece: Piece) -> bytes:
    raw = source.read(piece.offset, piece.length)
    if zlib.crc32(raw) != piece.checksum:
        raise Interrupted(f"{source.name} has changed since it was cut into blocks, or is another file here")
    return to_utf8(raw, source.encoding)


def _before(source: Source, piece: Piece) -> tuple[bytes, bool]:
    """The record before a block's first one, and whether a blank line stands between them."""
    length = piece.offset - piece.before
    if not 0 < length <= NEAR:
        return b"", False
    text = to_utf8(source.read(piece.before, length), source.encoding)
    record = text.rstrip(b"\r\n")
    between = text[len(record) :].replace(b"\r\n", b"\n")
    return record, len(between) > 1


def _behind(source: Source, layout: Layout, piece: Piece) -> bytes:
    """The record behind a block's last one."""
    window = source.read(piece.next_offset, NEAR)
    final = piece.next_offset + len(window) >= source.size
    kept, _again = _counted(window, find_records(window, layout.dialect, final=final), layout, layout.header_bytes)
    if not len(kept):
        return b""
    record = window[int(kept.starts[0]) : int(kept.ends[0])]
    try:
        return to_utf8(record, source.encoding)
    except UnicodeDecodeError as error:
        raise Contradicted("encoding", f"byte {piece.next_offset + error.start} is not UTF-8") from error


def _rows_in(text: bytes, source: Source, layout: Layout) -> Records:
    """The records of a block that count as rows. text: all of it, in UTF-8."""
    header = to_utf8(layout.header_bytes, source.encoding)
    return _counted(text, find_records(text, layout.dialect, final=True), layout, header)[0]


def _counted(data: bytes, found: Records, layout: Layout, header: bytes) -> tuple[Records, np.ndarray]:
    """The records that count as rows, and where those begin that are the header once more."""
    headers = _repeated_headers(data, found, header)
    skipped = headers | _blank_lines(data, found, layout)
    if not skipped.any():
        return found, found.starts[:0]
    kept = replace(found.pick(~skipped), consumed=found.consumed, line_count=found.line_count)
    return kept, found.starts[headers]


def _repeated_headers(data: bytes, found: Records, header: bytes) -> np.ndarray:
    """Which records are the header line once more, as in files that were put together."""
    again = np.zeros(len(found), dtype=bool)
    if header:
        for place in np.flatnonzero(found.ends - found.starts == len(header)).tolist():
            start = int(found.starts[place])
            again[place] = data[start : start + len(header)] == header
    return again


def _blank_lines(data: bytes, found: Records, layout: Layout) -> np.ndarray:
    """Which records are nothing but blanks; in a single column they are values."""
    blank = np.zeros(len(found), dtype=bool)
    if layout.width > 1 and len(found):
        first = np.frombuffer(data, dtype=np.uint8)[found.starts]
        marks = [ord(mark) for mark in " \t" if mark != layout.dialect.delimiter or layout.dialect.blanks]
        for place in np.flatnonzero(np.isin(first, marks)).tolist():
            record = data[int(found.starts[place]) : int(found.ends[place])]
            blank[place] = not record.strip(b" " if layout.dialect.delimiter == "\t" else b" \t")
    return blank
