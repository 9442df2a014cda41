"""One record read by itself: where it ends, and its fields. `records` finds many at once by the same definition."""

from __future__ import annotations

import functools
import re

from etl.dialect import CR, LF, SPACE, Dialect

# The longest quoted field that is believed; beyond it the quote was a stray one.
MAX_FIELD = 16 << 20


def record_end(data: bytes, start: int, dialect: Dialect, *, final: bool) -> int | None:
    """Where the record that begins at `start` ends (its line end, or the end of `data`); None if it isn't complete."""
    end, _fields = _scan(data, start, dialect, final=final)
    return end


def read_record(record: bytes, dialect: Dialect) -> list[str] | None:
    """The fields of one record without its line end; None when a quoted field in it is malformed."""
    end, fields = _scan(record, 0, dialect, final=True)
    if fields is None or end != len(record):
        return None
    patterns = _patterns(dialect)
    return [patterns.unquote(field) if quoted else patterns.unescape(field) for quoted, field in fields]


def _scan(
    data: bytes, start: int, dialect: Dialect, *, final: bool
) -> tuple[int | None, list[tuple[bool, bytes]] | None]:
    """The end of the record at `start`, and its fields: whether quoted, and what stands there.

    Malformed: the end of its physical line, and None.
    """
    patterns = _patterns(dialect)
    fields: list[tuple[bool, bytes]] = []
    position = start
    while True:
        quoted = patterns.quoted.match(data, position) if patterns.quoted else None
        if quoted is not None:
            fields.append((True, quoted[1]))
            position = quoted.end()
            if position == len(data) and not final:
                return None, None  # a doubled quote may follow
        elif patterns.opening and (opening := patterns.opening.match(data, position)):
            complete = final or len(data) - position > MAX_FIELD or patterns.is_closed(data, opening.end())
            end = _line_end(data, start, dialect)
            if end == len(data) - 1 and data[end] == CR and not final:
                return None, None  # perhaps an LF follows
            return (end if complete and (end < len(data) or final) else None), None
        else:
            bare = patterns.bare.match(data, position)
            assert bare is not None  # it matches the empty field too
            fields.append((False, bare[0]))
            position = bare.end()
        if position < len(data) and patterns.delimiter and data.startswith(patterns.delimiter, position):
            position += 1
            if dialect.blanks:
                position = _behind_blanks(data, position)
                if position == len(data) or data[position] in (LF, CR):
                    return _record_end_at(data, position, dialect, final), fields
        else:
            return _record_end_at(data, position, dialect, final), fields


def _record_end_at(data: bytes, position: int, dialect: Dialect, final: bool) -> int | None:
    """The line end at `position`: its LF, where it has one."""
    returns = position
    while returns < len(data) and data[returns] == CR:
        returns += 1
    if dialect.newline == "cr" and returns > position:
        returns = position + 1
    if returns < len(data) and data[returns] == LF:
        return returns
    if returns == len(data) and not final:
        return None
    return position


def _behind_blanks(data: bytes, position: int) -> int:
    while position < len(data) and data[position] == SPACE:
        position += 1
    return position


def _line_end(data: bytes, start: int, dialect: Dialect) -> int:
    ends = [data.find(b"\n", start)]
    if dialect.newline == "cr":
        ends.append(data.find(b"\r", start))
        if ends[1] >= 0 and data[ends[1] + 1 : ends[1] + 2] == b"\n":
            ends[1] += 1
    found = [end for end in ends if end >= 0]
    return min(found) if found else len(data)


class _Patterns:
    """The regular expressions of one dialect, over bytes."""

    def __init__(self, dialect: Dialect) -> None:
        delimiter, quote, escape = (
            re.escape(part.encode()) for part in (dialect.delimiter, dialect.quote, dialect.escape)
        )
        self.delimiter = dialect.delimiter.encode()
        line_end = rb"\r*\n|\r*\Z" if dialect.newline == "lf" else rb"\r|\n|\Z"
        stop = delimiter + rb"|" + line_end if delimiter else line_end
        in_bare = rb"(?!" + stop + rb")[\s\S]"
        self.bare = re.compile(rb"(?:" + (escape + rb"[\s\S]|" if escape else b"") + in_bare + rb")*+")
        self.quoted = self.opening = None
        self.escape = dialect.escape
        self.quote = dialect.quote
        if quote:
            blank = rb"[ ]*+" if delimiter != rb"\ " else b""
            inside = (
                rb"(?:[^" + quote + escape + rb"]++|" + (escape + rb"[\s\S]" if escape else quote + quote) + rb")*+"
            )
            self.quoted = re.compile(blank + quote + rb"(" + inside + rb")" + quote + blank + rb"(?=" + stop + rb")")
            self.opening = re.compile(blank + quote)
            self.inside = re.compile(inside)

    def is_closed(self, data: bytes, position: int) -> bool:
        """Whether the field that opened before `position` meets a quote that isn't its last byte."""
        inside = self.inside.match(data, position)
        assert inside is not None
        return inside.end() < len(data) - 2

    def unquote(self, inside: bytes) -> str:
        if self.escape:
            return self.unescape(inside)
        return inside.decode().replace(self.quote * 2, self.quote)

    def unescape(self, field: bytes) -> str:
        return re.sub(r"\\([\s\S])", r"\1", field.decode()) if self.escape else field.decode()


@functools.lru_cache(maxsize=32)
def _patterns(dialect: Dialect) -> _Patterns:
    return _Patterns(dialect)
