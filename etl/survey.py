"""Evidence gathered from a file: of a sample before a load begins, of all of it when a block contradicts that."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from etl.blocks import Block, Piece, Place, cut, start_of
from etl.columns import ISO_DATE, ISO_DATETIME, as_array, moments, trimmed, without
from etl.infer import Evidence
from etl.layout import Layout
from etl.numerals import CURRENCY
from etl.parse import WHOLE, Parsed, parse
from etl.records import find_records
from etl.source import Source
from etl.table_schema import Schema
from etl.text_encoding import to_utf8_in_any_case

# A file up to this size is its own sample; of a larger one, its head and pieces spread over all of it are read.
WHOLE_BYTES = 2 << 20
HEAD_BYTES = 1 << 19
PIECES, PIECE_BYTES = 24, 1 << 15
BLOCK_ROWS = 100_000
# A column that has data which is neither number nor date is looked at no further than this many values.
ENOUGH = 2_000

# What is common enough to be counted all at once: a pattern, and what `rules.look` says of every text that it matches.
DECIMALS = (
    r"(?:[1-9][0-9]{0,9}\.(?:[0-9]{1,2}|[0-9]{4,5})|[1-9][0-9]{0,4}\.[0-9]{6,10}|[1-9][0-9]{3,9}\.[0-9]{3}"
    r"|0\.[0-9]{0,10}[1-9]|0\.[1-9][0-9]{0,10})$"
)
COMMON = (
    (r"^[2-9]$|^[1-9][0-9]{1,14}$", ("number", "bare")),
    (r"^-[1-9][0-9]{0,14}$", ("number", "minus", "bare")),
    (f"^{DECIMALS}", ("number", "bare", "decimal .")),
    (f"^-{DECIMALS}", ("number", "minus", "bare", "decimal .")),
    (r"^[1-9][0-9]{0,2}\.[0-9]{3}$", ("number", "bare", "open .")),
)
SIGNED = f"^[-+() 0-9.,{CURRENCY}%]{{1,15}}$"
ISO = (
    (ISO_DATE, pa.date32(), ("moment", "date", "order iso")),
    (ISO_DATETIME, pa.timestamp("us"), ("moment", "datetime", "order iso", "naive")),
)


def sample(
    source: Source, layout: Layout, names: Sequence[str], missing: Sequence[tuple[str, ...]]
) -> tuple[list[Evidence], pd.DataFrame, bool]:
    """The evidence of a sample for each column, its rows (index = line), and whether it is the whole file.

    missing: for each column, texts that the user declared to be missing values.
    """
    evidence = [Evidence() for _name in names]
    complete = source.size <= WHOLE_BYTES
    parts = _sampled(source, layout, names, complete)
    # The first rows show which columns are text; of the others all the rest is looked at, at once.
    _count(parts[:1], evidence, range(len(names)), missing)
    _count(parts[1:], evidence, range(len(names)), missing)
    frames = [parsed.frame.set_axis(parsed.lines, axis="index") for parsed in parts]
    _with_lines(source, layout, evidence)
    rows = pd.concat(frames) if frames else pd.DataFrame(columns=list(names))
    return evidence, rows, complete


def _sampled(source: Source, layout: Layout, names: Sequence[str], complete: bool) -> list[Parsed]:
    place = start_of(layout, source)
    head_end = source.size if complete else place.offset + HEAD_BYTES
    parsed: list[Parsed] = []
    spans_lines, behind = False, place.offset
    for block in cut(source, layout, place, 5_000):
        parsed.append(parse(block, layout, names))
        spans_lines |= block.piece.lines > block.piece.rows * 1.2 + 2
        behind = block.piece.next_offset
        if behind >= head_end:
            break
    # Where records span lines, a place in the middle of the file may be in the middle of one.
    if not complete and not spans_lines:
        for offset in np.linspace(behind, source.size - PIECE_BYTES, PIECES).astype(int).tolist():
            piece = _piece(source, layout, offset)
            if piece is not None:
                parsed.append(parse(piece, layout, names))
    return parsed


def _with_lines(source: Source, layout: Layout, evidence: list[Evidence]) -> None:
    """Give examples from the middle of the file, which have the negative of an offset for a line, their line."""
    offsets = {-line for one in evidence for _text, line in one.examples.values() if line < 0}
    lines = {-offset: line for offset, line in lines_at(source, layout, offsets).items()}
    for one in evidence:
        one.examples = {name: (text, lines.get(line, line)) for name, (text, line) in one.examples.items()}


def lines_at(source: Source, layout: Layout, offsets: Collection[int]) -> dict[int, int]:
    """The physical lines at these offsets, found by counting all line ends before them."""
    mark = b"\r" if layout.dialect.newline == "cr" else b"\n"
    lines, position, count = {}, source.start, 1
    for offset in sorted(offsets):
        while passed := source.read(position, min(1 << 20, offset - position)):
            position += len(passed)
            count += passed.count(mark)
        lines[offset] = count
    return lines


def _piece(source: Source, layout: Layout, offset: int) -> Block | None:
    """A few records from the middle of the file; None where their beginning can't be told.

    Their lines are not known without reading all that is before them: each has the negative of its offset instead.
    """
    raw = source.read(offset, PIECE_BYTES)
    mark = b"\r" if layout.dialect.newline == "cr" else b"\n"
    begin, end = raw.find(mark) + 1, raw.rfind(mark) + 1
    if begin <= 0 or end <= begin:
        return None
    raw, offset = raw[begin:end], offset + begin
    text = to_utf8_in_any_case(raw, source.encoding)
    # Line ends, delimiters and quotes are the same bytes in both.
    there, found = find_records(raw, layout.dialect, final=False), find_records(text, layout.dialect, final=False)
    if not len(found) or len(found) != len(there) or found.odd.any():
        return None
    found = replace(found, lines=-(offset + there.starts))
    return Block(Piece(0, offset, len(raw), 1, 0, 0, len(found), found.line_count, offset, offset), text, found)


def survey(source: Source, layout: Layout, schema: Schema, missing: Sequence[tuple[str, ...]]) -> list[Evidence]:
    """The evidence of the whole file for the columns whose type is a guess other than text."""
    wanted = [place for place, column in enumerate(schema.fields) if column.type != "text" and not column.declared]
    return survey_columns(source, layout, schema, wanted, missing)


def survey_columns(
    source: Source, layout: Layout, schema: Schema, wanted: list[int], missing: Sequence[tuple[str, ...]]
) -> list[Evidence]:
    """The evidence of the whole file for the columns at these places."""
    evidence = [Evidence() for _field in schema.fields]
    place: Place = start_of(layout, source)
    for block in cut(source, layout, place, BLOCK_ROWS):
        # A column with data that is neither number nor date is text, whatever else is found.
        open_columns = [place for place in wanted if not evidence[place].counts["other"]]
        _count([parse(block, layout, schema.names())], evidence, open_columns, missing)
    return evidence


def _count(
    parts: Sequence[Parsed], evidence: list[Evidence], places: Sequence[int], missing: Sequence[tuple[str, ...]]
) -> None:
    """Add the evidence of some blocks. Rows that had to be repaired prove nothing: their cells may be in the wrong
    columns.
    """
    whole = [parsed.repaired == WHOLE for parsed in parts]
    lines = [parsed.lines[kept] for parsed, kept in zip(parts, whole, strict=True)]
    for place in places:
        if not parts or (evidence[place].counts["other"] and evidence[place].values > ENOUGH):
            continue  # text, whatever else is found
        columns = [as_array(parsed.frame.iloc[:, place]) for parsed in parts]
        text = [column.filter(pa.array(mask)) for column, mask in zip(columns, whole, strict=True)]
        count_texts(without(trimmed(pa.concat_arrays(text)), missing[place]), np.concatenate(lines), evidence[place])


def count_texts(text: pa.Array, lines: np.ndarray, evidence: Evidence) -> None:
    """Add the evidence of one column's values (trimmed, empty ones NULL)."""
    rest = pc.is_valid(text)
    for pattern, features in COMMON:
        if not pc.any(rest).as_py():
            return
        rest = _count_common(text, rest, pc.match_substring_regex(text, pattern), features, lines, evidence)
    for pattern, kind, features in ISO:
        shaped = pc.match_substring_regex(text, pattern)
        if moments(pc.if_else(shaped, text, pa.scalar(None, pa.string())), kind) is None:
            continue
        rest = _count_common(text, rest, shaped, features, lines, evidence)
    places = np.flatnonzero(pc.fill_null(rest, False).to_numpy(zero_copy_only=False))
    if not len(places):
        return
    shapes = shape(text.take(pa.array(places))).dictionary_encode()
    _codes, first, times = np.unique(shapes.indices.to_numpy(), return_index=True, return_counts=True)
    for where, count in zip(places[first].tolist(), times.tolist(), strict=True):
        evidence.add(text[where].as_py(), times=count, line=int(lines[where]))


def shape(text: pa.Array) -> pa.Array:
    """Texts that are alike only where `rules.look` says the same of them.

    With a currency or a percent sign, and so few digits, it doesn't matter which ones above 1 they are.
    """
    signed = pc.and_(pc.match_substring_regex(text, SIGNED), pc.match_substring_regex(text, f"[{CURRENCY}%]"))
    return pc.if_else(signed, pc.replace_substring_regex(text, "[3-9]", "2"), text)


def _count_common(
    text: pa.Array, rest: pa.Array, shaped: pa.Array, features: tuple[str, ...], lines: np.ndarray, evidence: Evidence
) -> pa.Array:
    """Count the shaped ones; what is left then."""
    shaped = pc.fill_null(shaped, False)
    count = pc.sum(shaped).as_py() or 0
    if not count:
        return rest
    first = int(np.flatnonzero(shaped.to_numpy(zero_copy_only=False))[0])
    example = text[first].as_py()
    for feature in features:
        evidence.counts[feature] += count
        evidence.examples.setdefault(feature, (example, int(lines[first])))
    return pc.and_(rest, pc.invert(shaped))
