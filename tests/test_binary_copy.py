"""Rows in the binary format of PostgreSQL's COPY: what a real server reads from them."""

import datetime as dt

import psycopg
import pyarrow as pa
import pytest

from etl.write.binary_copy import binary_copy

UTC = dt.UTC
COLUMNS = {
    "BIGINT": pa.array([0, -1, 2**63 - 1, -(2**63), None]),
    "DOUBLE PRECISION": pa.array([0.1, -0.0, 1.7976931348623157e308, 5e-324, None]),
    "BOOLEAN": pa.array([True, False, None, True, False]),
    "DATE": pa.array([dt.date(2000, 1, 1), dt.date(1, 1, 1), dt.date(9999, 12, 31), None, dt.date(1969, 12, 31)]),
    "TIME": pa.array([dt.time(0), None, dt.time(23, 59, 59, 999_999), dt.time(12, 30), dt.time(0, 0, 0, 1)]),
    "TIMESTAMP": pa.array(
        [dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999_999), None, dt.datetime(2000, 1, 1), None]
    ),
    "TIMESTAMP WITH TIME ZONE": pa.array(
        [None, dt.datetime(1999, 12, 31, 23, tzinfo=UTC), dt.datetime(2024, 2, 29, tzinfo=UTC), None, None],
        pa.timestamp("us", tz="UTC"),
    ),
    "TEXT": pa.array(["", None, 'a,b\n"c"\t\\N', "\N{GRINNING FACE}é", "x" * 100_000]),
}


@pytest.fixture
def connection(postgresql_url):
    with psycopg.connect(postgresql_url) as connection:
        connection.execute("SET TIME ZONE 'UTC'")
        yield connection


def copied(connection, columns):
    types = ", ".join(f"c{place} {name}" for place, name in enumerate(columns))
    connection.execute(f"CREATE TABLE t ({types}, place SERIAL)")
    names = ", ".join(f"c{place}" for place in range(len(columns)))
    with connection.cursor().copy(f"COPY t ({names}) FROM STDIN (FORMAT binary)") as copy:
        copy.write(binary_copy(list(columns.values())))
    return connection.execute(f"SELECT {names} FROM t ORDER BY place").fetchall()


def test_every_type_arrives_as_it_was_with_what_is_missing(connection):
    assert copied(connection, COLUMNS) == list(zip(*(column.to_pylist() for column in COLUMNS.values()), strict=True))


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_column_alone_with_nothing_missing_arrives(connection, kind):
    whole = COLUMNS[kind].drop_null()
    assert copied(connection, {kind: whole}) == [(value,) for value in whole.to_pylist()]


@pytest.mark.parametrize("rows", [0, 3])
def test_parts_of_arrays_and_columns_without_a_value_arrive(connection, rows):
    columns = {kind: column.slice(1, rows) for kind, column in COLUMNS.items()}
    columns |= {f"{kind} NULL": pa.nulls(rows, column.type) for kind, column in COLUMNS.items()}
    assert copied(connection, columns) == list(zip(*(column.to_pylist() for column in columns.values()), strict=True))
