"""Where records begin and end in a range of bytes, and the fields of one record read by itself.

A record ends at a line end outside quotes. A quote opens a field only at the field's beginning and closes it only
before a delimiter or a line end; elsewhere it is a character like any other. A field whose quote doesn't close so
is malformed, and costs the physical line it begins on: the next line is a record again. This is one definition,
read two ways: `find_records` by numpy for the ordinary, `read_record` one at a time for the rest.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

# The longest quoted field that is believed; beyond it the quote was a stray one.
MAX_FIELD = 16 << 20

LF, CR, SPACE, BACKSLASH = 10, 13, 32, 92


@dataclass(frozen=True)
class Dialect:
    """How a file is written.

    delimiter: one ASCII character, or "" for a single column. quote: '"', "'" or "" for none. escape: "\\\\" or ""
    (quotes are doubled then). newline: "lf" (LF and CRLF) or "cr" (CR as well). blanks: runs of blanks delimit.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    newline: str = "lf"
    blanks: bool = False


@dataclass
class Records:
    """The complete records in a range of bytes; n records, blank lines left out.

    starts, ends: offsets in the range, line end excluded. lines: physical line of each start, counted from 0.
    odd: those that must be read by `read_record`. consumed: bytes covered. line_count: line ends in those.
    """

    starts: np.ndarray
    ends: np.ndarray
    lines: np.ndarray
    odd: np.ndarray
    consumed: int
    line_count: int

    def __len__(self) -> int:
        return len(self.starts)

    def pick(self, which: np.ndarray) -> Records:
        """These records alone."""
        return replace(
            self, starts=self.starts[which], ends=self.ends[which], lines=self.lines[which], odd=self.odd[which]
        )

    def first(self, count: int) -> Records:
        """The first `count` records, and nothing behind them."""
        if count >= len(self):
            return self
        head = self.pick(np.arange(count))
        # What lies between two records is line ends and blank lines; they go with the record before them.
        return replace(head, consumed=int(self.starts[count]), line_count=int(self.lines[count]))


def find_records(data: bytes, dialect: Dialect, *, final: bool) -> Records:
    """The records of `data`, which begins at a record's beginning.

    final: nothing follows `data`, so that what has no line end is a record too. Otherwise a record that is not
    complete is left out. None at all is found when the first one is longer than `data`.
    """
    array = np.frombuffer(data, dtype=np.uint8)
    newlines = _line_ends(array, dialect, final)
    candidates = newlines[~_is_escaped(array, newlines)] if dialect.escape else newlines
    if dialect.quote and data.find(dialect.quote.encode()) >= 0:
        ends, odd_ends = _ends_outside_quotes(data, array, candidates, dialect, final)
    else:
        ends, odd_ends = candidates, np.zeros(len(candidates), dtype=bool)
    if final and len(data) and (len(ends) == 0 or ends[-1] < len(data) - 1):
        ends, odd_ends = np.append(ends, len(data)), np.append(odd_ends, False)
    starts = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
    consumed = int(min(ends[-1] + 1, len(data))) if len(ends) else 0
    line_count = int(np.searchsorted(newlines, consumed))
    found = Records(starts, ends.copy(), np.searchsorted(newlines, starts), odd_ends, consumed, line_count)
    _leave_out_carriage_returns(found, array, data)
    _mark_odd_bytes(found, array, data, dialect)
    return found.pick(found.ends > found.starts)


def _line_ends(array: np.ndarray, dialect: Dialect, final: bool) -> np.ndarray:
    if dialect.newline == "lf":
        return np.flatnonzero(array == LF)
    ends = np.flatnonzero((array == LF) | _lone_returns(array))
    # whether a CR at the end of the data stands alone is not known yet
    return ends if final or not len(array) or array[-1] != CR else ends[:-1]


def _lone_returns(array: np.ndarray) -> np.ndarray:
    lone = array == CR
    lone[:-1] &= array[1:] != LF
    return lone


def _leave_out_carriage_returns(found: Records, array: np.ndarray, data: bytes) -> None:
    if b"\r" not in data or not len(found):
        return
    while True:  # a transfer in text mode makes CR CR LF of CR LF
        returns = (array[np.maximum(found.ends - 1, 0)] == CR) & (found.ends > found.starts)
        if not returns.any():
            return
        found.ends -= returns


def _mark_odd_bytes(found: Records, array: np.ndarray, data: bytes, dialect: Dialect) -> None:
    """NUL ends a field for the fast parser, and a lone CR ends a record for it; here they are characters."""
    if b"\x00" in data:
        _mark(found, np.flatnonzero(array == 0))
    if b"\r" in data and dialect.newline == "lf" and data.count(b"\r") != data.count(b"\r\n"):
        _mark(found, np.flatnonzero(_lone_returns(array)))


def _mark(found: Records, positions: np.ndarray) -> None:
    holders = np.searchsorted(found.starts, positions, side="right") - 1
    found.odd[holders[holders >= 0]] = True


