"""Where the table begins in a file, and what its header says, once the dialect is known."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import dataclass, field

from etl.dialect import Dialect
from etl.rules import look

UNIT = re.compile(r"[\[(].*[\])]|%|[kcm]?m|[km]?g|°[CF]|[€$£]|km/h|m/s|k?W|hours?|min(utes)?|s(econds)?")
BODY_RECORDS = 200  # rows that a header is compared with


@dataclass(frozen=True)
class Layout:
    """How the table lies in the file.

    offset, line: where the first data record begins (bytes; physical lines from 1). header: the names as written,
    None where there is no header. width: fields of a record. trailing: every record ends with a delimiter that
    begins no field. header_bytes: the header's record in the file's own bytes, to be recognised when it comes again.
    notes: what was skipped and why, as sentences.
    """

    dialect: Dialect
    offset: int
    line: int
    header: tuple[str, ...] | None
    width: int
    trailing: bool = False
    header_bytes: bytes = b""
    notes: tuple[str, ...] = ()


@dataclass
class Wishes:
    """What the user said of the dialect; None is to be found out."""

    delimiter: str | None = None
    quote: str | None = None
    header: str = "auto"


@dataclass
class Row:
    """One record of the sample. fields: None where it is malformed. start: its offset behind a `sep=;` line."""

    line: int
    fields: list[str] | None
    raw: bytes
    start: int


@dataclass
class Reading:
    """The sample read under one dialect."""

    dialect: Dialect
    rows: list[Row] = field(default_factory=list)
    score: float = 0.0
    width: int = 1


def lay_out(reading: Reading, wishes: Wishes, skipped: int, head: bytes) -> Layout:
    """The layout under the dialect that was chosen. skipped: bytes of a `sep=;` line at the beginning of `head`."""
    notes = ["skipped the line that names the delimiter"] if skipped else []
    rows, above = _without_title(reading)
    if above:
        notes.append(f"skipped {above} title or comment line{'s' * (above > 1)} above the table")
    width = _width(rows, reading.width)
    first_line = 2 if skipped else 1
    if not rows:
        return Layout(reading.dialect, skipped, first_line, None, width, notes=tuple(notes))
    header_rows = _header_rows(rows, width, wishes)
    header = _merged([row.fields or [] for row in rows[:header_rows]]) if header_rows else None
    if header and header[0].startswith("#") and above:
        header[0] = header[0].lstrip("# ")
    trailing = _has_trailing(rows, header, width)
    width -= trailing
    if header is not None:
        header, more = _fitted(header, rows[header_rows:], width)
        notes += more
    if header_rows > 1:
        notes.append(f"the header is {header_rows} lines")
    end = _start_of_data(rows, header_rows, reading, head, skipped)
    return Layout(
        reading.dialect,
        end[0],
        end[1] + first_line,
        tuple(header) if header is not None else None,
        width,
        trailing,
        rows[0].raw if header_rows == 1 else b"",
        tuple(notes),
    )


def _start_of_data(rows: list[Row], header_rows: int, reading: Reading, head: bytes, skipped: int) -> tuple[int, int]:
    """Offset and line (from 0) of the first data record."""
    if header_rows == 0:
        return skipped + rows[0].start, rows[0].line
    last = rows[header_rows - 1]
    end = skipped + last.start + len(last.raw)
    line = last.line + _lines_in(last.raw, reading.dialect)
    for ending in (b"\r\n", b"\n", b"\r"):
        if head.startswith(ending, end):
            return end + len(ending), line + 1
    return end, line


def _lines_in(raw: bytes, dialect: Dialect) -> int:
    lone = raw.count(b"\r") - raw.count(b"\r\n") if dialect.newline == "cr" else 0
    return raw.count(b"\n") + lone


def _filled(row: Row) -> int:
    return sum(bool(cell.strip()) for cell in row.fields or [])


def _without_title(reading: Reading) -> tuple[list[Row], int]:
    """The rows from the table's first on, and how many lines of title and comment stood above."""
    rows, width = reading.rows, reading.width
    place = 0
    while place < len(rows) - 1 and _is_title(rows, place, width):
        place += 1
    if place == len(rows) - 1 and place and _is_title(rows, place, width):
        place = 0  # nothing but titles: a table after all
    return rows[place:], place


def _is_title(rows: list[Row], place: int, width: int) -> bool:
    row = rows[place]
    if row.fields is None:
        return False
    comment = row.raw.lstrip().startswith(b"#")
    if place + 1 == len(rows):
        return not comment and len(row.fields) < width
    if width == 1:
        return comment
    if comment:
        following = rows[place + 1]
        is_header = len(row.fields) == width and not _has_header_look(following) and not following.raw.startswith(b"#")
        return not is_header
    if len(row.fields) == width - 1 == 1:
        return _has_header_look(rows[place + 1]) and len(rows[place + 1].fields or []) == width
    if len(row.fields) in (width, width - 1):
        # a title that a spreadsheet padded to the table's width
        return width > 2 and _filled(row) <= 1 and _filled(rows[place + 1]) > 0 and _fuller_below(rows, place, width)
    return len(row.fields) < width


def _fuller_below(rows: list[Row], place: int, width: int) -> bool:
    below = [_filled(row) for row in rows[place + 1 : place + 6]]
    return _filled(rows[place]) == 0 or max(below, default=0) >= max(2, width - 1)


def _has_header_look(row: Row) -> bool:
    return row.fields is not None and all(_kind(cell) in ("word", "flag", "missing", "other") for cell in row.fields)


