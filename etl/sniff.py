"""First bytes -> Layout: the dialect, where the table begins, and what its header says.

A dialect is chosen by reading the sample under every candidate: rows that agree in width and cells that look like
values speak for it. Nothing is decided by one line alone.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from etl.records import Dialect, each_record
from etl.rules import look

DELIMITERS = ",;\t|"
SAMPLE_RECORDS = 400
UNIT = re.compile(r"[\[(].*[\])]|%|[kcm]?m|[km]?g|°[CF]|[€$£]|km/h|m/s|k?W|hours?|min(utes)?|s(econds)?")
BODY_RECORDS = 200  # rows that a header is compared with


@dataclass(frozen=True)
class Layout:
    """How the table lies in the file.

    offset, line: where the first data record begins (bytes; physical lines from 1). header: the names as written,
    None where there is no header. width: fields of a record. trailing: every record ends with a delimiter that
    begins no field. header_bytes: the header's record, to be recognised when it comes again. notes: what was
    skipped and why, as sentences.
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
    text: bool = False


@dataclass
class _Row:
    line: int
    fields: list[str] | None
    raw: bytes
    start: int


@dataclass
class _Reading:
    """The sample read under one dialect."""

    dialect: Dialect
    rows: list[_Row] = field(default_factory=list)
    score: float = 0.0
    width: int = 1


def sniff(head: bytes, wishes: Wishes, *, complete: bool) -> Layout:
    """The layout of a file that begins with `head` (UTF-8). complete: `head` is all of it."""
    told, skipped = _told_delimiter(head)
    body = head[skipped:]
    newline = _newline(body)
    if told and wishes.delimiter is None:
        wishes = replace(wishes, delimiter=told)
    candidates = list(_candidates(body, wishes, newline))
    readings = [_read(body, dialect, complete) for dialect in candidates]
    best = max(_believable(readings, wishes), key=lambda reading: reading.score)
    return _lay_out(best, wishes, skipped, head)


def _believable(readings: list[_Reading], wishes: Wishes) -> list[_Reading]:
    """Without those that take quotes for characters, unless quotes fail to open and close fields again and again."""
    if wishes.quote is not None:
        return readings
    believed = []
    for reading in readings:
        usual = next(one for one in readings if one.dialect == replace(reading.dialect, quote='"', escape=""))
        failing = sum(row.fields is None for row in usual.rows)
        if reading.dialect.quote or (failing >= 3 and failing * 3 >= sum(b'"' in row.raw for row in usual.rows)):
            believed.append(reading)
    return believed


def _told_delimiter(head: bytes) -> tuple[str | None, int]:
    """The delimiter of an Excel `sep=;` line, and that line's length."""
    line = head[:16].split(b"\n")[0]
    told = line.strip(b'\r" ')
    if told[:4].lower() == b"sep=" and len(told) <= 5:
        return (told[4:5] or b"\t" if told[4:5] else b"\t").decode("latin-1"), min(len(line) + 1, len(head))
    return None, 0


def _newline(body: bytes) -> str:
    # Line ends inside quotes say nothing of those between records.
    body = re.sub(rb'"[^"]*"', b"", body)
    lone = body.count(b"\r") - body.count(b"\r\n")
    return "cr" if lone > body.count(b"\n") else "lf"


def _candidates(body: bytes, wishes: Wishes, newline: str) -> list[Dialect]:
    delimiters = [wishes.delimiter] if wishes.delimiter is not None else [d for d in DELIMITERS if d.encode() in body]
    if wishes.delimiter is None:
        delimiters.append("")
        if b" " in body:
            delimiters.append(" ")
    found = []
    for delimiter in delimiters:
        assert delimiter is not None
        for quote, escape in _quotings(body, wishes, delimiter):
            blanks = delimiter == " " and b"  " in body
            found.append(Dialect(delimiter, quote, escape, newline, blanks))
    return found


def _quotings(body: bytes, wishes: Wishes, delimiter: str) -> list[tuple[str, str]]:
    """Pairs of quote and escape that the sample may be written with, the likeliest first."""
    quotes = ['"']
    if wishes.quote is not None:
        quotes = [wishes.quote]
    else:
        if b"'" in body and b'"' not in body and _at_edges(body, b"'", delimiter):
            quotes.append("'")
        if b'"' in body:
            quotes.append("")
    escaping = [quote for quote in quotes if _escaped(body, quote) or _escaped(body, delimiter)]
    # Only where nothing is quoted are line ends escaped.
    escaping += [quote for quote in quotes if not quote and quote not in escaping and _escaped(body, "\n")]
    return [(quote, "") for quote in quotes] + [(quote, "\\") for quote in escaping]