def _ends_outside_quotes(
    data: bytes, array: np.ndarray, newlines: np.ndarray, dialect: Dialect, final: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The line ends that end a record, and which of those records are odd.

    Where every quote opens or closes a field, or is doubled inside one, a line end is outside quotes when an even
    number of quotes lies before it. Behind a record that breaks the rule, counting begins anew.
    """
    quotes = find_quotes(array, dialect)
    before = np.searchsorted(quotes, newlines)  # quotes before each line end
    # For a counting that begins with an even number, or an odd one: the strays, and the line ends outside quotes.
    countings: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    pieces: list[np.ndarray] = []
    odd: list[int] = []
    position, count = 0, 0
    while True:
        parity = count % 2
        if parity not in countings:
            countings[parity] = _strays(array, quotes, dialect, parity), np.flatnonzero(before % 2 == parity)
        strays, outside = countings[parity]
        place = np.searchsorted(strays, count)
        first_stray = int(strays[place]) if place < len(strays) else None
        if first_stray is None and final and (len(quotes) - count) % 2:
            first_stray = len(quotes) - 1  # it opened a field that nothing closes
        limit = len(data) if first_stray is None else int(quotes[first_stray])
        within = np.searchsorted(outside, np.searchsorted(newlines, [position, limit]))
        ordinary = newlines[outside[within[0] : within[1]]]
        pieces.append(ordinary)
        if first_stray is None:
            break
        start = int(ordinary[-1]) + 1 if len(ordinary) else position
        end = record_end(data, start, dialect, final=final)
        if end is None:
            break
        pieces.append(np.array([end]))
        odd.append(end)
        position, count = end + 1, int(np.searchsorted(quotes, end))
        if position >= len(data):
            break
    ends = np.concatenate(pieces)
    return ends, np.isin(ends, np.array(odd, dtype=ends.dtype))


def find_quotes(array: np.ndarray, dialect: Dialect) -> np.ndarray:
    """Offsets of the quotes that are not escaped."""
    quotes = np.flatnonzero(array == ord(dialect.quote))
    if dialect.escape:
        quotes = quotes[~_is_escaped(array, quotes)]
    return quotes


def _is_escaped(array: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Which positions have an odd number of backslashes before them."""
    escaped = np.zeros(len(positions), dtype=bool)
    candidates = np.flatnonzero((positions > 0) & (array[positions - 1] == BACKSLASH))
    for candidate in candidates.tolist():
        place = int(positions[candidate]) - 1
        while place >= 0 and array[place] == BACKSLASH:
            place -= 1
        escaped[candidate] = (int(positions[candidate]) - 1 - place) % 2 == 1
    return escaped


def _strays(array: np.ndarray, quotes: np.ndarray, dialect: Dialect, parity: int) -> np.ndarray:
    """Indices of the quotes that break the rule, when those of index % 2 == parity open and the others close."""
    index = np.arange(len(quotes))
    opens = index % 2 == parity
    adjacent = np.diff(quotes) == 1  # to the next one
    doubled = not dialect.escape
    after_edge = np.zeros(256, dtype=bool)
    before_edge = np.zeros(256, dtype=bool)
    ends = [LF, CR] if dialect.newline == "cr" else [LF]
    after_edge[[ord(dialect.delimiter) if dialect.delimiter else LF, *ends]] = True
    before_edge[[ord(dialect.delimiter) if dialect.delimiter else LF, *ends, CR]] = True
    fine = np.empty(len(quotes), dtype=bool)
    previous = np.where(quotes > 0, array[np.maximum(quotes - 1, 0)], LF)
    following = np.where(quotes + 1 < len(array), array[np.minimum(quotes + 1, len(array) - 1)], LF)
    fine[opens] = after_edge[previous[opens]]
    if dialect.escape:  # behind an escaped delimiter a quote opens nothing
        fine[opens] &= ~_is_escaped(array, np.maximum(quotes[opens] - 1, 0))
    fine[~opens] = before_edge[following[~opens]]
    if dialect.newline == "lf":
        before_return = np.flatnonzero(~opens & (following == CR))
        fine[before_return] &= _before_line_end(array, quotes[before_return])
    if doubled:
        fine[1:] |= opens[1:] & adjacent  # the second of a doubled pair
        fine[:-1] |= ~opens[:-1] & adjacent  # the first of one
    return np.flatnonzero(~fine)


def _before_line_end(array: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Which positions have CR LF or CR CR LF behind them, or nothing but CR."""
    last = len(array) - 1
    second, third = (
        np.where(positions + ahead <= last, array[np.minimum(positions + ahead, last)], LF) for ahead in (2, 3)
    )
    return (second == LF) | ((second == CR) & (third == LF))


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


def each_record(data: bytes, dialect: Dialect, *, final: bool = True) -> Iterator[tuple[int, list[str] | None, bytes]]:
    """Line (from 0), fields (None where malformed) and bytes of every record of `data`, one by one."""
    found = find_records(data, dialect, final=final)
    for start, end, line in zip(found.starts.tolist(), found.ends.tolist(), found.lines.tolist(), strict=True):
        record = data[start:end]
        yield line, read_record(record, dialect), record
