"""How many distinct values: 64-bit keys for whole arrays at once, counted by an HLL sketch (Apache DataSketches)."""

from __future__ import annotations

import struct
from collections import deque

import datasketches
import numpy as np
import pyarrow as pa

from etl.column_bytes import bytes_of

LOG_BUCKETS = 12
# The relative standard error of a sketch that was merged.
RELATIVE_ERROR = datasketches.hll_union.get_rel_err(False, True, LOG_BUCKETS, 1)
KIND = datasketches.tgt_hll_type.HLL_4  # the smallest when kept

U = np.uint64
# With fewer keys it is as fast to feed them to the sketch one by one.
WORTHWHILE = 500


def text_keys(texts: pa.Array) -> np.ndarray:
    """A 64-bit hash of every text, the same in every process. texts: without NULL."""
    raw, bounds = bytes_of(texts)
    bounds = bounds.astype(np.int64)
    begin, left = bounds[:-1], np.diff(bounds)
    keys = left.astype(U) * U(0x9E3779B97F4A7C15)
    held = np.append(raw, np.zeros(8, np.uint8))
    words = np.ndarray((len(held) - 7,), "<u8", held, strides=(1,))  # the eight bytes from every place
    short = np.flatnonzero(left < 8)
    kept = (U(1) << (left[short].astype(U) * U(8))) - U(1)
    keys[short] = _mixed(keys[short] ^ (words[begin[short]] & kept))
    live = np.flatnonzero(left >= 8)
    last, begin, mixed = begin[live] + left[live] - 8, begin[live], keys[live]
    while len(live):  # word by word; the last may overlap the one before
        mixed = _mixed(mixed ^ words[begin])
        more = begin < last
        if not more.all():
            keys[live] = mixed
            live, last, begin, mixed = live[more], last[more], begin[more], mixed[more]
        begin = np.minimum(begin + 8, last)
    return keys.view(np.int64)


def number_keys(values: np.ndarray) -> np.ndarray:
    """The 64 bits of every number; zero has one."""
    return values if values.dtype == np.int64 else (values + 0.0).view(np.int64)


def sketch_of(keys: np.ndarray) -> bytes:
    """The sketch of a block's keys."""
    union = datasketches.hll_union(LOG_BUCKETS)
    if len(keys) < WORTHWHILE:
        deque(map(union.update, keys.tolist()), 0)
    else:
        union.update(datasketches.hll_sketch.deserialize(_as_kept(_buckets(keys))))
    return union.get_result(KIND).serialize_compact()


def _buckets(keys: np.ndarray) -> np.ndarray:
    """For each bucket the most zeros that a hash in it begins with, and one: what a sketch of the keys consists of."""
    low, high = _murmur3(keys.view(U))
    exponent = high.astype(np.float64).view(U) >> U(52)  # 1023 + the place of the highest bit
    zeros = np.minimum(U(1086) - exponent, U(62)).astype(np.uint8) + np.uint8(1)
    buckets = np.zeros(1 << LOG_BUCKETS, np.uint8)
    np.maximum.at(buckets, (low & U((1 << LOG_BUCKETS) - 1)).astype(np.int64), zeros)
    return buckets


def _as_kept(buckets: np.ndarray) -> bytes:
    """A sketch in the form in which DataSketches keeps it, the same in all its languages (HLL_8)."""
    weights = np.ldexp(1.0, -buckets.astype(np.int64))
    few, many = weights[buckets < 32].sum(), weights[buckets >= 32].sum()
    out_of_order = 16  # it wasn't fed key by key, so its estimate must not go by that
    head = (10, 1, 7, LOG_BUCKETS, 0, out_of_order, 0, 0b1010)
    return struct.pack("<8Bdddii", *head, 0.0, few, many, int((buckets == 0).sum()), 0) + buckets.tobytes()


def _mixed(key: np.ndarray) -> np.ndarray:
    key = key * U(0xFF51AFD7ED558CCD)
    key ^= key >> U(32)
    key *= U(0xC4CEB9FE1A85EC53)
    key ^= key >> U(29)
    return key


def _murmur3(key: np.ndarray, seed: int = 9001) -> tuple[np.ndarray, np.ndarray]:
    """MurmurHash3 (128 bits, x64) of eight bytes each, under DataSketches' seed."""
    key = key * U(0x87C37B91114253D5)
    key = ((key << U(31)) | (key >> U(33))) * U(0x4CF5AD432745937F)
    low = (key ^ U(seed ^ 8)) + U(seed ^ 8)
    high = low + U(seed ^ 8)
    _finish(low)
    _finish(high)
    low += high
    high += low
    return low, high


def _finish(key: np.ndarray) -> None:
    """The end of MurmurHash3, in place."""
    key ^= key >> U(33)
    key *= U(0xFF51AFD7ED558CCD)
    key ^= key >> U(33)
    key *= U(0xC4CEB9FE1A85EC53)
    key ^= key >> U(33)
