"""Make the CSV files that the benchmarks load: `python benchmarks/make_data.py clean|dirty ROWS FILE`.

The same arguments always make the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

ROWS_AT_ONCE = 100_000
FIRST = np.array(["Ann", "Bob", "Chloé", "Dmitri", "Eve", "Farid", "Greta", "Hiro", "Inès", "Jonas", "Kofi", "Lena"])
LAST = np.array(["Müller", "Smith", "García", "Ivanov", "Null", "O'Brien", "Tanaka", "Okafor", "Larsen", "Silva"])
CITY = np.array(["Berlin", "Paris", "São Paulo", "New York", "Lagos", "Osaka", "Kraków", "Lima", "Oslo", "Cairo"])
WORDS = np.array(["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda"])

CLEAN_HEADER = "id,customer,city,quantity,price,score,active,ordered_on,shipped_at,note"
DIRTY_HEADER = "id,Customer Name,City,Quantity,Unit Price,Total $,Discount,Active,Ordered On,Shipped At,Rating,Note"


def strings(values: np.ndarray) -> np.ndarray:
    return values.astype(str)


def join(columns: list[Any]) -> list[str]:
    return [",".join(row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def days(random: np.random.Generator, rows: int) -> np.ndarray:
    return np.datetime64("2015-01-01") + random.integers(0, 4000, rows).astype("timedelta64[D]")


def moments(random: np.random.Generator, rows: int) -> np.ndarray:
    return np.datetime64("2015-01-01T00:00:00") + random.integers(0, 345_600_000, rows).astype("timedelta64[s]")


def notes(random: np.random.Generator, rows: int) -> np.ndarray:
    picks = WORDS[random.integers(0, len(WORDS), (6, rows))]
    text = picks[0]
    for more in picks[1:]:
        text = np.char.add(np.char.add(text, " "), more)
    return text


def clean_rows(random: np.random.Generator, first: int, rows: int) -> list[str]:
    """Rows of ten well-formed columns, about 145 bytes each."""
    name = np.char.add(np.char.add(FIRST[random.integers(0, 12, rows)], " "), LAST[random.integers(0, 10, rows)])
    serial = np.char.add("customer ", strings(random.integers(10_000, 99_999, rows)))
    return join(
        [
            strings(np.arange(first, first + rows)),
            np.char.add(np.char.add(name, " "), serial),
            CITY[random.integers(0, 10, rows)],
            strings(random.integers(1, 100_000, rows)),
            strings(random.integers(100, 10_000_000, rows) / 100),
            strings(np.round(random.normal(0, 1000, rows), 6)),
            np.where(random.random(rows) < 0.5, "true", "false"),
            strings(days(random, rows)),
            np.char.replace(strings(moments(random, rows)), "T", " "),
            notes(random, rows),
        ]
    )


def sometimes(random: np.random.Generator, share: float, odd: np.ndarray | str, usual: np.ndarray) -> np.ndarray:
    return np.where(random.random(len(usual)) < share, odd, usual)


def dirty_rows(random: np.random.Generator, first: int, rows: int) -> list[str]:
    """Rows of twelve columns: money signs, mixed booleans, padding, missing tokens, 1% bad numbers, 0.1% ragged."""
    money = random.integers(100, 1_000_000, rows) / 100
    total = np.array([f'"${value:,.2f}"' if value >= 1000 else f"${value:.2f}" for value in (money * 3).tolist()])
    name = np.char.add(np.char.add(FIRST[random.integers(0, 12, rows)], " "), LAST[random.integers(0, 10, rows)])
    boolean = np.array(["yes", "No", "TRUE", "false", "Y", "n", "1", "0"])[random.integers(0, 8, rows)]
    missing = np.array(["NA", "n/a", "null", "-", "", "unknown"])[random.integers(0, 6, rows)]
    quantity = sometimes(random, 0.05, missing, strings(random.integers(1, 100_000, rows)))
    columns = [
        strings(np.arange(first, first + rows)),
        sometimes(random, 0.3, np.char.add(np.char.add("  ", name), " "), name),
        sometimes(random, 0.05, "", CITY[random.integers(0, 10, rows)]),
        sometimes(random, 0.01, "lots", quantity),
        np.char.add("$", strings(money)),
        total,
        np.char.add(strings(random.integers(0, 400, rows) / 10), "%"),
        boolean,
        strings(days(random, rows)),
        sometimes(random, 0.03, "N/A", np.char.replace(strings(moments(random, rows)), "T", " ")),
        sometimes(random, 0.01, "excellent", strings(random.integers(0, 50, rows) / 10)),
        np.char.add(np.char.add('"', notes(random, rows)), ', etc."'),
    ]
    lines = join(columns)
    for ragged in np.flatnonzero(random.random(rows) < 0.001).tolist():
        lines[ragged] += ",surplus"
    return lines


KINDS = {"clean": (CLEAN_HEADER, clean_rows), "dirty": (DIRTY_HEADER, dirty_rows)}


def make(kind: str, rows: int, target: Path) -> None:
    """Write `rows` rows of a kind to `target`."""
    header, some_rows = KINDS[kind]
    random = np.random.default_rng(7)
    with target.open("w", encoding="utf-8", newline="") as file:
        file.write(header + "\n")
        for first in range(1, rows + 1, ROWS_AT_ONCE):
            count = min(ROWS_AT_ONCE, rows + 1 - first)
            file.write("\n".join(some_rows(random, first, count)) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in KINDS:
        sys.exit(__doc__)
    make(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
