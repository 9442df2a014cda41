"""The parts of a load's profile put together, block by block."""

from __future__ import annotations

import base64
import json
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from typing import Any

import datasketches

from etl.distinct import LOG_BUCKETS, RELATIVE_ERROR
from etl.histogram import Histogram, joined
from etl.measure import EXAMPLES, KLL_SIZE, MOST_REASONS, SHOWN_CHARACTERS
from etl.table_schema import NUMERIC, Field, Schema

# Distinct values that are counted exactly: three quarters of two to this power.
LOG_COUNTED = 13
SHOWN_VALUES = 10
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
MOST_POINTS = 200
EXACT_IN_JSON = 2**53
EPOCH = datetime(1970, 1, 1)
DAY = 86_400_000_000  # microseconds


class Profile:
    """What is known of a table's columns so far; its size doesn't depend on how many rows there are."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.rows = 0
        self.columns = [_Column(column) for column in schema.fields]
        self.rejects: dict[tuple[str | None, str], list[Any]] = {}
        self.points: list[tuple[float, int]] = [(0.0, 0)]

    def add(self, part: bytes, seconds: float, rows_read: int) -> None:
        """A block's part. seconds: since the load began. rows_read: with this block."""
        block = json.loads(part)
        self.rows += block["rows"]
        for column, found in zip(self.columns, block["columns"], strict=True):
            column.add(found)
        for column_name, reason, count, examples in block["rejects"]:
            if (column_name, reason) in self.rejects or len(self.rejects) < MOST_REASONS:
                entry = self.rejects.setdefault((column_name, reason), [0, []])
                entry[0] += count
                entry[1] = sorted(entry[1] + examples)[:EXAMPLES]  # blocks may come in any order
        self.points.append((seconds, rows_read))
        if len(self.points) > 2 * MOST_POINTS:
            self.points = [self.points[0], *self.points[2::2]]

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON values, as etl_loads keeps it."""
        rejects = sorted(self.rejects.items(), key=lambda item: -item[1][0])
        return {
            "rows": self.rows,
            "columns": [column.as_json() for column in self.columns],
            "rejects": [
                {"reason": reason, "column": column, "count": count,
                 "examples": [{"line": line, "raw": raw} for line, raw in examples]}
                for (column, reason), (count, examples) in rejects
            ],
            "speed": [{"seconds": round(seconds, 3), "rows": rows} for seconds, rows in self.points],
            "errors": {
                "distinct": round(RELATIVE_ERROR, 4),
                "quantiles": round(datasketches.kll_doubles_sketch(KLL_SIZE).normalized_rank_error(False), 4),
            },
        }  # fmt: skip


class _Column:
    """One column's statistics while blocks are added."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.missing = self.count = self.left_out = 0
        self.low: Any = None
        self.high: Any = None
        self.total = Fraction(0)
        self.lengths: list[int] | None = None
        self.bins: Histogram | None = None
        self.cut = False
        self.distinct = datasketches.hll_union(LOG_BUCKETS)
        self.quantiles = datasketches.kll_doubles_sketch(KLL_SIZE)
        self.frequent = datasketches.frequent_strings_sketch(LOG_COUNTED)

    def add(self, part: dict[str, Any]) -> None:
        self.missing += part["missing"]
        self.count += part["count"]
        if "min" in part:
            low, high = self._comparable(part["min"]), self._comparable(part["max"])
            self.low = low if self.low is None else min(self.low, low)
            self.high = high if self.high is None else max(self.high, high)
        if "values" in part:
            for value, count in zip(part["values"], part["counts"], strict=True):
                self.frequent.update(str(value), count)
            self.left_out += part["left_out"]
        if "hll" in part:
            self.distinct.update(datasketches.hll_sketch.deserialize(base64.b64decode(part["hll"])))
        if "kll" in part:
            self.quantiles.merge(datasketches.kll_doubles_sketch.deserialize(base64.b64decode(part["kll"])))
            rung, first, counts = part["bins"]
            self.bins = joined(self.bins, Histogram(self.field.type, rung, first, tuple(counts)))
        if "sum" in part:
            self.total += Fraction(part["sum"])
        if "lengths" in part:
            self._add_lengths(*part["lengths"])

    def _comparable(self, value: Any) -> Any:
        return Decimal(value) if self.field.type == "decimal" else value

    def _add_lengths(self, least: int, most: int, total: int) -> None:
        self.cut = self.cut or most > SHOWN_CHARACTERS
        if self.lengths is not None:
            least, most, total = min(least, self.lengths[0]), max(most, self.lengths[1]), total + self.lengths[2]
        self.lengths = [least, most, total]

    def as_json(self) -> dict[str, Any]:
        """The column's entry in the profile."""
        counted = self.frequent.get_frequent_items(datasketches.NO_FALSE_NEGATIVES)
        missed = self.left_out + max((upper - lower for _value, _estimate, lower, upper in counted), default=0)
        exact = missed == 0 and not self.cut
        out = {
            "name": self.field.name, "original": self.field.original, "type": self.field.type,
            "reason": self.field.reason, "missing": self.missing, "count": self.count,
            "distinct": len(counted) if exact else min(round(self.distinct.get_estimate()), self.count),
            "distinct_is_exact": exact, "min": self._shown(self.low), "max": self._shown(self.high),
        }  # fmt: skip
        if self.field.type in NUMERIC:
            out |= {"mean": self._mean(), "sum": self._sum()}
        if self.bins is not None:
            out |= {"quantiles": self._quantiles(), "histogram": self._histogram(self.bins)}
        out["most_frequent"] = [
            {"value": self._shown(self._read(value)), "count": lower}
            for value, _estimate, lower, _upper in sorted(counted, key=lambda item: (-item[2], item[0]))[:SHOWN_VALUES]
            if lower > missed  # or one that isn't counted may be more frequent
        ]
        out["most_frequent_is_exact"] = missed == 0
        if self.lengths is not None:
            least, most, total = self.lengths
            out["lengths"] = {"min": least, "max": most, "mean": total / self.count}
        return out

    def _mean(self) -> float | None:
        return float(self.total / self.count) if self.count else None

    def _sum(self) -> int | float | str:
        if self.field.type == "number" and abs(self.total) <= sys.float_info.max:
            return float(self.total)
        with localcontext(Context(prec=10_000)):
            total = Decimal(self.total.numerator) / self.total.denominator
        return _number(int(total)) if self.field.type == "integer" else format(total, "f")

    def _quantiles(self) -> dict[str, Any]:
        found = self.quantiles.get_quantiles(list(QUANTILES))
        return {str(rank): self._shown(self._rounded(value)) for rank, value in zip(QUANTILES, found, strict=True)}

    def _histogram(self, bins: Histogram) -> dict[str, Any]:
        return {"edges": [self._shown(edge) for edge in bins.edges()], "counts": list(bins.counts)}

    def _rounded(self, value: float) -> Any:
        return value if self.field.type in ("number", "decimal") else int(value)

    def _read(self, value: str) -> Any:
        """A counted value as it was before it was a text."""
        if self.field.type in ("text", "decimal"):
            return value
        if self.field.type == "boolean":
            return value == "True"
        return float(value) if self.field.type == "number" else int(value)

    def _shown(self, value: Any) -> Any:
        """As a JSON value. Numbers that JSON's readers would round are strings, and so are dates and times."""
        if value is None or isinstance(value, (bool, str, float)):
            return value
        if self.field.type == "date":
            return _day(value)
        if self.field.type in ("time", "datetime"):
            return _moment(value, self.field)
        return _number(value)


def _number(value: int | Decimal) -> int | str:
    if isinstance(value, Decimal):
        return format(value, "f")
    return value if abs(value) <= EXACT_IN_JSON else str(value)


def _day(days: int) -> str:
    """A date from its days since 1970, kept within the calendar: an edge of the histogram may lie outside."""
    return date.fromordinal(min(max(days + EPOCH.toordinal(), 1), date.max.toordinal())).isoformat()


def _moment(microseconds: int, field: Field) -> str:
    least, most = ((end - EPOCH) // timedelta(microseconds=1) for end in (datetime.min, datetime.max))
    moment = EPOCH + timedelta(microseconds=min(max(microseconds, least), most))
    if field.type == "time":
        return moment.time().isoformat() if microseconds < DAY else "24:00:00"
    return (moment.replace(tzinfo=UTC) if field.zoned else moment).isoformat()
