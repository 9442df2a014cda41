"""Loading a second time, into what is there already; and guesses that a late row contradicts."""

from __future__ import annotations

import csv
import io
import subprocess

import pytest
from loading import Place, ended, fine


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


@pytest.fixture
def any_place(tmp_path, any_url):
    """A place on SQLite, and one on PostgreSQL."""
    return Place(tmp_path, any_url) if any_url.startswith("postgresql") else Place(tmp_path)


def loaded(place, content, *options, **others):
    answer = place.load(content, *options, **others)
    fine(answer)
    assert answer.code == 0, answer.said
    return answer


def refused(place, content, *options, code=1, **others):
    """The load says why not in one line; the tables are as they were."""
    before = {name: place.rows(name) for name in place.tables() if not name.startswith(("etl_", "alembic"))}
    answer = place.load(content, *options, **others)
    fine(answer)
    assert answer.code == code, answer.said
    assert answer.err.count("\n") == 1, answer.err
    after = {name: place.rows(name) for name in place.tables() if not name.startswith(("etl_", "alembic"))}
    assert after == before
    assert not place.staging()
    return answer


FIRST, SECOND = "id,a\n1,x\n2,y\n", "id,a\n2,z\n3,w\n"


# ---- what is there already ----


def test_a_table_that_came_from_the_same_file_is_replaced(any_place):
    loaded(any_place, FIRST)
    loaded(any_place, SECOND)
    assert any_place.rows() == [(2, "z"), (3, "w")]
    loaded(any_place, SECOND)
    assert any_place.rows() == [(2, "z"), (3, "w")]
    assert not any_place.staging()


def test_a_table_that_is_replaced_may_get_other_columns_and_another_key(any_place):
    loaded(any_place, FIRST)
    loaded(any_place, "code,when\nA1,2024-01-31\n")
    assert any_place.columns() == ["row_number", "code", "when"]
    loaded(any_place, FIRST)
    assert any_place.rows() == [(1, "x"), (2, "y")]


@pytest.mark.parametrize("asked", [(), ("--if-exists", "fail")])
def test_a_table_that_came_from_another_file_is_left_alone(any_place, asked):
    loaded(any_place, FIRST)
    answer = refused(any_place, SECOND, "--table", "t", *asked, name="other.csv")
    assert "--if-exists" in answer.err


def test_fail_means_fail_also_for_a_table_of_the_same_file(place):
    loaded(place, FIRST)
    refused(place, SECOND, "--if-exists", "fail")


def test_a_table_that_somebody_made_by_hand_is_left_alone(any_place):
    any_place.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)", "INSERT INTO t VALUES (7, 'mine')")
    refused(any_place, FIRST)
    assert any_place.rows() == [(7, "mine")]


def test_standard_input_is_never_the_same_file(place):
    assert ended_on_stdin(place, FIRST).code == 0
    assert ended_on_stdin(place, SECOND).code == 1
    assert ended_on_stdin(place, SECOND, "--if-exists", "replace").code == 0
    assert place.rows("stdin") == [(2, "z"), (3, "w")]


def ended_on_stdin(place, content, *options):
    return ended(place.start("-", *options, stdin=subprocess.PIPE), content.encode())


def test_replace_takes_another_files_table(any_place):
    loaded(any_place, FIRST)
    loaded(any_place, SECOND, "--table", "t", "--if-exists", "replace", name="other.csv")
    assert any_place.rows() == [(2, "z"), (3, "w")]


def test_append_adds_rows(any_place):
    loaded(any_place, FIRST)
    loaded(any_place, "id,a\n3,z\n", "--table", "t", "--if-exists", "append", name="other.csv")
    assert any_place.rows() == [(1, "x"), (2, "y"), (3, "z")]


def test_append_refuses_a_key_that_is_there_and_names_it(any_place):
    loaded(any_place, FIRST)
    answer = refused(any_place, SECOND, "--table", "t", "--if-exists", "append", name="other.csv")
    assert "id 2" in answer.err
    assert "upsert" in answer.err


def test_row_numbers_go_on_when_rows_are_appended(any_place):
    loaded(any_place, "a\nx\ny\n")
    loaded(any_place, "a\nz\nw\n", "--if-exists", "append")
    loaded(any_place, "a\nv\n", "--if-exists", "append", "--table", "t", name="other.csv")
    assert any_place.rows() == [(1, "x"), (2, "y"), (3, "z"), (4, "w"), (5, "v")]


