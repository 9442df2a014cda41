"""Histograms that add up exactly: bins of one width nest in bins of the next, so two are joined by coarsening one.

A ladder is the widths in rising order, each a multiple of the one before. Bin i of width w holds the values from
edge(i) up to, but not including, edge(i + 1), where edge(i) is i * w, for numbers rounded to the nearest double.
"""

from __future__ import annotations

import functools
import math
import sys
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np

MOST_BINS = 100
DECIMAL = ("integer", "number", "decimal")
# In microseconds: up to a day as clocks are divided, then a week and its doubles.
CLOCK = [
    *(step * 10**power for power in range(6) for step in (1, 2)),
    *(seconds * 10**6 for seconds in (1, 2, 10, 20, 60, 120, 600, 1200, 3600, 7200, 21600, 43200, 86400)),
]
WEEK = {"date": 7, "time": 7 * 86_400_000_000, "datetime": 7 * 86_400_000_000}
LOWEST = {"integer": 0, "date": 0, "time": 0, "datetime": 0, "number": -660, "decimal": -660}


@dataclass(frozen=True)
class Histogram:
    """kind: the column's type. rung: of the kind's ladder. first: the first bin's number. counts: of all bins."""

    kind: str
    rung: int
    first: int
    counts: tuple[int, ...]

    def coarser(self, rung: int) -> Histogram:
        """The same values in wider bins."""
        factor = int(width(self.kind, rung) / width(self.kind, self.rung))
        first = self.first // factor
        counts = [0] * ((self.first + len(self.counts) - 1) // factor - first + 1)
        for place, count in enumerate(self.counts):
            counts[(self.first + place) // factor - first] += count
        return Histogram(self.kind, rung, first, tuple(counts))

    def edges(self) -> list[float]:
        """One more than there are bins."""
        return [edge(self.kind, self.rung, self.first + place) for place in range(len(self.counts) + 1)]


def histogram(ordered: np.ndarray, kind: str) -> Histogram | None:
    """Of integers or doubles in rising order; None when there are none."""
    if not len(ordered):
        return None
    low, high = ordered[0].item(), ordered[-1].item()
    rung, first, last = _bins(kind, low, high)
    inner = [edge(kind, rung, number) for number in range(first + 1, last + 1)]
    ends = [0, *np.searchsorted(ordered, np.array(inner, dtype=ordered.dtype)).tolist(), len(ordered)]
    return Histogram(kind, rung, first, tuple(end - begin for begin, end in pairwise(ends)))


def joined(one: Histogram | None, other: Histogram | None) -> Histogram | None:
    """Of the values of both."""
    if one is None or other is None:
        return one or other
    rung = max(one.rung, other.rung)
    while True:
        one, other = one.coarser(rung), other.coarser(rung)
        first = min(one.first, other.first)
        bins = max(one.first + len(one.counts), other.first + len(other.counts)) - first
        if bins <= MOST_BINS:
            break
        digits = len(str(bins // MOST_BINS)) if one.kind in DECIMAL else 1
        rung += max(1, 2 * (digits - 1))  # two rungs are a power of ten
    counts = [0] * bins
    for part in (one, other):
        for place, count in enumerate(part.counts, part.first - first):
            counts[place] += count
    return Histogram(one.kind, rung, first, tuple(counts))


@functools.cache
def width(kind: str, rung: int) -> Fraction:
    """Of a bin: 1, 2, 10, 20, 100 and so on for numbers; for dates in days, for times in microseconds."""
    if kind in DECIMAL:
        return (1 + rung % 2) * Fraction(10) ** (rung // 2)
    finer = [1] if kind == "date" else CLOCK
    return Fraction(finer[rung] if rung < len(finer) else WEEK[kind] * 2 ** (rung - len(finer)))


def edge(kind: str, rung: int, number: int) -> float:
    """Where a bin begins."""
    wide = width(kind, rung)
    if kind not in ("number", "decimal"):
        return number * wide.numerator
    try:
        return number * wide.numerator / wide.denominator
    except OverflowError:  # beyond the largest double
        return math.copysign(sys.float_info.max, number)


def _bins(kind: str, low: float, high: float) -> tuple[int, int, int]:
    """The first rung on which at most MOST_BINS bins hold all, and the numbers of the first and the last bin."""
    rung = LOWEST[kind]
    if high > low and kind in DECIMAL:  # one that is certainly too low
        rung = max(rung, 2 * (math.floor(math.log10(high / 2 - low / 2 or 5e-324)) - 3))
    while True:
        first, last = _bin_of(kind, rung, low), _bin_of(kind, rung, high)
        if last - first < MOST_BINS:
            return rung, first, last
        rung += 1


def _bin_of(kind: str, rung: int, value: float) -> int:
    """The last bin that begins at or below the value."""
    if isinstance(value, int):
        return int(value // width(kind, rung))
    above = math.nextafter(value, math.inf)
    number = math.floor((Fraction(value) + Fraction(above)) / 2 / width(kind, rung)) if above < math.inf else (
        math.floor(Fraction(value) / width(kind, rung))
    )  # fmt: skip
    while edge(kind, rung, number) > value:
        number -= 1
    return number
