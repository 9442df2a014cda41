"""Rows that can't be kept although they can be read: taken out of their block, each with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from etl.clean import Cleaned, Reject, place_in_file
from etl.columns import as_array

Why = tuple[str, str]  # the reason, and what the summary counts it under


def take_out(cleaned: Cleaned, why: Mapping[int, Why], raw: Callable[[int], str]) -> None:
    """Reject accepted rows. why: by their place in `cleaned.rows`; raw: of the row at a place of the block."""
    numbers = cleaned.rows.index.to_numpy()
    gone = {int(numbers[place]) for place in why}
    cleaned.rejects[:] = [
        reject for reject in cleaned.rejects if reject.column is None or reject.row_number not in gone
    ]
    for place, (reason, kind) in why.items():
        line, number = int(cleaned.lines[place]), int(numbers[place])
        cleaned.rejects.append(Reject(line, number, None, reason, raw(int(cleaned.places[place])), kind))
    cleaned.rejects.sort(key=place_in_file)
    stays = np.ones(len(numbers), dtype=bool)
    stays[list(why)] = False
    cleaned.rows, cleaned.lines, cleaned.places = cleaned.rows[stays], cleaned.lines[stays], cleaned.places[stays]


def without_nul(cleaned: Cleaned, raw: Callable[[int], str]) -> None:
    """Reject the rows with a NUL character in a text, for PostgreSQL can't keep one."""
    why: dict[int, Why] = {}
    for name in cleaned.rows.columns:
        for place in np.flatnonzero(_holds_nul(cleaned.rows[name])).tolist():
            why.setdefault(place, (f"the text of {name} holds a NUL character, which PostgreSQL can't keep", "NUL"))
    if why:
        take_out(cleaned, why, raw)


def _holds_nul(values: pd.Series) -> np.ndarray:
    column = as_array(values)
    if not pa.types.is_string(column.type):
        return np.zeros(len(column), dtype=bool)
    return pc.fill_null(pc.match_substring(column, "\x00"), False).to_numpy(zero_copy_only=False)
