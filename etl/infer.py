"""What the values of a column prove together, and the type that follows.

Evidence adds up: that of a file is the sum of that of its blocks, in any order. The types of a load are first decided
on a sample; when a block contradicts them, on the evidence of the whole file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from etl.rules import look
from etl.table_schema import NUMERIC, Field, Schema

# A type that so few values (one in twenty) make wider than the others' is worth telling.
FEW = 20
# Up to this share of a column's values may be noise before it is data; 1/4 in whole numbers.
NOISE_SHARE = 4


@dataclass
class Evidence:
    """How many values of a column look like what, and one example with its line of each kind of contradiction."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, tuple[str, int]] = field(default_factory=dict)

    def add(self, text: str, *, times: int = 1, line: int = 0) -> None:
        """Count one value (trimmed, not empty)."""
        seen = look(text)
        self.counts[seen.kind] += times
        for feature in seen.features:
            self.counts[feature] += times
        for name in (seen.kind, *seen.features):
            self.examples.setdefault(name, (text, line))

    def update(self, other: Evidence) -> None:
        """Add what another part of the file proves."""
        self.counts.update(other.counts)
        for name, example in other.examples.items():
            if name not in self.examples or 0 < example[1] < self.examples[name][1]:
                self.examples[name] = example

    @property
    def values(self) -> int:
        """Values that are not missing."""
        return sum(self.counts[kind] for kind in ("number", "moment", "flag", "word", "bad_date", "other"))

    def example(self, *names: str) -> str:
        """The first example of one of `names`, as a phrase."""
        for name in names:
            if name in self.examples:
                text, line = self.examples[name]
                return f"{text[:60]!r}" + (f" in line {line}" if line else "")
        return "nothing"


@dataclass(frozen=True)
class Hints:
    """What the rest of the file says where one column leaves two readings open."""

    decimal_mark: str = ""
    day_first: bool | None = None


def hints_of(columns: Sequence[Evidence], delimiter: str, *, day_first: bool | None = None) -> Hints:
    """Decimal mark: the one that any column proves and none disproves; else the comma where ";" delimits."""
    point = any(_proves_point(evidence.counts) for evidence in columns)
    comma = any(_proves_comma(evidence.counts) for evidence in columns)
    mark = "," if comma and not point else "." if point and not comma else "," if delimiter == ";" and not point else ""
    return Hints(mark, day_first)


def _proves_point(counts: Counter[str]) -> bool:
    return counts["decimal ."] > 0 or counts["groups ,"] > 0


def _proves_comma(counts: Counter[str]) -> bool:
    return counts["decimal ,"] > 0 or (
        counts["groups ."] > 0 and counts["number"] == counts["groups ."] + counts["open ."]
    )


def decide(evidence: Evidence, column: Field, hints: Hints) -> Field:
    """The column with the type that the evidence leaves, and the reason."""
    if column.declared:
        return _in_its_writing(evidence, column, hints)
    counts, values = evidence.counts, evidence.values
    plain = replace(column, type="text", wordy=counts["number"] + counts["moment"] + counts["other"] == 0)
    if values == 0:
        return replace(plain, reason="no values", wordy=False)
    noise = counts["word"] + counts["bad_date"]
    if counts["other"]:
        reason = f"{evidence.example('other')} is neither a number nor a date"
        return replace(plain, reason=reason + _way_out(evidence, plain, hints, "other"))
    if counts["flag"] and not counts["moment"] and counts["number"] == counts["zero_one"] and counts["flag"] >= noise:
        decided = _decide_boolean(evidence, plain, noise)
        if decided.type == "boolean" or not counts["number"]:
            return decided
    if counts["flag"] and (few := counts["number"] - counts["zero_one"] + counts["moment"]) and few * FEW <= values:
        return replace(plain, reason=f"{evidence.example('bare', 'moment')} is no boolean" + _advice(plain, "boolean"))
    noise += counts["flag"]
    if counts["number"] and counts["moment"]:
        rarer = "moment" if counts["moment"] < counts["number"] else "number"
        reason = f"numbers and dates ({evidence.example('moment')}, {evidence.example('number')})"
        return replace(plain, reason=reason + _way_out(evidence, plain, hints, rarer))
    if not counts["number"] and not counts["moment"]:
        return replace(plain, reason="words")
    if noise * NOISE_SHARE > values:
        share = 100 * noise / values
        return replace(
            plain, reason=f"{share:.0f}% are words or impossible dates ({evidence.example('word', 'flag', 'bad_date')})"
        )
    if counts["number"]:
        return _decide_number(evidence, plain, hints)
    return _decide_moment(evidence, plain, hints)