def _escaped(body: bytes, mark: str) -> bool:
    return mark != "" and b"\\" + mark.encode() in body


def _at_edges(body: bytes, quote: bytes, delimiter: str) -> bool:
    edge = delimiter.encode() or b"\n"
    return any(pair in body for pair in (edge + quote, b"\n" + quote)) and any(
        pair in body for pair in (quote + edge, quote + b"\n", quote + b"\r")
    )


def _read(body: bytes, dialect: Dialect, complete: bool) -> _Reading:
    reading = _Reading(dialect)
    position = 0
    for line, fields, raw in each_record(body, dialect, final=complete):
        start = body.find(raw, position)
        position = start + len(raw)
        if not raw.strip() and dialect.delimiter:
            continue
        if dialect.blanks and fields is not None:
            fields = [cell for place, cell in enumerate(fields) if cell or place]
        reading.rows.append(_Row(line, fields, raw, start))
        if len(reading.rows) >= SAMPLE_RECORDS:
            break
    if reading.rows:
        _score(reading)
    return reading


def _score(reading: _Reading) -> None:
    """Share of rows of the commonest width, times share of cells that look like values."""
    rows = _behind_comments(reading.rows)
    widths = Counter(len(row.fields) if row.fields is not None else 0 for row in rows)
    width = max((w for w in widths if w), key=lambda w: (widths[w] * (2 if w > 1 else 1), w), default=1)
    agreeing = [row.fields for row in rows if row.fields is not None and len(row.fields) == width]
    reading.width = width
    title = next((place for place, row in enumerate(rows) if row.fields and len(row.fields) == width), 0)
    agreement = len(agreeing) / (len(rows) - title / 2)  # titles above the table weigh half
    others = DELIMITERS.replace(reading.dialect.delimiter or "\0", "")
    cells = [(cell, place == width - 1) for fields in agreeing[:100] for place, cell in enumerate(fields)]
    looks = sum(_cell_score(cell, others, reading.dialect, last=last) for cell, last in cells) / max(1, len(cells))
    plural = 1.0 if width > 1 else _single_weight(agreeing)
    if reading.dialect.delimiter == " ":
        plural = _space_weight(rows, agreeing)
    # a second kind of quoting must explain more than the usual one
    usual = 1.0 if (reading.dialect.quote, reading.dialect.escape) == ('"', "") else 0.99
    reading.score = agreement**1.5 * looks * plural * usual * (1 + min(width, 20) / 1000)


def _behind_comments(rows: list[_Row]) -> list[_Row]:
    place = next((place for place, row in enumerate(rows) if not row.raw.startswith(b"#")), 0)
    return rows[place:]


def _cell_score(cell: str, others: str, dialect: Dialect, *, last: bool) -> float:
    text = cell.strip()
    if not text:
        return 0.9
    if dialect.quote != '"' and '"' in (text[0], text[-1]):
        return 0.2  # a quote that quotes nothing
    if dialect.quote != "'" and len(text) > 1 and text[0] == text[-1] == "'":
        return 0.5
    if not dialect.escape and text.endswith("\\") and not last:
        return 0.4  # a delimiter was escaped
    if look(text).kind in ("number", "moment", "flag", "missing"):
        return 1.0
    if any(mark in text for mark in others):
        return 0.5 if '"' not in text else 0.3
    return 0.8


def _single_weight(agreeing: Sequence[Sequence[str]]) -> float:
    """One column is believed where no delimiter works, or where each line is a date or a number as it stands."""
    if not agreeing:
        return 0.55
    first, *body = [fields[0].strip() for fields in agreeing[:60]]
    typed = sum(look(cell).kind in ("number", "moment") for cell in body if cell)
    # 1,1 below id,a is two numbers; 1,5 below amount is one
    delimited = any(mark in first for mark in DELIMITERS)
    return 0.99 if body and not delimited and typed >= 0.9 * sum(bool(cell) for cell in body) > 0 else 0.55


