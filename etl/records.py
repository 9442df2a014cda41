"""Where records begin and end in a range of bytes.

A record ends at a line end outside quotes. A quote opens a field only at the field's beginning and closes it only
before a delimiter or a line end; elsewhere it is a character like any other. A field whose quote doesn't close so
is malformed, and costs the physical line it begins on: the next line is a record again. This is one definition,
read two ways: by numpy here for the ordinary, one at a time in `fields` for the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from etl.dialect import BACKSLASH, CR, LF, Dialect
from etl.fields import read_record, record_end


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


def each_record(data: bytes, dialect: Dialect, *, final: bool = True) -> Iterator[tuple[int, list[str] | None, bytes]]:
    """Line (from 0), fields (None where malformed) and bytes of every record of `data`, one by one."""
    found = find_records(data, dialect, final=final)
    for start, end, line in zip(found.starts.tolist(), found.ends.tolist(), found.lines.tolist(), strict=True):
        record = data[start:end]
        yield line, read_record(record, dialect), record