def _decide_boolean(evidence: Evidence, plain: Field, noise: int) -> Field:
    counts = evidence.counts
    letters = counts["true_letter"] + counts["false_letter"]
    both = counts["true_letter"] and counts["false_letter"]
    if letters and not both and not counts["flag_word"] and not counts["number"]:
        return replace(plain, reason=f"one letter only ({evidence.example('true_letter', 'false_letter')})")
    if noise * NOISE_SHARE > evidence.values:
        return replace(plain, reason=f"more than a quarter are other words ({evidence.example('word')})")
    return replace(plain, type="boolean", reason="yes and no, true and false, or the like")


def _decide_number(evidence: Evidence, plain: Field, hints: Hints) -> Field:
    counts = evidence.counts
    currencies = [name for name in counts if name.startswith("currency ") and counts[name]]
    if len(currencies) > 1:
        first, second = (evidence.example(name) for name in sorted(currencies)[:2])
        rarer = min(currencies, key=lambda name: counts[name])
        return replace(plain, reason=f"two currencies ({first}, {second})" + _way_out(evidence, plain, hints, rarer))
    if counts["percent"] and counts["bare"]:
        reason = f"with and without % ({evidence.example('percent')}, {evidence.example('bare')})"
        return replace(plain, reason=reason + _way_out(evidence, plain, hints, "percent"))
    if counts["plus_integer"] and not counts["minus"]:
        return replace(plain, reason=f"a leading + may be part of a code ({evidence.example('plus_integer')})")
    mark = _decimal_mark(counts, hints)
    if not mark:
        return replace(
            plain,
            reason=f"numbers written in two ways ({evidence.example('decimal .', 'groups ,', 'open .')}, "
            f"{evidence.example('decimal ,', 'groups .', 'open ,')})",
        )
    written = replace(
        plain,
        decimal_mark=mark,
        group_mark=next((group for group in (" ", "'") if counts[f"groups {group}"]), "." if mark == "," else ","),
        currency=currencies[0].removeprefix("currency ") if currencies else "",
        percent=counts["percent"] > 0,
        bare=counts["bare"] > 0,
    )
    fractions = counts[f"decimal {mark}"] + counts[f"open {mark}"] + counts["exponent"]
    if not fractions:
        if counts["beyond_64_bits"]:
            reason = f"{evidence.example('beyond_64_bits')} is beyond 64 bits"
            advice = _advice(plain, "integer") if counts["beyond_64_bits"] * FEW <= evidence.values else ""
            return replace(written, type="decimal", reason=reason + advice)
        return replace(written, type="integer", reason="whole numbers")
    advice = _advice(plain, "integer") if fractions * FEW <= evidence.values else ""
    if counts["exact"] or counts["wide"]:
        reason = f"{evidence.example('exact', 'wide')} is more exact than a double"
        few = (counts["exact"] + counts["wide"]) * FEW <= evidence.values
        return replace(written, type="decimal", reason=reason + (advice or (_advice(plain, "number") if few else "")))
    reason = f"numbers ({evidence.example(f'decimal {mark}', f'open {mark}', 'exponent')})"
    return replace(written, type="number", reason=reason + advice)


