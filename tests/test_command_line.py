"""The command line: every option does what it says; every wrong input is one line and an exit code."""

from __future__ import annotations

import csv
import errno
import gzip
import json
import os
import re
import sqlite3
import subprocess
from contextlib import closing
from types import SimpleNamespace

import pytest
from loading import COMMAND, ROOT, Place, ended, fine, run

from etl import log as logs
from etl.ledger import Totals
from etl.load import load
from etl.options import Options
from etl.problems import Interrupted
from etl.summary import Meter, figures


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def loaded(place, content, *options, **others):
    answer = place.load(content, *options, **others)
    fine(answer)
    assert answer.code == 0, answer.said
    return answer


FILE = "id,name,age\n1,Anna,30\n2,Bob,x\n3,Carl\n4,Dora,31,1,2\n5,Eve,32\n6,Finn,33\n7,Gus,34\n"


# ---- what cannot be loaded ----

BROKEN = {
    "empty.csv": b"",
    "blank.csv": b" \n\n\t\n",
    "binary.csv": bytes(range(256)) * 40,
    "picture.csv": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "cut.csv.gz": gzip.compress(b"a,b\n" + bytes(str(list(range(5000))), "ascii"), mtime=0)[:-20],
    "other.db": b"SQLite format 3\x00" + bytes(100),
    "document.pdf": b"%PDF-1.7",
    "broken.zip": b"PK\x03\x04 and nothing more",
    "wide.csv": ",".join(f"c{number}" for number in range(3000)).encode() + b"\n" + b"1," * 2999 + b"1\n",
    "no_room_for_a_key.csv": ",".join(f"c{number}" for number in range(2000)).encode() + b"\n" + b"1," * 1999 + b"1\n",
    "bom.csv": b"\xef\xbb\xbf",
}


@pytest.mark.parametrize("name", [*BROKEN, "nothing.csv", "folder"])
def test_input_that_is_no_table_is_one_line_and_nothing_is_written(place, name):
    if name in BROKEN:
        place.write(BROKEN[name], name)
    elif name == "folder":
        (place.folder / name).mkdir()
    answer = place.load(place.folder / name, "--table", "t")
    fine(answer)
    assert answer.code == 1, answer.said
    assert answer.out == ""
    assert answer.err.count("\n") == 1
    assert name in answer.err or re.search("(3000|2000) columns", answer.err)
    assert not place.database.exists() or place.query("SELECT count(*) FROM etl_loads") == [(0,)]
    assert "t" not in place.tables()
    assert not place.staging()


def test_a_file_that_may_not_be_read_is_one_line(place):
    path = place.write(FILE)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read every file")
    answer = place.load(path)
    assert (answer.code, answer.err.count("\n")) == (1, 1)


@pytest.mark.parametrize(
    "options",
    [
        ["--no-such-option"],
        ["--chunk-size", "0"],
        ["--chunk-size", "-5"],
        ["--chunk-size", "x"],
        ["--chunk-size", "1.5"],
        ["--if-exists", "destroy"],
        ["--delimiter", "ab"],
        ["--delimiter", ""],
        ["--delimiter", "é"],
        ["--quote", "x"],
        ["--encoding", "klingon"],
        ["--encoding", "hex"],
        ["--encoding", "rot13"],
        ["--header", "perhaps"],
        ["--max-rejects", "many"],
        ["--max-rejects", "-1"],
        ["--max-rejects", "nan%"],
        ["--max-rejects", "x%"],
        ["--type", "age"],
        ["--type", "age=colour"],
        ["--type", "nothing=integer"],
        ["--fill", "age"],
        ["--fill", "nothing=5"],
        ["--fill", "age=blue"],
        ["--required", "nothing"],
        ["--primary-key", "nothing"],
        ["--log-level", "loud"],
        ["--delimiter", ",", "--quote", ","],
        ["--engine", "spark"],
        ["--engine", "dask"],
        ["--scheduler", "tcp://127.0.0.1:1"],
        ["--engine", "dask", "--scheduler", "tcp://127.0.0.1:1", "--workers", "2"],
        ["--engine", "dask", "--scheduler", "tcp://127.0.0.1:1"],  # into SQLite
    ],
)
def test_options_that_make_no_sense_are_wrong_usage(place, options):
    answer = place.load(FILE, *options)
    fine(answer)
    assert answer.code == 2, answer.said
    assert answer.err
    assert "t" not in place.tables()
    assert not place.staging()


