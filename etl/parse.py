"""Block -> frame of the file's own text; records that don't fit the table's width are repaired or set aside."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from etl.blocks import Block
from etl.dialect import BACKSLASH, Dialect
from etl.fields import read_record
from etl.layout import Layout
from etl.problems import Contradicted
from etl.records import Records, find_quotes

TEXT = pd.ArrowDtype(pa.string())
NO_DELIMITER = "\x1f"  # pandas wants one; blocks that hold it are read record by record

# How a record was made to fit.
WHOLE, LONG, SHORT, SINGLE = 0, 1, 2, 3


@dataclass
class Bad:
    """A record that is no row of the table."""

    row_number: int
    line: int
    raw: str
    reason: str


@dataclass
class Parsed:
    """The rows of a block as they are written.

    frame: n rows, one text column per field, index = record number in the file. lines: their physical lines.
    repaired: how each was made to fit (WHOLE, LONG, SHORT, SINGLE). bad: the records that are no rows. apart: those
    with a blank line before them.
    """

    frame: pd.DataFrame
    lines: np.ndarray
    repaired: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    data: bytes
    bad: list[Bad]
    apart: np.ndarray

    def raw(self, place: int) -> str:
        """The row's own text, as it stands in the file."""
        return self.data[int(self.starts[place]) : int(self.ends[place])].decode()


def parse(block: Block, layout: Layout, names: Sequence[str]) -> Parsed:
    """Read one block. names: of the `layout.width` columns. Raises Contradicted("trailing")."""
    records = block.records
    numbers = np.arange(block.piece.first_row, block.piece.first_row + len(records))
    lines = records.lines + block.piece.first_line
    fits = _fitting(block.data, records, layout)
    frame = _read_fast(block.data, records, fits, layout)
    if frame is None:
        fits = np.zeros(len(records), dtype=bool)
        frame = _frame([], layout.width + layout.trailing)
    repaired = np.full(len(records), WHOLE, dtype=np.int8)
    apart = _gap_before(records)
    apart[:1] = block.apart
    bad: list[Bad] = []
    if not fits.all():
        frame, kept, bad = _read_slowly(block, layout, fits, frame, repaired, numbers, lines)
        numbers, lines, repaired, apart = numbers[kept], lines[kept], repaired[kept], apart[kept]
        records = records.pick(kept)
    if layout.trailing:
        frame = _without_trailing(frame, lines)
    frame.columns = pd.Index(names)
    frame.index = pd.Index(numbers)
    return Parsed(frame, lines, repaired, records.starts, records.ends, block.data, bad, apart)


def _without_trailing(frame: pd.DataFrame, lines: np.ndarray) -> pd.DataFrame:
    last = frame.iloc[:, -1].str.strip()
    filled = np.flatnonzero((last != "").to_numpy())
    if len(filled):
        raise Contradicted("trailing", f"{last.iloc[filled[0]]!r} behind the last delimiter of line {lines[filled[0]]}")
    return frame.iloc[:, :-1]


# ---- the fast way ----


def _fitting(data: bytes, records: Records, layout: Layout) -> np.ndarray:
    """Which records pandas will read rightly: ordinary quotes, and as many fields as the table."""
    dialect, delimiters = layout.dialect, layout.width + layout.trailing - 1
    if dialect.blanks or (not dialect.delimiter and NO_DELIMITER.encode() in data):
        return np.zeros(len(records), dtype=bool)
    if dialect.escape and len(records):  # one that ends with it escapes nothing
        _mark_dangling_escapes(data, records)
    if not dialect.delimiter:
        return ~records.odd
    quoted = bool(dialect.quote) and dialect.quote.encode() in data
    if not quoted and not records.odd.any() and _count(data, dialect.delimiter) == delimiters * len(records):
        # Rows could still make up for one another; pandas refuses longer ones, but not where they come first.
        first = data[int(records.starts[0]) : int(records.ends[0])] if len(records) else b""
        if first.count(dialect.delimiter.encode()) == delimiters:
            return np.ones(len(records), dtype=bool)
    return ~records.odd & (count_delimiters(data, records, dialect) == delimiters)