def _space_weight(rows: Sequence[_Row], agreeing: Sequence[Sequence[str]]) -> float:
    """Blanks delimit only where every row agrees and the columns look like columns; prose has blanks too."""
    body = agreeing[1:60] if len(agreeing) > 1 else agreeing
    odd = len(rows) - len(agreeing)
    short_header = odd == 1 and rows[0].raw.startswith(b'"')
    if not body or (odd > len(rows) / 10 and not short_header) or (rows[0].fields or []) == []:
        return 0.2
    if len(rows[0].fields or []) != len(body[0]) and not short_header:
        return 0.2
    columns = list(zip(*body, strict=True))
    typed = sum(all(look(cell).kind in ("number", "moment") for cell in column if cell) for column in columns)
    return 0.97 if typed * 2 >= len(columns) or (typed and odd == 0 and len(columns) > 2) else 0.2


# ---- where the table begins ----


def _lay_out(reading: _Reading, wishes: Wishes, skipped: int, head: bytes) -> Layout:
    notes = ["skipped the line that names the delimiter"] if skipped else []
    rows, above = _without_title(reading, wishes)
    if above:
        notes.append(f"skipped {above} title or comment line{'s' * (above > 1)} above the table")
    width = _width(rows, reading.width)
    first_line = 1 + head[:skipped].count(b"\n")
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
        bool(trailing),
        rows[0].raw if header_rows == 1 else b"",
        tuple(notes),
    )


def _start_of_data(rows: list[_Row], header_rows: int, reading: _Reading, head: bytes, skipped: int) -> tuple[int, int]:
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


def _filled(row: _Row) -> int:
    return sum(bool(cell.strip()) for cell in row.fields or [])


def _without_title(reading: _Reading, wishes: Wishes) -> tuple[list[_Row], int]:
    """The rows from the table's first on, and how many lines of title and comment stood above."""
    rows, width = reading.rows, reading.width
    place = 0
    while place < len(rows) - 1 and _is_title(rows, place, width):
        place += 1
    if place == len(rows) - 1 and place and _is_title(rows, place, width):
        place = 0  # nothing but titles: a table after all
    return rows[place:], place


def _is_title(rows: list[_Row], place: int, width: int) -> bool:
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


def _fuller_below(rows: list[_Row], place: int, width: int) -> bool:
    below = [_filled(row) for row in rows[place + 1 : place + 6]]
    return _filled(rows[place]) == 0 or max(below, default=0) >= max(2, width - 1)


def _has_header_look(row: _Row) -> bool:
    return row.fields is not None and all(_kind(cell) in ("word", "flag", "missing", "other") for cell in row.fields)


def _width(rows: list[_Row], modal: int) -> int:
    """The commonest width of the rows below the first; the first one's where that is not rare."""
    widths = Counter(len(row.fields) for row in rows[1:] if row.fields is not None)
    first = len(rows[0].fields or []) if rows else 0
    if widths and widths[first] * 2 >= max(widths.values()):
        return first
    return max(widths, key=lambda w: (widths[w], w)) if widths else (len(rows[0].fields or [""]) if rows else modal)


def _kind(cell: str) -> str:
    text = cell.strip()
    return look(text).kind if text else "empty"


def _header_rows(rows: list[_Row], width: int, wishes: Wishes) -> int:
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


def _has_trailing(rows: list[_Row], header: list[str] | None, width: int) -> int:
    """1 when every record ends with a delimiter that begins no field."""
    full = [
        row.fields
        for row in rows[1 if header is not None else 0 :]
        if row.fields is not None and len(row.fields) == width
    ]
    if width < 2 or not full or any(fields[-1].strip() for fields in full):
        return 0
    if header is None:
        return 0
    return int(len(header) == width - 1 or (len(header) == width and not header[-1].strip()))


def _fitted(header: list[str], body: list[_Row], width: int) -> tuple[list[str], list[str]]:
    """The header made as wide as the rows below it."""
    if len(header) == width - 1 and body:
        return ["", *header], ["the header has one name less than the rows: the first column has none"]
    if len(header) > width and not any(cell.strip() for cell in header[width:]):
        return header[:width], []
    if len(header) > width:
        return header, [f"the header has {len(header)} names, most rows have {width} fields"]
    return header + [""] * (width - len(header)), []
