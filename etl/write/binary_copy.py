"""Arrow columns -> the binary format of PostgreSQL's COPY, which the server takes in half the time it needs for text.

The format: a header, for each row the number of its fields and each field behind its length, and a trailer
(https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"). Numbers are big-endian; a length of -1 is
NULL. Each column becomes an array of such fields, and one kernel of Arrow joins them row by row.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"
LENGTH = np.dtype(">i4")
NULL = -1

# The server counts from 2000-01-01, Arrow from 1970-01-01.
DAYS_BEFORE = 10_957
MICROSECONDS_BEFORE = DAYS_BEFORE * 86_400_000_000


def binary_copy(columns: Sequence[pa.Array]) -> bytes:
    """What COPY ... (FORMAT binary) reads: the rows of `columns`, all of one length.

    Text, booleans, int64, float64, date32, time64[us] and timestamp[us] are known; exact decimals are not.
    """
    parts = [pa.scalar(len(columns).to_bytes(2, "big"), pa.binary())]
    for column in columns:
        parts += _text_fields(column) if pa.types.is_string(column.type) else _fixed_fields(column)
    rows = pc.binary_join_element_wise(*parts, pa.scalar(b"", pa.binary()))
    _valid, offsets, data = rows.buffers()
    if not len(rows):
        return HEADER + TRAILER
    bounds = np.frombuffer(offsets, dtype=np.int32)[rows.offset :]
    return b"".join((HEADER, memoryview(data)[bounds[0] : bounds[len(rows)]], TRAILER))


def _text_fields(text: pa.Array) -> list[pa.Array]:
    lengths = pc.fill_null(pc.binary_length(text), NULL).to_numpy().astype(LENGTH)
    return [_each_of(lengths), pc.fill_null(text, "").cast(pa.binary())]


def _fixed_fields(column: pa.Array) -> list[pa.Array]:
    """Values of so many bytes, each behind its length; of NULL there is the length alone."""
    values = _numbers(column)
    fields = np.empty(len(column), dtype=[("length", LENGTH), ("value", values.dtype.newbyteorder(">"))])
    fields["length"] = values.itemsize
    fields["value"] = values
    if not column.null_count:
        return [_each_of(fields)]
    valid = pc.is_valid(column).to_numpy(zero_copy_only=False)
    fields["length"][~valid] = NULL
    width = fields.itemsize
    kept = np.ones((len(column), width), dtype=bool)
    kept[~valid, LENGTH.itemsize :] = False
    offsets = np.zeros(len(column) + 1, dtype=np.int32)
    np.cumsum(np.where(valid, width, LENGTH.itemsize), out=offsets[1:])
    return [_binary(offsets, fields.view(np.uint8).reshape(len(column), width)[kept])]


def _numbers(column: pa.Array) -> np.ndarray:
    """The values as the server's numbers, of as many bytes; what stands for NULL has no meaning."""
    kind = column.type
    if pa.types.is_boolean(kind):
        return pc.fill_null(column.cast(pa.int8()), 0).to_numpy()
    if pa.types.is_date32(kind):
        return pc.fill_null(column.cast(pa.int32()), 0).to_numpy() - np.int32(DAYS_BEFORE)
    if pa.types.is_timestamp(kind):
        return pc.fill_null(column.cast(pa.int64()), 0).to_numpy() - MICROSECONDS_BEFORE
    if pa.types.is_time64(kind):
        return pc.fill_null(column.cast(pa.int64()), 0).to_numpy()
    return pc.fill_null(column, 0).to_numpy()


def _each_of(items: np.ndarray) -> pa.Array:
    """The bytes of each item of an array."""
    width = items.dtype.itemsize
    return _binary(np.arange(0, width * (len(items) + 1), width, dtype=np.int32), items.view(np.uint8))


def _binary(offsets: np.ndarray, data: np.ndarray) -> pa.Array:
    return pa.Array.from_buffers(
        pa.binary(), len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(data))]
    )