def test_without_a_source_it_says_how_it_is_used():
    answer = run()
    assert answer.code == 2
    assert "usage" in answer.err


OPTIONS = [
    "--db", "--table", "--if-exists", "--primary-key", "--required", "--fill", "--fill-missing", "--type", "--schema",
    "--print-schema", "--text", "--delimiter", "--quote", "--encoding", "--header", "--day-first", "--null",
    "--chunk-size", "--workers", "--max-rejects", "--strict", "--rejects", "--restart", "--log-file", "--log-level",
    "--json", "--quiet",
]  # fmt: skip


def test_help_shows_every_option():
    answer = run("--help")
    assert answer.code == 0
    for option in OPTIONS:
        assert option in answer.out


@pytest.mark.parametrize(
    "url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "nothing://", "postgresql://nobody@127.0.0.1:1/x"]
)
def test_a_database_that_cannot_be_used_is_one_line(place, url):
    answer = run(place.write(FILE), "--db", url, "--log-file", place.log)
    fine(answer)
    assert answer.code in (1, 2), answer.said
    assert answer.err.count("\n") == 1, answer.err


# ---- started as a process ----


@pytest.mark.parametrize("command", [COMMAND, [COMMAND[0], "-m", "etl.process_csv"]])
def test_it_is_started_as_a_file_or_as_a_module(place, command):
    path = place.write(FILE)
    folder = ROOT if "-m" in command else place.folder
    done = subprocess.run(
        [*command, str(path), *map(str, place.options())], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "loaded into t" in done.stdout
    assert place.account() == (7, 6, 1)


def test_a_relative_path_is_one_from_the_working_directory(place):
    place.write(FILE)
    options = ["t.csv", "--db", "here.db", "--log-file", "here.log"]
    done = subprocess.run([*COMMAND, *options], cwd=place.folder, capture_output=True, check=False)
    assert done.returncode == 0
    assert {path.name for path in place.folder.iterdir()} >= {"here.db", "here.log"}


@pytest.mark.parametrize("content", [FILE.encode(), gzip.compress(FILE.encode(), mtime=0), FILE.encode("utf-16")])
def test_standard_input_is_a_source_too(place, content):
    answer = ended(place.start("-", "--json", stdin=subprocess.PIPE), content)
    assert answer.code == 0, answer.said
    assert answer.summary["table"] == "stdin"
    assert len(place.rows("stdin")) == 6


def test_empty_standard_input_is_one_line(place):
    answer = ended(place.start("-", stdin=subprocess.PIPE), b"")
    fine(answer)
    assert (answer.code, answer.err.count("\n")) == (1, 1)


def test_a_pipe_is_a_source_too(place):
    pipe = place.folder / "pipe.csv"
    os.mkfifo(pipe)
    process = place.start(pipe)
    pipe.write_text(FILE)
    assert ended(process).code == 0
    assert len(place.rows("pipe")) == 6


def test_nothing_but_errors_is_said_in_quiet(place):
    answer = loaded(place, FILE, "--quiet")
    assert answer.said == ""


def test_a_reader_that_goes_away_is_no_failure_with_a_trace(place):
    path = place.write(FILE)
    process = place.start(path, "--json")
    process.stdout.close()
    err = process.stderr.read().decode()
    process.stderr.close()
    process.wait()
    assert "Traceback" not in err
    assert "bug" not in err
    assert place.account() == (7, 6, 1)


# ---- what it tells ----


def test_the_summary_for_programs_has_the_keys_of_the_contract(place):
    summary = loaded(place, FILE, "--json").summary
    figures = {"rows_read", "rows_loaded", "rows_rejected", "cells_blanked", "reasons"}
    speed = {"seconds", "rows_per_second", "peak_mib"}
    assert {"load", "table", "state", "dialect", "schema"} | figures | speed <= set(summary)
    assert (summary["rows_read"], summary["rows_loaded"], summary["rows_rejected"]) == (7, 6, 1)
    assert (summary["state"], summary["table"], summary["cells_blanked"]) == ("published", "t", 1)
    assert sum(summary["reasons"].values()) == 2
    assert summary["dialect"]["delimiter"] == ","
    assert [field["name"] for field in summary["schema"]["fields"]] == ["id", "name", "age"]
    assert summary["load"] == place.last("id")


def test_the_summary_for_people_counts_by_reason(place):
    answer = loaded(place, FILE)
    assert "6 of 7 rows loaded into t" in answer.out
    assert re.search("1 rows? rejected, 1 cells? blanked", answer.out)
    assert "1 x fields" in answer.out


def test_every_reject_keeps_its_line_its_raw_text_and_its_reason(place):
    loaded(place, FILE)
    assert place.rows() == [
        (1, "Anna", 30),
        (2, "Bob", None),
        (3, "Carl", None),
        (5, "Eve", 32),
        (6, "Finn", 33),
        (7, "Gus", 34),
    ]
    [cell, row] = place.rejects()
    assert (cell[0], cell[1], cell[2], cell[4]) == (3, 2, "age", "x")
    assert (row[0], row[1], row[2], row[4]) == (5, 4, None, "4,Dora,31,1,2")
    assert "5 fields where 3 are expected" in row[3]


def test_rejects_are_written_to_a_file(place):
    rejects = place.folder / "rejects.csv"
    loaded(place, FILE, "--rejects", rejects)
    with rejects.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["line", "row_number", "column_name", "reason", "raw"]
    assert [(row[0], row[2], row[4]) for row in rows[1:]] == [("3", "age", "x"), ("5", "", "4,Dora,31,1,2")]


def test_rejects_that_no_disk_has_room_for_do_not_undo_the_load(place):
    answer = place.load(FILE, "--rejects", "/dev/full")
    fine(answer)
    assert answer.code == 0
    assert (answer.err.count("\n"), "No space left" in answer.err) == (1, True), answer.err
    assert place.account() == (7, 6, 1)


def test_without_rejects_the_file_has_its_header_alone(place):
    rejects = place.folder / "rejects.csv"
    loaded(place, "a\nx\n", "--rejects", rejects)
    assert rejects.read_text().count("\n") == 1


def test_a_rejects_file_that_cannot_be_written_is_said_before_anything_is_loaded(place):
    answer = place.load(FILE, "--rejects", place.folder / "no" / "such" / "folder.csv")
    fine(answer)
    assert answer.code in (1, 2)
    assert answer.err.count("\n") == 1
    assert "folder.csv" in answer.err
    assert "t" not in place.tables()


def test_the_rates_of_a_load_that_goes_on_are_those_of_this_run(place, capsys):
    options = Options(str(place.write("a\n" + "5\n" * 40_000)), database=place.url, chunk_size=1_000, workers=1)

    def until_half(_done, _size, totals):
        if totals.rows_read == 20_000:
            raise Interrupted("half is enough")

    with pytest.raises(Interrupted):
        load(options, until_half)
    with Meter(shown=True) as meter:
        told = figures(load(options, meter))
    assert told["rows_read"] == 40_000
    assert told["rows_per_second"] * told["seconds"] == pytest.approx(20_000, rel=0.05)
    rates = re.findall(r"([0-9,]+) rows  ([0-9,]+) rows/s", capsys.readouterr().err)
    assert rates[0][0] == "21,000"
    assert rates[-1][0] == "40,000"


def test_progress_is_reckoned_from_where_the_load_goes_on(capsys, monkeypatch):
    monkeypatch.setattr("etl.summary.time", SimpleNamespace(monotonic=iter([7.0, 7.125]).__next__))
    meter = Meter(shown=True)
    meter(900, 1000, Totals(rows_read=9_000_000))
    meter(950, 1000, Totals(rows_read=9_000_100))
    assert "9,000,100 rows  800 rows/s  0:00 left" in capsys.readouterr().err


def test_strict_publishes_nothing_when_anything_was_rejected(place):
    answer = place.load(FILE, "--strict", "--json")
    fine(answer)
    assert answer.code == 3
    assert "t" not in place.tables()
    assert not place.staging()
    assert place.last("state") == "failed"
    assert len(place.rejects()) == 2
    assert answer.summary["rows_rejected"] == 1


def test_strict_leaves_the_old_table_as_it_was(place):
    loaded(place, "id,name,age\n1,Old,1\n")
    assert place.load(FILE, "--strict").code == 3
    assert place.rows() == [(1, "Old", 1)]


@pytest.mark.parametrize("content", ["id,a\n1,x\n", "id,a\n1,x\n2\n", "id,a\n1,x,\n"])
def test_strict_loads_what_nothing_was_rejected_of(place, content):
    assert place.load(content, "--strict").code == 0
    assert "t" in place.tables()


MANY = "id,a\n" + "".join(f"{number},word{',x' if number % 10 == 0 else ''}\n" for number in range(1, 101))


@pytest.mark.parametrize(
    ("limit", "code"), [("10", 0), ("9", 1), ("10%", 0), ("9.9%", 1), ("0", 1), ("0%", 1), ("100%", 0)]
)
@pytest.mark.parametrize("chunk", [3, 100_000])
def test_more_rejects_than_allowed_fail_the_load(place, limit, code, chunk):
    answer = place.load(MANY, "--max-rejects", limit, "--chunk-size", chunk)
    fine(answer)
    assert answer.code == code, answer.said
    assert ("t" in place.tables()) == (code == 0)
    assert not place.staging()
    if code:
        assert "--max-rejects" in answer.err


# ---- cleaning ----

GAPS = "id,n,p,word,flag,day\n1,,,,,\n2,5,1.5,x,yes,2024-01-31\n3,6,2.5,y,no,2024-02-01\n"


def test_without_being_asked_missing_values_are_null(place):
    loaded(place, GAPS)
    assert place.rows()[0] == (1, None, None, None, None, None)


def test_missing_values_may_become_nothing_or_zero(place):
    loaded(place, GAPS, "--fill-missing")
    assert place.rows()[0] == (1, 0, 0.0, "", 0, None)


def test_one_column_may_be_filled_with_a_value_of_its_type(place):
    loaded(place, GAPS, "--fill", "n=7", "--fill", "day=2000-01-01", "--fill", "word=a=b", "--fill", "flag=yes")
    assert place.rows()[0] == (1, 7, None, "a=b", 1, "2000-01-01")


def test_required_values_reject_rows_that_lack_them(place):
    loaded(place, "id,a,b\n1,x,5\n2,,6\n3,y,NA\n", "--required", "a,b")
    assert place.rows() == [(1, "x", 5)]
    assert [(line, "required" in reason) for line, _, _, reason, _ in place.rejects()] == [(3, True), (4, True)]


def test_a_required_value_that_is_filled_is_there(place):
    loaded(place, "id,a\n1,\n2,x\n", "--required", "a", "--fill", "a=none")
    assert place.rows() == [(1, "none"), (2, "x")]


def test_a_required_value_that_was_noise_is_missing(place):
    loaded(place, "id,a\n1,5\n2,6\n3,7\n4,word\n", "--required", "a")
    assert place.values("id") == [1, 2, 3]
    assert [(line, column) for line, _, column, _, _ in place.rejects()] == [(5, None)]


def test_further_texts_may_mean_that_a_value_is_missing(place):
    loaded(place, "id,a,b\n1,leer,5\n2,x,leer\n3,-99,-99\n", "--null", "leer", "--null=-99")
    assert place.rows() == [(1, None, 5), (2, "x", None), (3, None, None)]


def test_a_token_for_missing_values_leaves_the_type_of_its_column(place):
    loaded(place, "id,a\n1,n.v.1\n2,5\n3,6\n", "--null", "n.v.1")
    assert place.types()["a"] == "integer"


def test_words_for_missing_are_values_in_a_column_of_text(place):
    loaded(place, "id,surname\n1,Null\n2,None\n3,Smith\n4,NA\n5,\n")
    assert place.values("surname") == ["Null", "None", "Smith", "NA", None]


@pytest.mark.parametrize(("option", "day"), [("--day-first", "2025-04-03"), ("--no-day-first", "2025-03-04")])
def test_the_order_of_day_and_month_may_be_told(place, option, day):
    loaded(place, "id,d\n1,03/04/2025\n", option)
    assert place.values("d") == [day]


def test_an_open_order_is_left_as_text_and_the_summary_names_the_option(place):
    answer = loaded(place, "id,d\n1,03/04/2025\n")
    assert place.values("d") == ["03/04/2025"]
    assert "--day-first" in answer.out


@pytest.mark.parametrize(
    ("declared", "values", "kept", "aside"),
    [
        ("integer", ["1", "x", "2.0", "2.5", "007", ""], [1, None, 2, None, None, None], ["x", "2.5", "007"]),
        ("int", ["1", "2"], [1, 2], []),
        ("number", ["1", "1.5", "x"], [1.0, 1.5, None], ["x"]),
        ("decimal", ["1", "1.50", "x"], ["1", "1.50", None], ["x"]),
        ("boolean", ["1", "no", "2"], [1, 0, None], ["2"]),
        ("date", ["2024-01-31", "2024-02-30", "5"], ["2024-01-31", None, None], ["2024-02-30", "5"]),
        ("datetime", ["2024-01-31", "2024-01-31T10:00"], ["2024-01-31 00:00:00", "2024-01-31 10:00:00"], []),
        ("time", ["10:00", "25:00"], ["10:00:00", None], ["25:00"]),
        ("text", ["007", "1.50", ""], ["007", "1.50", None], []),
    ],
)
def test_under_a_declared_type_what_does_not_fit_is_set_aside(place, declared, values, kept, aside):
    content = "k,a\n" + "".join(f"w,{value}\n" for value in values)
    loaded(place, content, "--header", "yes", "--type", f"a={declared}")
    assert place.values("a") == kept
    assert [raw for *_, raw in place.rejects()] == aside


def test_text_leaves_everything_as_it_stands(place):
    content = 'code, a ,b\n 007 ,"x\ny", NA \n1.50,,\N{NO-BREAK SPACE}\n'
    loaded(place, content, "--text")
    assert [row[1:] for row in place.rows()] == [(" 007 ", "x\ny", " NA "), ("1.50", "", "\N{NO-BREAK SPACE}")]


@pytest.mark.parametrize(
    ("content", "options", "rows"),
    [
        ("a;b\n1;2\n", ["--delimiter", ";"], [(1, 1, 2)]),
        ("a\tb\n1\t2\n", ["--delimiter", "\\t"], [(1, 1, 2)]),
        ("a\tb\n1\t2\n", ["--delimiter", "tab"], [(1, 1, 2)]),
        ("a^b\n1^2\n", ["--delimiter", "^"], [(1, 1, 2)]),
        ("a b\n1 2\n", ["--delimiter", "space"], [(1, 1, 2)]),
        ("a,b\n'x,y',2\n", ["--quote", "'"], [(1, "x,y", 2)]),
        ('a,b\n"x,2\n', ["--quote", "none"], [(1, '"x', 2)]),
        ("1,2\n3,4\n", ["--header", "yes"], [(1, 3, 4)]),
        ("a,b\nc,d\n", ["--header", "no"], [(1, "a", "b"), (2, "c", "d")]),
    ],
)
def test_the_dialect_may_be_told(place, content, options, rows):
    loaded(place, content, *options)
    assert place.rows() == rows


@pytest.mark.parametrize("encoding", ["cp1251", "utf-16", "utf-16-le", "shift_jis", "utf-8", "koi8-r"])
def test_the_encoding_may_be_told(place, encoding):
    word = "東京" if encoding == "shift_jis" else "Анна"
    loaded(place, f"id,a\n1,{word}\n".encode(encoding), "--encoding", encoding)
    assert place.values("a") == [word]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_header_without_a_line_end_makes_an_empty_table(place, encoding):
    loaded(place, "id,größe".encode(encoding), "--header", "yes")
    assert place.columns() == ["row_number", "id", "größe"]
    assert place.rows() == []


def test_a_header_and_no_rows_make_an_empty_table(place):
    loaded(place, "id,a\n")
    assert place.rows() == []
    assert place.columns()[-2:] == ["id", "a"]


# ---- several sources ----


def test_several_files_are_several_tables(place):
    one, two = place.write("id,a\n1,x\n", "one.csv"), place.write("id,b\n2,y\n", "two.csv")
    assert run(one, two, *place.options()).code == 0
    assert (place.rows("one"), place.rows("two")) == ([(1, "x")], [(2, "y")])


def test_one_bad_file_among_several_does_not_stop_the_others(place):
    bad, good = place.folder / "nothing.csv", place.write("id,b\n2,y\n", "two.csv")
    answer = run(bad, good, *place.options())
    assert answer.code == 1
    assert place.rows("two") == [(2, "y")]


@pytest.mark.parametrize("option", ["--table", "--rejects", "--report"])
def test_what_is_for_one_file_is_wrong_usage_with_several(place, option):
    one, two = place.write("id,a\n1,x\n", "one.csv"), place.write("id,b\n2,y\n", "two.csv")
    assert run(one, two, option, place.folder / "t", *place.options()).code == 2
    assert not (place.folder / "t").exists()


@pytest.mark.parametrize("name", ["", " ", "x" * 61])
def test_a_table_needs_a_name_that_every_database_takes(place, name):
    answer = place.load(FILE, "--table", name)
    fine(answer)
    assert answer.code in (1, 2)
    assert answer.err.count("\n") == 1


# ---- the log ----


def test_the_log_tells_every_decision_and_every_block(place):
    loaded(place, FILE, "--chunk-size", 2)
    log = place.log.read_text()
    assert "delimiter ','" in log
    assert "column age ('age'): integer" in log
    assert log.count(" block ") >= 4
    assert '"rows_read": 7' in log


def test_a_failure_is_one_line_on_the_terminal_and_a_stack_trace_in_the_log(place):
    place.database.write_bytes(b"this is no SQLite file, whatever it says\n" * 100)
    answer = place.load(FILE)
    fine(answer)
    assert answer.code == 1
    assert answer.err.count("\n") == 1
    assert place.database.read_bytes().startswith(b"this is no SQLite file")


def test_a_database_that_fails_in_the_middle_leaves_its_stack_trace_in_the_log(place):
    loaded(place, "id,a\n1,x\n", name="other.csv")
    # A trigger stands for a disk that is full: the block's line can't be written.
    place.execute("CREATE TRIGGER full BEFORE INSERT ON etl_blocks BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
    answer = place.load(FILE)
    fine(answer)
    assert answer.code == 1
    assert answer.err.count("\n") == 1
    assert "the disk is full" in answer.err
    assert "Traceback (most recent call last)" in place.log.read_text()
    assert "t" not in place.tables()
    place.execute("DROP TRIGGER full")
    loaded(place, FILE)
    assert place.account() == (7, 6, 1)
    assert not place.staging()


def test_a_database_that_may_not_be_written_is_one_line(place):
    loaded(place, "id,a\n1,x\n", name="other.csv")
    with closing(sqlite3.connect(place.database)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    # Not by its mode: that is nothing to root. A folder in the place of its journal can't be written by anybody.
    (place.folder / "loaded.db-journal").mkdir()
    (place.folder / "loaded.db-wal").mkdir()
    answer = place.load(FILE)
    fine(answer)
    assert answer.code == 1, answer.said
    assert answer.err.count("\n") == 1


def test_a_file_system_without_locks_is_not_taken_for_another_load(place, monkeypatch):
    def no_locks(_file, _operation):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", no_locks)
    answer = place.load(FILE)
    fine(answer)
    assert (answer.code, answer.err.count("\n")) == (1, 1)
    assert "No locks available" in answer.err


def test_a_database_in_a_folder_that_is_a_file_is_one_line(place):
    place.write("x", "file")
    answer = run(place.write(FILE), "--db", place.folder / "file" / "x.db", "--log-file", place.log)
    fine(answer)
    assert answer.code == 1
    assert answer.err.count("\n") == 1


def test_a_log_that_cannot_be_written_is_one_line(place):
    place.write("x", "file")
    answer = run(place.write(FILE), "--db", place.database, "--log-file", place.folder / "file" / "x.log")
    fine(answer)
    assert answer.code == 1
    assert answer.err.count("\n") == 1
    assert "t" not in place.tables()


def test_the_log_rotates(place):
    place.log.write_text("x" * (logs.BYTES - 100) + "\n")
    loaded(place, FILE)
    assert place.log.with_name("load.log.1").exists()
    assert place.log.stat().st_size < logs.BYTES


@pytest.mark.parametrize(("level", "lines"), [("error", False), ("info", True), ("debug", True)])
def test_the_log_is_as_detailed_as_was_asked_for(place, level, lines):
    loaded(place, FILE, "--log-level", level)
    assert bool(place.log.read_text()) is lines


def test_a_text_that_no_terminal_or_log_can_show_does_no_harm(place):
    content = "id,a\n1,5\n2,6\n3,7\n4,8\n5,\x1b[31mred\n6,\N{RIGHT-TO-LEFT OVERRIDE}x\n"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    command = [*COMMAND, str(place.write(content)), *map(str, place.options())]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr


def test_a_name_that_no_terminal_can_show_does_no_harm(place):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    path = place.write("id,größe,名前\n1,2,x\n", "été.csv")
    for more in ([], ["--json"]):
        command = [*COMMAND, str(path), *map(str, place.options()), *more]
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        assert b"Traceback" not in done.stderr
    assert json.loads(done.stdout)["table"] == "été"
    assert place.rows("été") == [(1, 2, "x")]