def test_append_makes_new_columns_and_leaves_missing_ones_empty(any_place):
    loaded(any_place, "id,a,b\n1,x,5\n")
    loaded(any_place, "id,c,a\n2,2024-01-31,y\n", "--if-exists", "append")
    rows = any_place.query("SELECT id, a, b, CAST(c AS TEXT) FROM t ORDER BY id")
    assert rows == [(1, "x", 5, None), (2, "y", None, "2024-01-31")]


def test_append_to_a_table_with_row_numbers_from_a_file_with_a_key(any_place):
    loaded(any_place, "a\nx\n")
    loaded(any_place, "id,a\n5,y\n", "--if-exists", "append")
    assert any_place.query("SELECT row_number, id, a FROM t ORDER BY row_number") == [(1, None, "x"), (2, 5, "y")]


def test_append_to_a_table_with_a_key_that_the_file_lacks_is_refused(any_place):
    loaded(any_place, FIRST)
    answer = refused(any_place, "a\ny\n", "--if-exists", "append")
    assert "id" in answer.err


def test_whole_numbers_are_appended_to_doubles_while_those_keep_their_digits(any_place):
    loaded(any_place, "id,a\n1,1.5\n")
    loaded(any_place, f"id,a\n2,{2**53}\n", "--if-exists", "append")
    answer = refused(any_place, f"id,a\n3,7\n4,{2**53 + 1}\n", "--if-exists", "append")
    assert f"a {2**53 + 1}" in answer.err
    assert any_place.rows() == [(1, 1.5), (2, 2.0**53)]


@pytest.mark.parametrize(
    ("there", "comes", "said"),
    [
        ("1", "x", "a is text"),
        ("2024-01-31", "5", "a is integer"),
        ("true", "2024-01-31", "a is date"),
        ("1", "1.5", "a is number"),
    ],
)
def test_append_refuses_values_of_a_type_that_the_table_does_not_keep(any_place, there, comes, said):
    loaded(any_place, f"id,a\n1,{there}\n2,{there}\n")
    answer = refused(
        any_place,
        f"id,a\n3,{comes}\n4,{comes}{comes}\n" if comes == "x" else f"id,a\n3,{comes}\n",
        "--if-exists",
        "append",
    )
    assert said in answer.err


@pytest.mark.parametrize(
    "value",
    [
        "5",
        "1.50",
        "1,234",
        "$5",
        "5%",
        "(2)",
        "1e3",
        "yes",
        "2024-01-31",
        "31/12/2024",
        "10:30",
        "2024-01-31T10:00Z",
        "007",
    ],
)
def test_whatever_is_appended_to_a_text_is_kept_as_a_text(any_place, value):
    loaded(any_place, "id,a\n1,some words\n")
    loaded(any_place, f'id,a\n2,"{value}"\n', "--if-exists", "append")
    [_, (_, kept)] = any_place.rows()
    assert kept == value


def test_append_and_upsert_make_a_table_that_is_not_there(any_place):
    loaded(any_place, FIRST, "--if-exists", "append")
    loaded(any_place, FIRST, "--if-exists", "upsert", "--table", "u")
    assert any_place.rows() == any_place.rows("u") == [(1, "x"), (2, "y")]


def test_upsert_changes_rows_that_are_there_and_adds_the_others(any_place):
    loaded(any_place, "id,a,b\n1,x,5\n2,y,6\n")
    loaded(any_place, "id,a\n2,z\n3,w\n", "--if-exists", "upsert")
    assert any_place.rows() == [(1, "x", 5), (2, "z", 6), (3, "w", None)]


def test_upsert_by_a_key_of_two_columns(any_place):
    loaded(any_place, "town,year,n\nBern,2023,1\nBern,2024,2\n", "--primary-key", "town,year")
    loaded(any_place, "town,year,n\nBern,2024,3\nUlm,2024,4\n", "--primary-key", "town,year", "--if-exists", "upsert")
    rows = any_place.rows(order="town, year")
    assert rows == [("Bern", 2023, 1), ("Bern", 2024, 3), ("Ulm", 2024, 4)]


