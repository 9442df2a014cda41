"""Keys that repeat or are missing: such rows are rejected, or the guess that a column is the key is contradicted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from sqlalchemy import Column, Connection, MetaData, Table, and_, select

from etl.clean import Cleaned
from etl.limits import take_out
from etl.problems import Contradicted
from etl.table_schema import Schema
from etl.write import ROW_NUMBER, Writer, unique_sets
from models import BigId


def without_repeats(cleaned: Cleaned, schema: Schema, raw: Callable[[int], str]) -> None:
    """Reject rows whose key stands further up in the block, or contradict the guess that it is a key."""
    if schema.key and not schema.key_declared:
        missing = cleaned.rows[list(schema.key)].isna().any(axis=1).to_numpy()
        if missing.any():
            line = int(cleaned.lines[np.flatnonzero(missing)[0]])
            raise Contradicted("key", f"it is missing in line {line}")
    for columns in unique_sets(schema):
        values = cleaned.rows[list(columns)]
        if len(columns) == 1 and _ascends(values[columns[0]]):
            continue
        repeats = values.duplicated(keep="first").to_numpy() & values.notna().all(axis=1).to_numpy()
        reject_repeats(cleaned, repeats, columns, schema, raw)


def _ascends(values: pd.Series) -> bool:
    """Whether these are integers, each larger than the one before, as numbered rows are; then none repeats."""
    if not pd.api.types.is_integer_dtype(values.dtype) or values.isna().any():
        return False
    numbers = values.to_numpy(dtype=np.int64)
    return bool((numbers[1:] > numbers[:-1]).all())


def reject_repeats(
    cleaned: Cleaned, repeats: np.ndarray, columns: tuple[str, ...], schema: Schema, raw: Callable[[int], str]
) -> None:
    """Take the repeating rows out of the block. Raises Contradicted("key") when the key was a guess."""
    if not repeats.any():
        return
    places = np.flatnonzero(repeats)
    if columns == schema.key and not schema.key_declared:
        value = cleaned.rows[columns[0]].iloc[places[0]]
        raise Contradicted("key", f"{value!r} repeats in line {int(cleaned.lines[places[0]])}")
    kind = "key repeats" if columns == schema.key else f"unique: {columns[0]}"
    why = {}
    for place in places.tolist():
        shown = ", ".join(str(value) for value in cleaned.rows.iloc[place][list(columns)])
        why[place] = (f"{kind}: {', '.join(columns)} {shown} stands in an earlier row", kind)
    take_out(cleaned, why, raw)


def taken_keys(
    connection: Connection, writer: Writer, table: Table, rows: pd.DataFrame, columns: tuple[str, ...]
) -> np.ndarray:
    """Which rows have values in `columns` that the table has already. Makes a table of its own: roll back after it."""
    # The database compares, so that whatever it takes for equal is.
    keys = [Column(name, table.c[name].type) for name in columns]
    mine = Table(
        f"{table.name}_keys", MetaData(), Column(ROW_NUMBER, BigId, primary_key=True, autoincrement=False), *keys
    )
    mine.create(connection)
    writer.take(connection, mine, rows[list(columns)])
    same = and_(*(mine.c[name] == table.c[name] for name in columns))
    taken = set(connection.execute(select(mine.c[ROW_NUMBER]).join(table, same)).scalars())
    return rows.index.isin(taken)
