"""A table that is replaced is gone, whatever hangs on it, and nobody waited long for it to go."""

import threading
import time

import pytest
from loading import Place

from database import database_url, open_engine, writing
from etl import discard

TWO = "id,name\n1,a\n2,b\n"
THREE = "id,name\n1,c\n2,d\n3,e\n"


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def left_over(place):
    return [name for name in place.tables() if name.startswith(discard.PREFIX)]


def execute(place, *statements):
    place.execute("PRAGMA foreign_keys = ON", *statements)


# What was there before, and what hangs on it.
BEFORE = {
    "of ours": (),
    "with an index": ("CREATE INDEX by_name ON t (name)", 'CREATE INDEX "a ""b" ON t (name)'),
    "with a view": ("CREATE VIEW v AS SELECT name FROM t",),
    "beside a broken view": ("CREATE VIEW v AS SELECT a FROM nowhere",),
    "with a trigger": ("CREATE TRIGGER g BEFORE DELETE ON t BEGIN SELECT raise(ABORT, 'no'); END",),
    "referred to": ("CREATE TABLE other (t_id INTEGER REFERENCES t (id))", "INSERT INTO other VALUES (NULL)"),
    "without rowid": ("DROP TABLE t", "CREATE TABLE t (id TEXT PRIMARY KEY) WITHOUT ROWID", "INSERT INTO t VALUES (7)"),
    "with columns called rowid": (
        "DROP TABLE t",
        "CREATE TABLE t (rowid TEXT, _rowid_ TEXT, oid TEXT)",
        "INSERT INTO t VALUES ('x', NULL, 'y'), (NULL, NULL, NULL)",
    ),
    "with rows far apart": ("INSERT INTO t VALUES (-9223372036854775808, 'low'), (9223372036854775807, 'high')",),
}


@pytest.mark.parametrize("before", BEFORE)
def test_a_table_that_is_replaced_leaves_nothing(place, before):
    place.load(TWO)
    execute(place, *BEFORE[before])
    assert place.load(THREE, "--if-exists", "replace").code == 0
    assert place.rows() == [(1, "c"), (2, "d"), (3, "e")]
    assert left_over(place) == []
    names = {name for (name,) in place.query("SELECT name FROM sqlite_schema WHERE type = 'index'")}
    assert not names & {"by_name", 'a "b'}
    if before == "referred to":
        execute(place, "INSERT INTO other VALUES (3)")


def test_what_a_killed_load_left_over_is_removed_by_the_next_one(place):
    place.load(TWO)
    execute(place, f"CREATE TABLE {discard.PREFIX}0 (a)", f"INSERT INTO {discard.PREFIX}0 VALUES (1)")
    place.load("x\n1\n", name="another.csv")
    assert left_over(place) == []


@pytest.mark.slow
def test_nobody_waits_for_a_large_table_to_go(place):
    place.load(TWO)
    table = f"{discard.PREFIX}0"
    numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)"
    execute(place, f"CREATE TABLE {table} AS {numbers} SELECT i, 'a text of some length ' || i AS t FROM n")
    engine = open_engine(database_url(str(place.database)))
    removal = threading.Thread(target=discard.remove, args=[engine])
    waits = []
    removal.start()
    while removal.is_alive():
        began = time.monotonic()
        with writing(engine) as connection:
            connection.exec_driver_sql("UPDATE t SET name = 'z' WHERE id = 1")
        waits.append(time.monotonic() - began)
    removal.join()
    engine.dispose()
    assert left_over(place) == []
    assert len(waits) > 10
    assert sorted(waits)[len(waits) // 2] < 0.5