def test_upsert_rejects_the_second_row_of_one_key_within_the_file(any_place):
    loaded(any_place, FIRST)
    loaded(any_place, "id,a\n2,z\n2,w\n", "--if-exists", "upsert", "--primary-key", "id", "--chunk-size", 1)
    assert any_place.rows() == [(1, "x"), (2, "z")]
    assert [(line, raw) for line, *_, raw in any_place.rejects()] == [(3, "2,w")]


def test_upsert_without_a_key_is_refused(any_place):
    loaded(any_place, "a\nx\n")
    assert "--primary-key" in refused(any_place, "a\ny\n", "--if-exists", "upsert").err


def test_upsert_of_nothing_but_keys_leaves_what_is_there(any_place):
    loaded(any_place, FIRST)
    loaded(any_place, "id\n2\n3\n", "--if-exists", "upsert", "--primary-key", "id")
    assert any_place.rows() == [(1, "x"), (2, "y"), (3, None)]


def test_upsert_by_a_repeating_key_that_was_only_guessed_is_refused_or_rejects(any_place):
    """A key that the target has and the file repeats can't be given up for row numbers."""
    loaded(any_place, FIRST)
    answer = any_place.load("id,a\n2,z\n2,w\n3,v\n", "--if-exists", "upsert", "--chunk-size", 1)
    fine(answer)
    if answer.code == 0:
        read, kept, rejected = any_place.account()
        assert (read, kept, rejected) == (3, 2, 1)
        assert any_place.rows() == [(1, "x"), (2, "z"), (3, "v")]
    else:
        assert answer.code == 1
        assert any_place.rows() == [(1, "x"), (2, "y")]


@pytest.mark.parametrize(
    "table",
    ["users", "tasks", "Users", "TASKS", "etl_loads", "etl_anything", "alembic_version", "sqlite_master", "pg_class"],
)
@pytest.mark.parametrize("asked", ["replace", "append", "upsert"])
def test_the_applications_own_tables_are_never_loaded_into(place, table, asked):
    answer = refused(place, FIRST, "--table", table, "--if-exists", asked)
    assert "--table" in answer.err


@pytest.mark.parametrize("asked", ["replace", "append", "upsert"])
def test_a_view_is_never_loaded_into(any_place, asked):
    any_place.execute("CREATE VIEW t AS SELECT 1 AS id")
    assert "view" in refused(any_place, FIRST, "--if-exists", asked).err


def test_a_view_on_the_table_goes_on_when_the_table_is_replaced(place):
    loaded(place, FIRST)
    place.execute("CREATE VIEW v AS SELECT a FROM t")
    loaded(place, SECOND)
    assert place.rows("v") == [("w",), ("z",)]


def test_a_table_that_others_depend_on_is_replaced_or_refused_in_one_line_on_postgresql(tmp_path, postgresql_url):
    place = Place(tmp_path, postgresql_url)
    loaded(place, FIRST)
    place.execute("CREATE VIEW v AS SELECT a FROM t")
    answer = place.load(SECOND)
    fine(answer)
    expected = [(2, "z"), (3, "w")] if answer.code == 0 else [(1, "x"), (2, "y")]
    assert place.rows() == expected
    assert len(place.rows("v")) == 2


def test_only_the_loaders_tables_and_the_loaded_one_are_made(any_place):
    loaded(any_place, FIRST)
    assert any_place.tables() == {"t", "etl_loads", "etl_blocks", "etl_rejects", "alembic_version"}


def test_a_table_named_otherwise_in_upper_and_lower_case_is_the_same_to_sqlite(place):
    loaded(place, FIRST)
    answer = place.load(SECOND, "--table", "T", name="other.csv")
    fine(answer)
    assert answer.code == 1, answer.said
    assert place.rows() == [(1, "x"), (2, "y")]


# ---- keys ----

ROWS = 100_000


@pytest.mark.parametrize("chunk", [1, 2, 100_000])
def test_a_declared_key_that_repeats_or_is_missing_rejects_its_row_in_any_block(any_place, chunk):
    content = "code,a\nA,1\nB,2\nA,3\n,4\nC,5\nB,6\n"
    loaded(any_place, content, "--primary-key", "code", "--chunk-size", chunk)
    assert any_place.rows() == [("A", 1), ("B", 2), ("C", 5)]
    assert [(line, number, raw) for line, number, _, _, raw in any_place.rejects()] == [
        (4, 3, "A,3"),
        (5, 4, ",4"),
        (7, 6, "B,6"),
    ]
    assert all("code" in reason for _, _, _, reason, _ in any_place.rejects())


