"""Many rows come to a table with indexes: those are made anew for all rows, and are what they were."""

import pytest
from loading import Place, fine

pytestmark = pytest.mark.slow

FIRST = "id,a,b,c\n-2,1,one,5\n-1,2,two,6\n"
MANY = "id,a,b,c\n" + "".join(f"{n},{n * 7919 % 100_003},x{n % 97},{n % 7}\n" for n in range(100_000))
INDEXES = (
    'CREATE INDEX "a ""b""" ON t (a)',
    "CREATE INDEX some ON t (b, c DESC) WHERE c > 3",
    "CREATE UNIQUE INDEX alone ON t (id, a)",
)


@pytest.fixture
def place(tmp_path):
    """A small table with indexes."""
    place = Place(tmp_path)
    fine(place.load(FIRST))
    place.execute(*INDEXES)
    return place


def indexes_of(place):
    """Each with what it is made by, and the page where it begins, which tells one that is made anew."""
    rows = place.query("SELECT name, sql, rootpage FROM sqlite_schema WHERE type = 'index' AND tbl_name = 't'")
    return {name: sql for name, sql, _ in rows}, {name: page for name, _, page in rows}


@pytest.mark.parametrize("how", ["append", "upsert"])
def test_the_table_has_its_indexes_afterwards(place, how):
    before, pages = indexes_of(place)
    answer = place.load(MANY, "--table", "t", "--if-exists", how, name="many.csv")
    fine(answer)
    assert answer.code == 0
    assert indexes_of(place)[0] == before
    assert {name for name, page in indexes_of(place)[1].items() if page != pages[name]} == {'a "b"', "some"}
    assert set(before.values()) == set(INDEXES)
    assert place.query("SELECT count(*), count(DISTINCT a) FROM t") == [(100_002, 100_000)]
    found = place.query("SELECT id FROM t INDEXED BY some WHERE b = 'x4' AND c > 3 ORDER BY id LIMIT 2")
    assert found == [(n,) for n in range(100_000) if n % 97 == 4 and n % 7 > 3][:2]
    assert place.query("PRAGMA integrity_check") == [("ok",)]


def test_where_a_unique_index_refuses_the_rows_the_table_is_as_it_was(place):
    place.execute("CREATE UNIQUE INDEX once ON t (c)")
    before = indexes_of(place)
    assert place.load(MANY, "--table", "t", "--if-exists", "append", name="many.csv").code == 1
    assert indexes_of(place) == before
    assert place.rows() == [(-2, 1, "one", 5), (-1, 2, "two", 6)]


def test_few_rows_find_their_places_in_the_indexes_there_are(place):
    _, before = indexes_of(place)
    fine(place.load("id,a,b,c\n7,8,x,9\n", "--table", "t", "--if-exists", "append", name="few.csv"))
    assert indexes_of(place)[1] == before
    assert place.query("SELECT id FROM t INDEXED BY some WHERE b = 'x' AND c > 3") == [(7,)]