def _mark_dangling_escapes(data: bytes, records: Records) -> None:
    last = np.frombuffer(data, dtype=np.uint8)[records.ends - 1]
    records.odd |= last == BACKSLASH


def count_delimiters(data: bytes, records: Records, dialect: Dialect) -> np.ndarray:
    """Delimiters outside quotes in each record; meaningless for odd ones."""
    array = np.frombuffer(data, dtype=np.uint8)
    delimiters = np.flatnonzero(array == ord(dialect.delimiter))
    if dialect.quote and dialect.quote.encode() in data:
        quotes = find_quotes(array, dialect)
        inside = _counts_before(delimiters, quotes) % 2
        if records.odd.any():  # behind one of these, the counting of quotes began anew
            holder = np.maximum(np.searchsorted(records.starts, delimiters, side="right") - 1, 0)
            inside ^= (np.searchsorted(quotes, records.starts) % 2)[holder] if len(records) else 0
        delimiters = delimiters[inside == 0]
    return np.searchsorted(delimiters, records.ends) - np.searchsorted(delimiters, records.starts)


def _count(data: bytes, mark: str) -> int:
    return int(np.count_nonzero(np.frombuffer(data, dtype=np.uint8) == ord(mark)))


def _counts_before(places: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """How many of `marks` lie before each of `places`, both in order; there are more places than marks."""
    return np.cumsum(np.bincount(np.searchsorted(places, marks), minlength=len(places) + 1))[: len(places)]


def _read_fast(data: bytes, records: Records, fits: np.ndarray, layout: Layout) -> pd.DataFrame | None:
    """The fitting records by pandas' C parser; None when it finds other records than we did."""
    dialect, width = layout.dialect, layout.width + layout.trailing
    count = int(fits.sum())
    if count == 0:
        return _frame([], width)
    try:
        frame = pd.read_csv(
            io.BytesIO(_bytes_of(data, records, fits, dialect, alone=width == 1)),
            sep=dialect.delimiter or NO_DELIMITER,
            header=None,
            names=[str(place) for place in range(width)],
            index_col=False,
            dtype=TEXT,
            na_filter=False,
            quotechar=dialect.quote or '"',
            quoting=0 if dialect.quote else 3,
            doublequote=not dialect.escape,
            escapechar=dialect.escape or None,
            skip_blank_lines=width > 1,
            engine="c",
        )
    except (pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError):
        return None
    return frame if len(frame) == count else None


def _bytes_of(data: bytes, records: Records, fits: np.ndarray, dialect: Dialect, *, alone: bool) -> bytes:
    """The bytes of the fitting records; blank lines may remain between them unless a column stands alone."""
    if alone:
        spans = zip(records.starts[fits].tolist(), records.ends[fits].tolist(), strict=True)
        return b"\n".join(data[start:end] or b'""' for start, end in spans) + b"\n"
    # pandas stumbles over LF CR, a line end and a blank line where CR is a line end
    gap = _gap_before(records, 1 if dialect.newline == "cr" else 2)
    if fits.all() and not gap.any():
        return data[int(records.starts[0]) : int(records.ends[-1])]
    breaks = fits[1:] & ~fits[:-1] | (fits[1:] & gap[1:])
    begins = np.flatnonzero(np.concatenate(([fits[0]], breaks)))
    closes = np.flatnonzero(fits & np.concatenate((~fits[1:] | gap[1:], [True])))
    pieces = [
        data[start:end]
        for start, end in zip(records.starts[begins].tolist(), records.ends[closes].tolist(), strict=True)
    ]
    return b"\n".join(pieces) + b"\n"


def _gap_before(records: Records, line_end: int = 2) -> np.ndarray:
    """Whether more than a line end lies between a record and the one before it: a header or blanks left out."""
    gap = np.zeros(len(records), dtype=bool)
    gap[1:] = records.starts[1:] - records.ends[:-1] > line_end
    return gap


def _frame(rows: list[list[str]], width: int) -> pd.DataFrame:
    columns = list(zip(*rows, strict=True)) if rows else [()] * width
    return pd.DataFrame({str(place): pd.Series(list(column), dtype=TEXT) for place, column in enumerate(columns)})


# ---- record by record ----


def _read_slowly(
    block: Block,
    layout: Layout,
    fits: np.ndarray,
    fast: pd.DataFrame,
    repaired: np.ndarray,
    numbers: np.ndarray,
    lines: np.ndarray,
) -> tuple[pd.DataFrame, np.ndarray, list[Bad]]:
    """All rows in the file's order, which records they are, and the bad ones. Fills in `repaired`."""
    rest = np.flatnonzero(~fits)
    width = layout.width + layout.trailing
    read: list[list[str]] = []
    places: list[int] = []
    bad: list[Bad] = []
    raws = [block.data[int(block.records.starts[place]) : int(block.records.ends[place])] for place in rest.tolist()]
    fields = [_fields_of(raw, layout.dialect) for raw in raws]
    broken = _broken_in_two(block, layout, rest, fields, width)
    for order, (place, raw) in enumerate(zip(rest.tolist(), raws, strict=True)):
        fitted = (
            "a line end in the middle, or two rows that are too short"
            if order in broken
            else fit(fields[order], layout)
        )
        if isinstance(fitted, str):
            bad.append(Bad(int(numbers[place]), int(lines[place]), raw.decode(), fitted))
        else:
            read.append(fitted[0])
            repaired[place] = fitted[1]
            places.append(place)
    slow = _frame(read, width)
    kept = np.concatenate((np.flatnonzero(fits), np.array(places, dtype=np.int64)))
    order_of = np.argsort(kept, kind="stable")
    return pd.concat([fast, slow], ignore_index=True).take(order_of).reset_index(drop=True), kept[order_of], bad


def _fields_of(raw: bytes, dialect: Dialect) -> list[str] | None:
    fields = read_record(raw, dialect)
    if fields is not None and dialect.blanks and len(fields) > 1:
        # blanks at the beginning and at the end of a line delimit nothing
        fields = fields[fields[0] == "" :]
        fields = fields[:-1] if fields and fields[-1] == "" else fields
    return fields


def _broken_in_two(
    block: Block, layout: Layout, rest: np.ndarray, fields: list[list[str] | None], width: int
) -> set[int]:
    """Neighbouring records that make one row together: a line end stands where none should."""
    counts = {
        int(place): len(record) for place, record in zip(rest.tolist(), fields, strict=True) if record is not None
    }
    last = len(block.records) - 1
    # The neighbours in other blocks count too: what becomes of a row doesn't depend on where blocks end.
    if counts.get(0, width) < width:
        counts[-1] = len(_fields_of(block.before, layout.dialect) or [])
    if counts.get(last, width) < width:
        counts[last + 1] = len(_fields_of(block.behind, layout.dialect) or [])
    broken = set()
    for order, place in enumerate(rest.tolist()):
        mine = counts.get(place, width)
        if width > 2 and mine < width:
            others = (counts.get(place - 1, 0), counts.get(place + 1, 0))
            if any(0 < other < width and mine + other == width + 1 for other in others):
                broken.add(order)
    return broken


def fit(fields: list[str] | None, layout: Layout) -> tuple[list[str], int] | str:
    """The record with the table's width and how it was repaired; else the reason why that isn't certain."""
    width = layout.width + layout.trailing
    if fields is None:
        return "a quote that doesn't open and close a field"
    if len(fields) == width:
        return fields, WHOLE
    if len(fields) > width:
        if any(cell.strip() for cell in fields[width:]):
            return f"{len(fields)} fields where {layout.width} are expected"
        return fields[:width], LONG
    if len(fields) == layout.width:
        return [*fields, ""], WHOLE  # only the trailing delimiter is missing
    padded = fields + [""] * (width - len(fields))
    return padded, SINGLE if len(fields) == 1 else SHORT
