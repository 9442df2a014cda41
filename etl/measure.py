"""Statistics of a block that add up: what a load's profile is made of.

Exact are rows, missing values, minimum, maximum, sum, mean, lengths and the histogram; sketches of Apache DataSketches
give quantiles (KLL), distinct values (HLL, where there are many) and, where there are many, the most frequent ones.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable, Sequence
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from typing import Any

import datasketches
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl.clean import Cleaned, Reject
from etl.column_bytes import bytes_of
from etl.columns import as_array
from etl.distinct import number_keys, sketch_of, text_keys
from etl.histogram import histogram

# Quantiles are taken from every eighth value in rising order, where there are this many bytes of them and more.
MANY_BYTES, EVERY = 32 << 20, 8
KLL_SIZE = 400
# Values of a block that are counted one by one; a block with more of them keeps its most frequent ones.
MOST_COUNTED, MOST_KEPT = 4096, 256
SAMPLE = 2000
SHOWN_CHARACTERS = 100
EXAMPLES, EXAMPLE_CHARACTERS, MOST_REASONS = 3, 200, 200


def every_nth(source_bytes: int) -> int:
    """How many values of a source stand for one of those from which its quantiles are taken."""
    return EVERY if source_bytes >= MANY_BYTES else 1


def measured(cleaned: Cleaned, number: int, *, kinds: Sequence[str], every: int = 1) -> bytes:
    """A block's part of the profile, to be kept with it. number: the block's. kinds: the columns' types."""
    rows = cleaned.rows
    columns = [_column(as_array(rows.iloc[:, place]), kind, every, number) for place, kind in enumerate(kinds)]
    part = {"rows": len(rows), "columns": columns, "rejects": _reasons(cleaned.rejects)}
    return json.dumps(part, separators=(",", ":")).encode()


def _column(values: pa.Array, kind: str, every: int, number: int) -> dict[str, Any]:
    held = values.drop_null() if values.null_count else values
    part: dict[str, Any] = {"missing": values.null_count, "count": len(held)}
    if not len(held):
        return part
    if kind == "text":
        return part | _texts(held)
    if kind == "boolean":
        counted = pc.value_counts(held)
        return part | _frequent(counted.field(0).to_pylist(), counted.field(1).to_numpy())
    if kind == "decimal":
        return part | _decimals(held, every, number)
    return part | _numbers(_as_numpy(held), kind, every, number)


def _as_numpy(held: pa.Array) -> np.ndarray:
    """Integers and doubles as they are; dates in days, times in microseconds."""
    if pa.types.is_date32(held.type):
        held = held.cast(pa.int32()).cast(pa.int64())
    elif not pa.types.is_floating(held.type):
        held = held.cast(pa.int64())
    return held.to_numpy(zero_copy_only=False)


# ---- numbers and moments ----


def _numbers(values: np.ndarray, kind: str, every: int, number: int) -> dict[str, Any]:
    if kind == "number":
        values = values[np.isfinite(values)] + 0.0
    ordered = np.sort(values)
    if not len(ordered):
        return {}
    unique, counts = _counted(ordered)
    heavy, left_out = _heaviest(counts)
    part = _ordered(ordered, kind, every, number) | {"hll": _text(sketch_of(number_keys(unique)))}
    part |= {"min": ordered[0].item(), "max": ordered[-1].item()}
    part |= _frequent(unique[heavy].tolist(), counts[heavy], left_out)
    if kind in ("integer", "number"):
        part["sum"] = str(exact_sum(ordered))
    return part