def _width(rows: list[Row], modal: int) -> int:
    """The commonest width of the rows below the first; the first one's where that is not rare."""
    widths = Counter(len(row.fields) for row in rows[1:] if row.fields is not None)
    first = len(rows[0].fields or []) if rows else 0
    if widths and widths[first] * 2 >= max(widths.values()):
        return first
    return max(widths, key=lambda w: (widths[w], w)) if widths else (len(rows[0].fields or [""]) if rows else modal)


def _kind(cell: str) -> str:
    text = cell.strip()
    return look(text).kind if text else "empty"


def _header_rows(rows: list[Row], width: int, wishes: Wishes) -> int:
    if wishes.header == "no" or rows[0].fields is None:
        return 0
    if wishes.header == "yes":
        return 1
    first = rows[0].fields
    body = [row.fields for row in rows[1 : BODY_RECORDS + 1] if row.fields is not None and len(row.fields) == width]
    if not _is_header(first, body):
        return 0
    if len(body) > 2 and _is_second_header(first, body):
        return 2
    return 1


def _is_header(first: list[str], body: list[list[str]]) -> bool:
    kinds = [_kind(cell) for cell in first]
    typed = [place for place, kind in enumerate(kinds) if kind in ("number", "moment")]
    if not typed:
        return not _first_row_repeats(first, body)
    if not body:
        return len(typed) * 2 <= len(first)
    if _counts_up(first, kinds):
        return True
    like_below = sum(_mostly(body, place) == kinds[place] for place in typed)
    words_over_numbers = sum(
        kinds[place] in ("word", "other") and _mostly(body, place) in ("number", "moment")
        for place in range(len(first))
    )
    return words_over_numbers > like_below


def _first_row_repeats(first: list[str], body: list[list[str]]) -> bool:
    """Whether the first row is a row like any other, flags over flags; words alone can't tell."""
    kinds = [_kind(cell) for cell in first]
    if len(body) < 2:
        return False
    flags = [place for place, kind in enumerate(kinds) if kind == "flag" and len(first[place].strip()) > 1]
    return bool(flags) and all(_mostly(body, place) == "flag" for place in flags)


def _counts_up(first: list[str], kinds: list[str]) -> bool:
    """Year numbers, or 0 1 2 3, as names of columns behind at least one word or blank."""
    numbers = [cell.strip() for cell, kind in zip(first, kinds, strict=True) if kind == "number"]
    labels = [kind for kind in kinds if kind in ("word", "other", "empty", "missing")]
    if not all(number.isdigit() for number in numbers) or len(numbers) < 2 or not labels:
        return False
    values = [int(number) for number in numbers]
    steps = {later - earlier for earlier, later in itertools.pairwise(values)}
    years = all(1500 <= value <= 2200 for value in values)
    return (years and (all(step > 0 for step in steps) or all(step < 0 for step in steps))) or (
        steps == {1} and values[0] in (0, 1)
    )


def _mostly(body: list[list[str]], place: int) -> str:
    kinds = Counter(_kind(row[place]) for row in body if place < len(row))
    for ignored in ("empty", "missing"):
        kinds.pop(ignored, None)
    if not kinds:
        return "empty"
    kind, count = kinds.most_common(1)[0]
    return kind if count * 4 >= sum(kinds.values()) * 3 else "mixed"


def _is_second_header(first: list[str], body: list[list[str]]) -> bool:
    """Names in two rows: groups with blanks beside them above, or units below, over columns of numbers or dates."""
    second, rest = body[0], body[1:]
    groups = any(not cell.strip() for cell in first[1:])
    units = any(UNIT.fullmatch(cell.strip()) for cell in second)
    if not (groups or units) or any(_kind(cell) in ("number", "moment", "flag") for cell in second):
        return False
    typed = [
        place
        for place in range(len(second))
        if (kinds := {_kind(row[place]) for row in rest}) & {"number", "moment"}
        and kinds <= {"number", "moment", "empty"}
    ]
    return len(typed) > 1 and all(_kind(second[place]) in ("word", "other") for place in typed)


def _merged(headers: list[list[str]]) -> list[str]:
    """One name from each column of the header rows; a blank in an upper row repeats what stands left of it."""
    if len(headers) == 1:
        return list(headers[0])
    upper, last = "", []
    width = max(map(len, headers))
    padded = [row + [""] * (width - len(row)) for row in headers]
    spanning = any(not cell.strip() for cell in padded[0][1:])
    for above, below in zip(*padded, strict=True):
        upper = above.strip() or (upper if spanning else "")
        last.append("_".join(part for part in (upper, below.strip()) if part))
    return last


def _has_trailing(rows: list[Row], header: list[str] | None, width: int) -> bool:
    """Whether every record ends with a delimiter that begins no field."""
    last = [row.fields[-1] for row in rows[1:] if row.fields is not None and len(row.fields) == width]
    if header is None or width < 2 or not last or any(cell.strip() for cell in last):
        return False
    return len(header) == width - 1 or (len(header) == width and not header[-1].strip())


def _fitted(header: list[str], body: list[Row], width: int) -> tuple[list[str], list[str]]:
    """The header made as wide as the rows below it."""
    if len(header) == width - 1 and body:
        return ["", *header], ["the header has one name less than the rows: the first column has none"]
    if len(header) > width and not any(cell.strip() for cell in header[width:]):
        return header[:width], []
    if len(header) > width:
        return header, [f"the header has {len(header)} names, most rows have {width} fields"]
    return header + [""] * (width - len(header)), []