@pytest.mark.parametrize("kind", ["decimal", "number", "date", "datetime", "boolean", "time", "integer"])
@pytest.mark.parametrize("chunk", [1, 100_000])
def test_a_key_may_have_any_type(any_place, kind, chunk):
    value = {"decimal": "1.50", "number": "1.5", "date": "2024-01-31", "datetime": "2024-01-31T10:00",
             "boolean": "true",             "time": "10:00", "integer": "5"}[kind]  # fmt: skip
    content = f"k,a\n{value},x\n{value},y\n"
    loaded(any_place, content, "--primary-key", "k", "--type", f"k={kind}", "--chunk-size", chunk)
    assert any_place.account() == (2, 1, 1)


@pytest.mark.parametrize("word", ["x", "a word that makes the file larger than any sample of it"])
@pytest.mark.parametrize("late", ["5,again", ",missing"])
def test_a_guessed_key_that_a_late_row_contradicts_gives_way_to_row_numbers(place, late, word):
    content = "id,a\n" + "".join(f"{number},{word}\n" for number in range(1, ROWS + 1)) + late + "\n"
    answer = loaded(place, content, "--chunk-size", 30_000)
    assert place.account() == (ROWS + 1, ROWS + 1, 0)
    assert place.columns()[0] == "row_number"
    assert "id is not the key" in answer.out
    assert f"line {ROWS + 2}" in answer.out


@pytest.mark.parametrize(
    ("name", "key"), [("id", ["id"]), ("ID", ["id"]), ("t_id", ["t_id"]), ("other_id", ["row_number"])]
)
def test_the_key_that_is_guessed(place, name, key):
    loaded(place, f"{name},a\n3,x\n1,y\n")
    assert place.key() == key


# ---- guesses that a late row contradicts ----


def late_file(value, *, early="{n}", label="x"):
    """100,000 rows that say one thing and a last one, in line 100,002, that says another."""
    rows = (f"{early.format(n=number)},{label}" for number in range(1, ROWS + 1))
    return "code,label\n" + "\n".join(rows) + f"\n{value},y\n"


@pytest.mark.parametrize("label", ["x", "a label that makes the file larger than any sample of it"])
@pytest.mark.parametrize(
    ("value", "early", "kind", "declared", "kept"),
    [
        ("007", "{n}", "text", "integer", "007"),
        ("1.5", "{n}", "number", "integer", 1.5),
        ("A17", "{n}", "text", "integer", "A17"),
        ("99999999999999999999", "{n}", "decimal", "integer", "99999999999999999999"),
        ("12345678901234567.25", "{n}.5", "decimal", "number", "12345678901234567.25"),
        ("x1", "{n}.25", "text", "number", "x1"),
        ("2024-01-31T10:00", "2024-01-31", "datetime", "date", "2024-01-31 10:00:00"),
        ("5", "yes", "text", "boolean", "5"),
        ("12%", "{n}", "text", "integer", "12%"),
        ("$5", "€{n}", "text", "integer", "$5"),
    ],
)
def test_a_type_that_row_100001_contradicts_is_widened_and_the_summary_says_why(
    place, value, early, kind, declared, kept, label
):
    answer = loaded(place, late_file(value, early=early, label=label), "--chunk-size", 20_000)
    assert place.types()["code"] == kind
    assert place.account() == (ROWS + 1, ROWS + 1, 0)
    assert place.rejects() == []
    values = place.values("code")
    assert values[-1] == kept
    if kind == "text":
        assert values[:3] == [early.format(n=number) for number in (1, 2, 3)]
        assert values[ROWS - 1] == early.format(n=ROWS)
    [note] = [line for line in answer.out.splitlines() if line.startswith("note: code is")]
    assert repr(value) in note
    assert f"line {ROWS + 2}" in note
    assert f"--type code={declared}" in note


def test_the_option_that_the_summary_names_sets_such_values_aside(place):
    loaded(place, late_file("007"), "--type", "code=integer")
    assert place.types()["code"] == "integer"
    assert place.values("code")[-1] is None
    assert [(line, column, raw) for line, _, column, _, raw in place.rejects()] == [(ROWS + 2, "code", "007")]


