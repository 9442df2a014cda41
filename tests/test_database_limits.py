"""What a database can't hold is rejected with the reason, row by row; the rest of the file is loaded."""

from __future__ import annotations

import random

import pytest
from loading import Place, fine


@pytest.fixture
def on_postgresql(tmp_path, postgresql_url):
    return Place(tmp_path, postgresql_url)


def loaded(place, content, *options):
    answer = place.load(content, *options)
    fine(answer)
    assert answer.code == 0, answer.said
    read, kept, rejected = place.account()
    assert read == kept + rejected
    assert place.query("SELECT count(*) FROM t") == [(kept,)]
    return answer


NUL = "the text of note holds a NUL character, which PostgreSQL can't keep"


def test_a_row_with_nul_in_a_text_is_rejected_on_postgresql(on_postgresql):
    loaded(on_postgresql, "id,note\n1,a\n2,x\x00y\n3,c\n4,\x00\n5,e\n")
    assert on_postgresql.rows() == [(1, "a"), (3, "c"), (5, "e")]
    assert on_postgresql.rejects() == [(3, 2, None, NUL, "2,x\\x00y"), (5, 4, None, NUL, "4,\\x00")]


def test_a_row_with_nul_in_a_text_is_loaded_as_it_is_on_sqlite(tmp_path):
    place = Place(tmp_path)
    loaded(place, "id,note\n1,a\n2,x\x00y\n")
    assert place.rows() == [(1, "a"), (2, "x\x00y")]


@pytest.mark.parametrize("chunk", [1, 100_000])
@pytest.mark.parametrize("options", [(), ("--text",), ("--primary-key", "note"), ("--workers", "2")])
def test_nul_costs_its_own_row_whatever_the_options_and_blocks(on_postgresql, options, chunk):
    content = "id,note\n1,a\n2,x\x00y\n3,c\n2,x\x00y\n"
    loaded(on_postgresql, content, "--chunk-size", chunk, *options)
    assert on_postgresql.values("note") == ["a", "c"]
    assert [reject[:4] for reject in on_postgresql.rejects()] == [(3, 2, None, NUL), (5, 4, None, NUL)]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("id,no\x00te\n1,a\n2,b\n", id="in the header"),
        pytest.param("a title\x00\n\nid,note\n1,a\n2,b\n", id="in a title"),
        pytest.param("# a com\x00ment\nid,note\n1,a\n2,b\n", id="in a comment"),
        pytest.param("id,note\n1,a\n2,b,\x00\n3,c\n", id="in a row that is too long"),
        pytest.param('id,note\n1,a\n2,"b\x00\n3,c\n', id="in a row with a stray quote"),
        pytest.param("id,n\n1,5\n2,a\x00b\n3,7\n4,8\n5,9\n6,10\n", id="in noise among numbers"),
        pytest.param("id,n\n" + "1,5\n" * 90_000 + "2,7\x005\n", id="in what contradicts a guess"),
        pytest.param("id,n\n1,5\n2,7\x005\n", id="in what keeps a column from being numbers"),
        pytest.param("id,day\n1,01/02/2024\x00\n2,02/03/2024\n", id="in a date"),
    ],
)
def test_nul_anywhere_in_a_file_is_no_failure_on_postgresql(on_postgresql, content):
    loaded(on_postgresql, content)
    loaded(on_postgresql, content)  # in place of the first
    columns = ("dialect", "schema", "options", "notes")
    # The server looks into every text of a JSON value when it is asked for a part of it.
    on_postgresql.query("SELECT " + ", ".join(f"{column} #>> '{{a}}'" for column in columns) + " FROM etl_loads")


LONG = {
    "400 digits": ("7" * 400, "decimal"),
    "400 digits in groups": ('"' + ",".join(["777"] * 134) + '"', "decimal"),
    "400 decimals": ("0." + "3" * 400, "decimal"),
    "5,000 digits": ("7" * 5_000, "text"),
    "140,000 digits": ("7" * 140_000, "text"),
    "20,000 decimals": ("1." + "3" * 20_000, "text"),
    "an exponent that no double has": ("1e400", "text"),
}


@pytest.mark.parametrize("written", LONG)
def test_a_number_of_any_length_is_kept_as_it_is_written(written, any_url, tmp_path):
    place = Place(tmp_path, any_url)
    value, kind = LONG[written]
    loaded(place, f"id,a\n1,5\n2,{value}\n3,6\n")
    assert place.types()["a"] == kind
    assert str(place.values("a")[1]) == (value.replace(",", "").strip('"') if kind == "decimal" else value)


@pytest.mark.parametrize("declared", ["integer", "number", "decimal"])
@pytest.mark.parametrize("value", ["7" * 5_000, "1e400"])
def test_a_number_beyond_what_was_declared_is_set_aside(value, declared, any_url, tmp_path):
    place = Place(tmp_path, any_url)
    loaded(place, f"id,a\n1,5\n2,{value}\n3,6\n", "--type", f"a={declared}")
    if declared == "decimal" and value == "1e400":
        assert [int(one) for one in place.values("a")] == [5, 10**400, 6]
    else:
        assert place.values("a")[1] is None
        assert [(line, column, raw) for line, _, column, _, raw in place.rejects()] == [(3, "a", value)]


def test_a_guessed_key_that_no_index_of_postgresql_keeps_gives_way(on_postgresql):
    chance = random.Random(1)
    long = "".join(chance.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", k=9_000))
    content = f"id,n\nx,1\n{long},2\ny,3\n"
    answer = loaded(on_postgresql, content)
    assert "longer than the database keeps in an index" in answer.out
    assert on_postgresql.rows() == [(1, "x", 1), (2, long, 2), (3, "y", 3)]
    answer = on_postgresql.load(content, "--primary-key", "id")
    fine(answer)
    assert answer.code == 1
    assert answer.err.count("\n") == 1
    assert on_postgresql.query("SELECT count(*) FROM t") == [(3,)]
