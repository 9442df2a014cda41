"""First bytes -> the dialect that a file is written in, and the layout that follows.

A dialect is chosen by reading the sample under every candidate: rows that agree in width and cells that look like
values speak for it. Nothing is decided by one line alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from etl.dialect import Dialect
from etl.layout import Layout, Reading, Row, Wishes, lay_out
from etl.records import each_record
from etl.rules import look

DELIMITERS = ",;\t|"
SAMPLE_RECORDS = 400
SEP_LINE = re.compile(rb'[" ]*sep=([^" \r\n]?)[" ]*(?:\r\n|\r|\n|\Z)', re.IGNORECASE)


def sniff(head: bytes, wishes: Wishes, *, complete: bool) -> Layout:
    """The layout of a file that begins with `head` (UTF-8). complete: `head` is all of it."""
    told, skipped = _told_delimiter(head)
    body = head[skipped:]
    if told and wishes.delimiter is None:
        wishes = replace(wishes, delimiter=told)
    readings = [_read(body, dialect, complete) for dialect in _candidates(body, wishes, _newline(body))]
    best = max(_believable(readings, wishes), key=lambda reading: reading.score)
    return lay_out(best, wishes, skipped, head)


def _believable(readings: list[Reading], wishes: Wishes) -> list[Reading]:
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
    line = SEP_LINE.match(head)
    return ((line[1] or b"\t").decode("latin-1"), line.end()) if line else (None, 0)


def _newline(body: bytes) -> str:
    # Line ends inside quotes say nothing of those between records.
    body = re.sub(rb'"[^"]*"', b"", body)
    lone = body.count(b"\r") - body.count(b"\r\n")
    return "cr" if lone > body.count(b"\n") else "lf"


def _candidates(body: bytes, wishes: Wishes, newline: str) -> list[Dialect]:
    delimiters = [*(mark for mark in DELIMITERS if mark.encode() in body), "", *([" "] if b" " in body else [])]
    if wishes.delimiter is not None:
        delimiters = [wishes.delimiter]
    return [
        Dialect(delimiter, quote, escape, newline, blanks=delimiter == " " and b"  " in body)
        for delimiter in delimiters
        for quote, escape in _quotings(body, wishes, delimiter)
    ]


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


def _read(body: bytes, dialect: Dialect, complete: bool) -> Reading:
    reading = Reading(dialect)
    position = 0
    for line, fields, raw in each_record(body, dialect, final=complete):
        start = body.find(raw, position)
        position = start + len(raw)
        if not raw.strip() and dialect.delimiter:
            continue
        if dialect.blanks and fields is not None:
            fields = [cell for place, cell in enumerate(fields) if cell or place]
        reading.rows.append(Row(line, fields, raw, start))
        if len(reading.rows) >= SAMPLE_RECORDS:
            break
    if reading.rows:
        _score(reading)
    return reading


def _score(reading: Reading) -> None:
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


def _behind_comments(rows: list[Row]) -> list[Row]:
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


def _space_weight(rows: Sequence[Row], agreeing: Sequence[Sequence[str]]) -> float:
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