def _advice(column: Field, narrower: str) -> str:
    return f" (--type {column.name}={narrower} would set such values aside)"


def _way_out(evidence: Evidence, plain: Field, hints: Hints, few: str) -> str:
    """The type that the column would have without its few values of one kind, as advice; "" if they are not few."""
    if not 0 < evidence.counts[few] * FEW <= evidence.values:
        return ""
    counts = evidence.counts.copy()
    counts[few] = 0
    others = decide(Evidence(counts, evidence.examples), plain, hints)
    return "" if others.type == "text" else _advice(plain, others.type)


def _decimal_mark(counts: Counter[str], hints: Hints) -> str:
    """ "." or ","; "" when the column proves both."""
    point = counts["decimal ."] > 0 or counts["groups ,"] > 0
    comma = counts["decimal ,"] > 0 or counts["groups ."] > 0
    if point and comma:
        return ""
    if point or comma:
        return "." if point else ","
    if counts["open ,"] and counts["open ."]:
        return ""
    return hints.decimal_mark or "."


def _decide_moment(evidence: Evidence, plain: Field, hints: Hints) -> Field:
    counts = evidence.counts
    if counts["time"]:
        if counts["date"] or counts["datetime"]:
            return replace(
                plain, reason=f"times and dates ({evidence.example('time')}, {evidence.example('date', 'datetime')})"
            )
        return replace(plain, type="time", reason="times of day")
    if counts["order day"] and counts["order month"]:
        return replace(
            plain,
            reason=f"days first and months first ({evidence.example('order day')}, {evidence.example('order month')})",
        )
    order = "day" if counts["order day"] else "month" if counts["order month"] else ""
    if counts["order either"] and not order:
        if hints.day_first is None:
            return replace(
                plain, reason=f"day or month first? {evidence.example('order either')} leaves it open; see --day-first"
            )
        order = "day" if hints.day_first else "month"
    if counts["zoned"] and (counts["naive"] or counts["date"]):
        return replace(
            plain,
            reason=f"with and without a time zone ({evidence.example('zoned')}, {evidence.example('naive', 'date')})",
        )
    kind = "datetime" if counts["datetime"] else "date"
    few = kind == "datetime" and 0 < counts["datetime"] * FEW <= evidence.values
    reason = f"{kind}s ({evidence.example(kind)})" + (_advice(plain, "date") if few else "")
    return replace(plain, type=kind, date_order=order, zoned=counts["zoned"] > 0, reason=reason)


def _in_its_writing(evidence: Evidence, column: Field, hints: Hints) -> Field:
    """A column of declared type: only how its values are written is still open."""
    counts = evidence.counts
    if column.type in NUMERIC and (column.decimal_mark, column.group_mark) == (".", ","):
        mark = "." if _proves_point(counts) else "," if _proves_comma(counts) else hints.decimal_mark or "."
        currencies = [name.removeprefix("currency ") for name in counts if name.startswith("currency ")]
        return replace(
            column,
            decimal_mark=mark,
            group_mark="." if mark == "," else ",",
            percent=column.percent or counts["percent"] > 0,
            currency=column.currency or (currencies[0] if currencies else ""),
        )
    if column.type in ("date", "datetime"):
        order = "day" if counts["order day"] else "month" if counts["order month"] else ""
        if hints.day_first is not None:
            order = "day" if hints.day_first else "month"
        zoned = column.zoned or (counts["zoned"] > 0 and counts["zoned"] >= counts["naive"])
        return replace(column, date_order=column.date_order or order or "month", zoned=zoned)
    return column


def decide_all(
    evidence: Sequence[Evidence], schema: Schema, delimiter: str, *, day_first: bool | None = None
) -> Schema:
    """Every column's type by the evidence of all."""
    hints = hints_of(evidence, delimiter, day_first=day_first)
    decided = (decide(one, column, hints) for one, column in zip(evidence, schema.fields, strict=True))
    return replace(schema, fields=tuple(decided))
