"""Frame -> frame: read a block's text in its columns' types, and judge every row and cell.

`columns` reads what is written in the common ways, all at once. What it leaves goes to `rules.read` here, one distinct
value at a time.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from etl import constraints, rules
from etl.columns import arrow_type, as_array, read_common, trimmed, without
from etl.parse import LONG, SINGLE, WHOLE, Parsed
from etl.table_schema import NUMERIC, Field, Schema


@dataclass
class Reject:
    """A row that is not loaded, or the cell of `column` that is loaded as NULL."""

    line: int
    row_number: int
    column: str | None
    reason: str
    raw: str
    kind: str  # what the summary counts it under


def place_in_file(reject: Reject) -> tuple[int, int]:
    """What rejects are sorted by."""
    return reject.line, reject.row_number


@dataclass
class Cleaned:
    """One block, read and judged.

    rows: the accepted ones, index = record number, the schema's columns in their types (Arrow-backed; the dtypes
    depend on the schema alone). lines: their physical lines. rejects: rows and cells, in the file's order.
    contradictions: for a guessed column, a value that its type can't keep, and its line. noise, values: per guessed
    column, how many were set aside as noise and how many there were. places: of the accepted rows in the block.
    """

    rows: pd.DataFrame
    lines: np.ndarray
    rejects: list[Reject]
    contradictions: dict[str, tuple[str, int]] = field(default_factory=dict)
    noise: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    places: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))


@dataclass(frozen=True)
class Cleaning:
    """What is cleaned besides types. verbatim: nothing is, as with --text. null_tokens: missing in every column."""

    verbatim: bool = False
    null_tokens: tuple[str, ...] = ()
    fills: tuple[tuple[str, Any], ...] = ()  # column name, value of the column's type
    fill_missing: bool = False
    tasks: bool = False  # whether the rows are to be tasks: see etl/tasks_of.py


def clean(parsed: Parsed, schema: Schema, cleaning: Cleaning) -> Cleaned:
    """Read and judge one block. Bad data never raises."""
    judge, frame = _Judge(parsed, schema, cleaning), parsed.frame
    columns = [judge.column(column, as_array(frame.iloc[:, place])) for place, column in enumerate(schema.fields)]
    judge.repaired_rows(columns)
    judge.header_lines()
    columns = [_filled(values, column, cleaning) for values, column in zip(columns, schema.fields, strict=True)]
    judge.constraints(columns)
    return judge.verdict(columns)


class _Judge:
    """One block while it is being judged."""

    def __init__(self, parsed: Parsed, schema: Schema, cleaning: Cleaning) -> None:
        self.parsed, self.schema, self.cleaning = parsed, schema, cleaning
        self.row_reasons: dict[int, tuple[str, str]] = {}  # place -> (reason, kind)
        self.cells: list[tuple[int, str, str, str]] = []  # place, column, what it is instead of a value, raw
        self.noisy: dict[int, set[str]] = {}  # place -> columns whose cell was noise
        self.contradictions: dict[str, tuple[str, int]] = {}
        self.noise: Counter[str] = Counter()
        self.values: Counter[str] = Counter()
        self.repaired = np.flatnonzero(parsed.repaired != WHOLE)
        self.texts: list[pa.Array] = []

    # -- columns --

    def column(self, column: Field, text: pa.Array) -> pa.Array:
        """The column's values in its type; what doesn't fit is NULL and noted."""
        if self.cleaning.verbatim:
            self.texts.append(text)
            return text
        text = trimmed(text)
        self.texts.append(text)
        text = without(text, self.cleaning.null_tokens + (column.missing_values or ()))
        if column.type == "text":
            return text
        values, rest = read_common(text, column)
        if rest is not None:
            values = self._read_rest(column, text, values, np.flatnonzero(rest))
        if not column.declared:
            self.values[column.name] += len(values) - values.null_count + self.noise[column.name]
        return values

    def _read_rest(self, column: Field, text: pa.Array, values: pa.Array, rest: np.ndarray) -> pa.Array:
        """Read distinct values one by one, and put them in place."""
        words = text.take(pa.array(rest)).dictionary_encode()
        codes = words.indices.to_numpy()
        by_word = rest[np.argsort(codes, kind="stable")]
        ends = np.cumsum(np.bincount(codes)).tolist()
        found: list[Any] = []
        for word, begin, end in zip(words.dictionary.to_pylist(), [0, *ends], ends, strict=False):
            verdict, value = _read_one(word, column)
            found.append(value)
            if verdict:
                self._note(column, word, verdict, by_word[begin:end])
        patch = pa.array(found, type=arrow_type(column)).take(words.indices)
        mask = np.zeros(len(values), dtype=bool)
        mask[rest] = True
        return pc.replace_with_mask(values, pa.array(mask), patch)

    def _note(self, column: Field, word: str, verdict: str, places: np.ndarray) -> None:
        whole = places[self.parsed.repaired[places] == WHOLE]
        if verdict == "contradiction":
            if len(whole) and column.name not in self.contradictions:
                self.contradictions[column.name] = (word, int(self.parsed.lines[whole[0]]))
            verdict = f"no {column.type}"
        elif not column.declared:
            self.noise[column.name] += len(whole)
        for place in places.tolist():
            self.cells.append((place, column.name, verdict, word))
            self.noisy.setdefault(place, set()).add(column.name)

    # -- rows --

    def reject(self, place: int, reason: str, kind: str) -> None:
        self.row_reasons.setdefault(place, (reason, kind))

    def repaired_rows(self, columns: list[pa.Array]) -> None:
        """A row that was made to fit counts only if its cells fit too: otherwise they may be in the wrong columns."""
        if self.cleaning.verbatim:
            return
        for place in self.repaired.tolist():
            misfit = self._misplaced(place)
            if misfit or (self.parsed.repaired[place] == SINGLE and self.schema.fields[0].type == "text"):
                self.reject(place, _width_reason(self.parsed, place, len(columns), misfit), "fields")

    def _misplaced(self, place: int) -> str:
        if place in self.noisy:
            return min(self.noisy[place])
        for column, text in zip(self.schema.fields, self.texts, strict=True):
            if column.type == "text" and column.wordy:
                cell = text[place].as_py()
                if cell and rules.look(cell).kind in ("number", "moment"):
                    return column.name
        return ""

    def header_lines(self) -> None:
        """A row with nothing but words in all typed columns is the header of another table."""
        typed = [
            place for place, column in enumerate(self.schema.fields) if column.type != "text" and not column.declared
        ]
        if len(typed) < 2:
            return
        for place, noisy in self.noisy.items():
            if len(noisy) < 2 or place in self.row_reasons:
                continue
            cells = [self.texts[column][place].as_py() for column in typed]
            if all(cells) and len(noisy) == len(typed) and (self.parsed.apart[place] or len(typed) > 2):
                self.reject(
                    place, "words in every column of numbers or dates: the header of another table?", "another header"
                )

    def constraints(self, columns: list[pa.Array]) -> None:
        """What the schema demands of values beside their type."""
        for column, values in zip(self.schema.fields, columns, strict=True):
            for kind, broken in constraints.broken(values, column):
                for place in np.flatnonzero(broken).tolist():
                    shown = values[place].as_py()
                    reason = constraints.reason(column, kind, shown)
                    self.reject(place, reason, f"{column.name}: {kind}")
        if self.schema.key_declared:
            for name in self.schema.key:
                values = columns[self.schema.names().index(name)]
                for place in np.flatnonzero(values.is_null().to_numpy(zero_copy_only=False)).tolist():
                    self.reject(place, f"the key {name} is missing", "key missing")

    # -- the verdict --

    def verdict(self, columns: list[pa.Array]) -> Cleaned:
        accepted = np.ones(len(self.parsed.lines), dtype=bool)
        accepted[list(self.row_reasons)] = False
        keep = None if accepted.all() else pa.array(np.flatnonzero(accepted))
        frame = pd.DataFrame(
            {
                column.name: pd.array(values if keep is None else values.take(keep), dtype=pd.ArrowDtype(values.type))
                for column, values in zip(self.schema.fields, columns, strict=True)
            },
            index=self.parsed.frame.index[accepted],
        )
        return Cleaned(
            frame, self.parsed.lines[accepted], self._rejects(),
            self.contradictions, self.noise, self.values, np.flatnonzero(accepted),
        )  # fmt: skip

    def _rejects(self) -> list[Reject]:
        parsed, numbers = self.parsed, self.parsed.frame.index
        out = [Reject(bad.line, bad.row_number, None, bad.reason, bad.raw, _kind_of(bad.reason)) for bad in parsed.bad]
        for place, (reason, kind) in self.row_reasons.items():
            out.append(Reject(int(parsed.lines[place]), int(numbers[place]), None, reason, parsed.raw(place), kind))
        for place, column, verdict, raw in self.cells:
            if place not in self.row_reasons:
                line = int(parsed.lines[place])
                reason = f"{raw[:60]!r} is {verdict}"
                out.append(Reject(line, int(numbers[place]), column, reason, raw, f"{column}: {verdict}"))
        return sorted(out, key=place_in_file)


def _kind_of(reason: str) -> str:
    return "fields" if "fields" in reason else "a quote" if "quote" in reason else "a line end"


def _width_reason(parsed: Parsed, place: int, width: int, misfit: str) -> str:
    because = f", and what stands in {misfit} doesn't belong there" if misfit else ""
    written = "too many" if parsed.repaired[place] == LONG else "too few"
    return f"{written} fields where {width} are expected{because}"


def _read_one(word: str, column: Field) -> tuple[str, Any]:
    """(verdict, value): verdict "" for a value or a missing one, "contradiction", or as what the cell is set aside."""
    value = rules.read(word, column)
    seen = rules.look(word)
    if not column.declared and value is not None and _loses_digits(seen, column):
        return "contradiction", None
    if value is not None or (seen.kind == "missing" and column.missing_values is None):
        return "", value
    if column.declared:
        return f"no {column.type}", None
    if seen.kind == "bad_date":
        return "a date that no calendar has", None
    if rules.is_noise(word):
        return "a word", None
    return "contradiction", None


def _loses_digits(seen: rules.Look, column: Field) -> bool:
    if column.type == "number":
        return "exact" in seen.features or "wide" in seen.features
    if column.type in NUMERIC:  # a bare number among percentages and the like
        return ("percent" in seen.features and not column.percent) or ("bare" in seen.features and not column.bare)
    return False


def _filled(values: pa.Array, column: Field, cleaning: Cleaning) -> pa.Array:
    """NULL replaced by the value that --fill or --fill-missing gives; dates stay NULL under the latter."""
    for name, value in cleaning.fills:
        if name == column.name:
            return pc.fill_null(values, pa.scalar(value, type=values.type))
    if not cleaning.fill_missing or column.type in ("date", "time", "datetime"):
        return values
    empty: dict[str, Any] = {"text": "", "boolean": False, "decimal": "0"}
    return pc.fill_null(values, pa.scalar(empty.get(column.type, 0), type=values.type))