def test_a_late_word_among_numbers_is_noise_and_recorded_cell_by_cell(place):
    answer = loaded(place, late_file("unknown_thing"), "--json")
    assert place.types()["code"] == "integer"
    assert answer.summary["cells_blanked"] == 1
    assert [(line, number, column, raw) for line, number, column, _, raw in place.rejects()] == [
        (ROWS + 2, ROWS + 1, "code", "unknown_thing")
    ]


@pytest.mark.parametrize(("words", "kind"), [(999, "integer"), (1001, "text")])
def test_words_are_noise_up_to_a_quarter_of_the_values_in_the_whole_file(place, words, kind):
    numbers = 4000 - words
    content = "code,label\n" + "".join(f"{number},x\n" for number in range(numbers)) + "word,y\n" * words
    loaded(place, content, "--chunk-size", 500)
    assert place.types()["code"] == kind
    assert place.account() == (4000, 4000, 0)
    assert len(place.rejects()) == (words if kind == "integer" else 0)


def test_several_columns_contradicted_in_different_blocks_are_all_widened(place):
    rows = [[str(number)] * 4 for number in range(1, 3001)]
    rows[1000][0], rows[2000][1], rows[2999][2] = "007", "1.5", "A1"
    content = "a,b,c,d\n" + "".join(",".join(row) + "\n" for row in rows)
    loaded(place, content, "--chunk-size", 300)
    assert place.types() == {"a": "text", "b": "number", "c": "text", "d": "integer"}
    assert place.values("a") == [row[0] for row in rows]
    assert place.values("b") == [float(row[1]) for row in rows]
    assert place.values("c") == [row[2] for row in rows]


def big_file(line, last, *, header="name,value,\n", rows=300_000):
    """More than the sample sees: its last line alone is different."""
    return header + line * rows + last


def test_a_late_byte_that_is_not_utf8_changes_how_the_file_is_read_and_nothing_else(place):
    content = big_file("word,12345\n", "", header="name,value\n").encode() + b"caf\xe9,5\n"
    answer = loaded(place, content)
    assert place.values("name")[-1] == "café"
    assert place.account() == (300_001, 300_001, 0)
    assert "cp1252" in answer.out


def test_a_late_byte_that_is_not_utf8_among_much_that_is_costs_its_own_line_only(place):
    content = big_file("größe,12345\n", "", header="name,value\n").encode() + b"caf\xe9,5\n"
    loaded(place, content)
    assert place.values("name")[0] == "größe"
    assert place.values("name")[-1] == "café"


def test_in_a_file_with_such_a_line_amounts_in_euro_are_numbers_all_the_same(place):
    content = big_file("größe;12,50 €\n", "", header="name;amount\n", rows=150_000).encode() + b"caf\xe9;8,75 \x80\n"
    loaded(place, content)
    assert place.types()["amount"] == "number"
    assert place.values("amount")[-1] == 8.75


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_the_line_of_a_code_near_the_end_is_told_in_any_encoding(place, encoding):
    lines = [f"{number},{'é' * 40}" for number in range(2, 60_000)]
    lines[-3] = f"A17,{'é' * 40}"
    answer = loaded(place, "\n".join(["a,b", *lines]).encode(encoding))
    assert "'A17' in line 59997" in answer.out


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
@pytest.mark.parametrize("header", ["id,name,size", "id,name,größe", "a title\nid,name,größe"])
def test_a_header_that_comes_again_is_skipped_in_any_encoding(place, header, encoding):
    again = header.splitlines()[-1]
    loaded(place, f"{header}\n1,Björn,5\n2,Åsa,7\n{again}\n3,Zoë,9\n".encode(encoding))
    assert place.account() == (3, 3, 0)
    assert place.values("name") == ["Björn", "Åsa", "Zoë"]


def test_something_late_behind_the_trailing_delimiter_becomes_a_column(place):
    loaded(place, big_file("word,12345,\n", "word,5,late\n"))
    assert place.account() == (300_001, 300_001, 0)
    assert place.columns()[1:3] == ["name", "value"]
    assert place.values(place.columns()[3])[-2:] in ([None, "late"], ["", "late"])


def test_dates_whose_order_only_the_last_row_shows(place):
    loaded(place, big_file("01/02/2024,5\n", "31/01/2024,5\n", header="day,value\n"))
    assert place.types()["day"] == "date"
    assert place.values("day")[0] == "2024-02-01"
    assert place.values("day")[-1] == "2024-01-31"


