"""What is asked of a column of text at once: of its bytes, which lie in memory one value behind the other."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def bytes_of(text: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """All values' bytes one behind the other, and the n + 1 offsets between them."""
    _valid, offsets, data = text.buffers()
    bounds = np.frombuffer(offsets, dtype=np.int32)[text.offset : text.offset + len(text) + 1]
    raw = np.frombuffer(data, dtype=np.uint8) if data is not None else np.empty(0, dtype=np.uint8)
    return raw[bounds[0] : bounds[-1]], bounds - bounds[0]


def _table(marks: str) -> np.ndarray:
    """For each byte whether it is one of `marks` (ASCII)."""
    table = np.zeros(256, dtype=bool)
    table[list(marks.encode())] = True
    return table


# The bytes that a blank of Unicode (what str.isspace says) in UTF-8 can begin and end with.
BLANKS = [chr(code) for code in range(0x3001) if chr(code).isspace()]
BLANK_BEGINS, BLANK_ENDS = (np.isin(np.arange(256), [blank.encode()[place] for blank in BLANKS]) for place in (0, -1))
DIGITS = _table("0123456789")
INTEGER_MARKS = _table("0123456789-")
NUMBER_MARKS = _table("0123456789-.")


def is_trimmed(text: pa.Array) -> bool:
    """Whether it is certain that no value is empty or has a blank at its beginning or end."""
    if text.null_count:
        return False
    raw, bounds = bytes_of(text)
    if (bounds[1:] == bounds[:-1]).any():
        return False
    return not (BLANK_BEGINS[raw[bounds[:-1]]].any() or BLANK_ENDS[raw[bounds[1:] - 1]].any())


def consists_of(text: pa.Array, marks: np.ndarray) -> bool:
    """Whether the values hold no other bytes, and none has a leading zero, which only codes have."""
    raw, bounds = bytes_of(text)
    if not len(raw) or not marks[raw].all():
        return False
    first = bounds[:-1][bounds[1:] > bounds[:-1]]
    first = np.where(raw[first] == ord("-"), first + 1, first)
    first = first[first < len(raw) - 1]
    zeros = first[raw[first] == ord("0")] + 1
    # A zero that ends its value is followed by the next value.
    zeros = zeros[np.searchsorted(bounds, zeros) == np.searchsorted(bounds, zeros, side="right")]
    return not DIGITS[raw[zeros]].any()


def translated(text: pa.Array, kept: dict[str, str]) -> pa.Array:
    """The values with these characters (ASCII) in place of those, and nothing else."""
    raw, bounds = bytes_of(text)
    stays, becomes = _table("".join(kept)), np.arange(256, dtype=np.uint8)
    for before, after in kept.items():
        becomes[ord(before)] = ord(after)
    staying = stays[raw]
    passed = np.zeros(len(raw) + 1, dtype=np.int32)
    passed[1:] = np.cumsum(staying, dtype=np.int32)
    data = becomes[raw[staying]]
    valid = pc.is_valid(text).buffers()[1]  # the bits of such an array are those that say what is NULL in another
    return pa.StringArray.from_buffers(len(text), pa.py_buffer(passed[bounds]), pa.py_buffer(data), valid)


def lengths_within(text: pa.Array, least: int, most: int) -> bool:
    """Whether every value has so many bytes."""
    found = pc.min_max(pc.binary_length(text)).as_py()
    return found["min"] is not None and least <= found["min"] <= found["max"] <= most


def has_at(text: pa.Array, place: int, mark: str) -> bool:
    """Whether all values, each longer than that, have `mark` (ASCII) at this place."""
    raw, bounds = bytes_of(text)
    starts = bounds[:-1][bounds[1:] > bounds[:-1]]
    return bool((raw[starts + place] == ord(mark)).all())