def _counted(ordered: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct values, and how often each stands there."""
    changes = np.empty(len(ordered) + 1, dtype=bool)
    changes[0] = changes[-1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=changes[1:-1])
    begins = np.flatnonzero(changes)
    return ordered[begins[:-1]], np.diff(begins)


def _ordered(ordered: np.ndarray, kind: str, every: int, number: int) -> dict[str, Any]:
    """What is taken from values in rising order."""
    sketch = datasketches.kll_doubles_sketch(KLL_SIZE)
    sketch.update(ordered[number % every :: every].astype(np.float64))
    bins = histogram(ordered, kind)
    assert bins is not None
    return {"kll": _text(sketch.serialize()), "bins": [bins.rung, bins.first, bins.counts]}


def _decimals(held: pa.Array, every: int, number: int) -> dict[str, Any]:
    trimmed = pc.utf8_rtrim(pc.utf8_rtrim(held, "0"), ".")  # 1.50 is 1.5
    counted = pc.value_counts(pc.if_else(pc.match_substring(held, "."), trimmed, held))
    unique, counts = counted.field(0), counted.field(1).to_numpy()
    heavy, left_out = _heaviest(counts)
    with localcontext(Context(prec=10_000)):
        values = [Decimal(text) for text in unique.to_pylist()]
        total = sum(value * count for value, count in zip(values, counts.tolist(), strict=True))
    doubles = np.nan_to_num(np.array([float(value) for value in values]))  # what is beyond them is the largest
    ordered = np.sort(np.repeat(doubles, counts))
    return {
        **_ordered(ordered, "decimal", every, number),
        "min": str(min(values)), "max": str(max(values)), "sum": str(Fraction(total)),
        "hll": _text(sketch_of(text_keys(unique))),
        **_frequent(unique.take(pa.array(heavy)).to_pylist(), counts[heavy], left_out),
    }  # fmt: skip


def exact_sum(values: np.ndarray) -> Fraction:
    """Of integers or finite doubles, without any rounding."""
    if values.dtype == np.int64:
        return Fraction((int((values >> 32).sum()) << 32) + int((values & 0xFFFFFFFF).sum()))
    total, rest = Fraction(0), values
    while rest.any():
        # The upper 62 bits less those that adding up needs, as whole numbers; then what they leave of every value.
        bits = 61 - len(rest).bit_length() - math.frexp(np.abs(rest).max())[1]
        upper = np.rint(np.ldexp(rest, bits))
        total += int(upper.astype(np.int64).sum()) * Fraction(2) ** -bits
        rest = rest - np.ldexp(upper, -bits)
    return total


# ---- texts ----


def _texts(held: pa.Array) -> dict[str, Any]:
    few = pc.count_distinct(held[:SAMPLE]).as_py() * 2 < min(len(held), SAMPLE)
    times = np.ones(1, np.int64)
    if few:  # Arrow is fast then
        counted = pc.value_counts(held)
        held, times = counted.field(0), counted.field(1).to_numpy()
    every_key = text_keys(held)
    keys, counts = (every_key, times) if few else _counted(np.sort(every_key))
    heavy, left_out = _heaviest(counts)
    shown = held.take(pa.array(heavy if few else _places(every_key, keys[heavy])))
    lengths = _lengths(held)
    least, most = int(lengths.min()), int(lengths.max())
    low, high = pc.min_max(held).as_py().values()
    if most > SHOWN_CHARACTERS:
        shown = pc.utf8_slice_codeunits(shown, 0, SHOWN_CHARACTERS)
    return {
        "min": low[:SHOWN_CHARACTERS], "max": high[:SHOWN_CHARACTERS],
        "lengths": [least, most, int((lengths * times).sum())],
        "hll": _text(sketch_of(keys)), **_frequent(shown.to_pylist(), counts[heavy], left_out),
    }  # fmt: skip


def _lengths(held: pa.Array) -> np.ndarray:
    """In characters."""
    raw, bounds = bytes_of(held)
    return np.diff(bounds) if raw.max(initial=0) < 128 else pc.utf8_length(held).to_numpy()


def _places(every_key: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Where each of the wanted keys, which are in rising order, stands first."""
    if not len(wanted):
        return np.empty(0, np.int64)
    likely = np.zeros(1 << 16, dtype=bool)
    likely[wanted & 0xFFFF] = True
    places = np.flatnonzero(likely[every_key & 0xFFFF])
    places = places[np.isin(every_key[places], wanted)]
    return places[np.unique(every_key[places], return_index=True)[1]]


# ---- what both have ----


def _heaviest(counts: np.ndarray) -> tuple[np.ndarray, int]:
    """Which values of a block are counted, and how often at most one that isn't stands there."""
    if len(counts) <= MOST_COUNTED:
        return np.arange(len(counts)), 0
    as_often = np.cumsum(np.bincount(counts)[::-1])[::-1]  # at [n]: how many values stand there n times or more
    left_out = int(np.flatnonzero(as_often > MOST_KEPT)[-1])
    return np.flatnonzero(counts > left_out), left_out


def _frequent(values: list[Any], counts: np.ndarray, left_out: int = 0) -> dict[str, Any]:
    return {"values": values, "counts": counts.tolist(), "left_out": left_out}


def _text(sketch: bytes) -> str:
    return base64.b64encode(sketch).decode()


# ---- rejects ----


def _reasons(rejects: Iterable[Reject]) -> list[list[Any]]:
    """[column or None, reason, count, [[line, text]]], the commonest kinds of a block."""
    found: dict[tuple[str | None, str], list[Any]] = {}
    for reject in rejects:
        reason = reject.kind.removeprefix(f"{reject.column}: ") if reject.column else reject.kind
        entry = found.setdefault((reject.column, reason), [0, []])
        entry[0] += 1
        if len(entry[1]) < EXAMPLES:
            entry[1].append([reject.line, reject.raw[:EXAMPLE_CHARACTERS]])
    ranked = sorted(found.items(), key=lambda item: -item[1][0])[:MOST_REASONS]
    return [[column, reason, count, examples] for (column, reason), (count, examples) in ranked]