def test_a_value_beyond_the_sample_is_kept_whatever_it_contradicts(place):
    """Spread over a file of several MiB, one odd value in each column, each in a place of its own."""
    columns = {"whole": "17", "part": "1.5", "day": "2024-01-31", "flag": "yes", "clock": "10:30"}
    odd = {"whole": "0017", "part": "1.2.3", "day": "2024-W05", "flag": "7x", "clock": "25:99:1"}
    rows = [list(columns.values()) for _row in range(250_000)]
    for place_of, name in enumerate(columns):
        rows[150_000 + place_of * 17_001][place_of] = odd[name]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([list(columns), *rows])
    loaded(place, out.getvalue())
    for place_of, name in enumerate(columns):
        values = place.values(name)
        assert values[150_000 + place_of * 17_001] == odd[name]
        assert values[0] == columns[name]
    assert place.rejects() == []


# ---- PostgreSQL ----


def test_values_on_postgresql_have_the_types_of_their_columns(tmp_path, postgresql_url):
    place = Place(tmp_path, postgresql_url)
    loaded(
        place,
        "id,n,price,big,flag,day,clock,seen,naive,word,empty\n"
        "1,5,1.5,123456789012345678901234567890,yes,2024-01-31,10:30,2024-01-31T10:00+02:00,2024-01-31 10:00:01.5,"
        '"a ""b"" \\N, \n c",\n'
        "2,-6,2.25,5,no,2024-02-29,23:59:59,2024-01-31T10:00Z,2024-01-31 10:00,é北,\n"
        "3,,,,,,,,,,\n",
    )
    assert place.kinds() == {
        "id": "bigint", "n": "bigint", "price": "double precision", "big": "numeric", "flag": "boolean", "day": "date",
        "clock": "time without time zone", "seen": "timestamp with time zone", "naive": "timestamp without time zone",
        "word": "text", "empty": "text",
    }  # fmt: skip
    texts = "CAST(big AS TEXT), flag, CAST(day AS TEXT), CAST(clock AS TEXT)"
    sql = f"SELECT n, price, {texts}, seen AT TIME ZONE 'UTC', naive, word FROM t"
    first, second, third = place.query(f"{sql} ORDER BY id")
    assert first[:6] == (5, 1.5, "123456789012345678901234567890", True, "2024-01-31", "10:30:00")
    assert [moment.isoformat() for moment in first[6:8]] == ["2024-01-31T08:00:00", "2024-01-31T10:00:01.500000"]
    assert first[8] == 'a "b" \\N, \n c'
    assert second[3] is False
    assert second[8] == "é北"
    assert third == (None,) * 9


def test_empty_texts_and_missing_ones_differ_on_postgresql_as_on_sqlite(any_place):
    loaded(any_place, 'a,b\n"",x\ny,\n', "--text")
    verbatim = any_place.query("SELECT a, b FROM t ORDER BY row_number")
    assert verbatim == [("", "x"), ("y", "")]
    loaded(any_place, 'a,b\n"",x\ny,\n')
    assert any_place.query("SELECT a, b FROM t ORDER BY row_number") == [(None, "x"), ("y", None)]


@pytest.mark.parametrize("year", ["0001-01-01", "9999-12-31"])
def test_the_first_and_the_last_day_of_the_calendar(any_place, year):
    loaded(any_place, f"id,a\n1,{year}\n")
    assert any_place.query("SELECT CAST(a AS TEXT) FROM t") == [(year,)]


@pytest.mark.parametrize("name", ["Größe", 'quo"te', "with blank", "SELECT", "名前", "100%", "a:b", "a'b", "x" * 100])
def test_names_of_tables_and_columns_may_be_any(any_place, name):
    header = '"' + name.replace('"', '""') + '"'
    loaded(any_place, f"id,{header}\n1,x\n", "--table", name[:60])
    loaded(any_place, f"id,{header}\n2,y\n", "--table", name[:60])
    loaded(any_place, f"id,{header}\n3,z\n", "--table", name[:60], "--if-exists", "append")
    table = any_place.last("table_name")
    rows = any_place.query('SELECT * FROM "{}" ORDER BY 1'.format(table.replace('"', '""')))
    assert rows == [(2, "y"), (3, "z")]
