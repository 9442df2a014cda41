"""Loads that are killed, stopped or run at once: real processes on a file of 30,000 rows in small blocks."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from conftest import is_alive
from killing import OLD, OPTIONS, Killing, content
from loading import ended, fine, started

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("KILLS", "20"))
CONTENT = content()


@pytest.fixture
def place(tmp_path):
    made = Killing(tmp_path)
    made.write(OLD)
    made.load(made.folder / "t.csv", "--primary-key", "id", "--quiet")
    made.write(CONTENT)
    return made


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What the load leaves when nobody disturbs it, and how long it takes."""
    made = Killing(tmp_path_factory.mktemp("undisturbed"))
    made.write(CONTENT)
    began = time.monotonic()
    assert ended(made.begin()).code == 0
    took = time.monotonic() - began
    made.assert_nothing_left()
    assert "beginning again" in made.log.read_text(), "no guess was contradicted"
    everything = made.everything()
    assert everything["account"][2] > 30
    return everything, took


def versions(place):
    """Which table readers see: how many rows, and the first of them."""
    with closing(sqlite3.connect(f"file:{place.database}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT count(*), (SELECT word FROM t WHERE id = 1) FROM t").fetchone()


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("number", range(KILLS // 2))
def test_killed_at_any_moment_the_same_command_ends_with_the_same_table(place, undisturbed, number, workers):
    expected, took = undisturbed
    old, new = (1, "old"), (expected["account"][1], expected["rows"][0][3])
    moment = random.Random(f"{number} {workers}").uniform(0, 2) + 2 * number
    until = time.monotonic() + took * moment / KILLS
    process = place.begin("--workers", workers)
    seen = []
    while time.monotonic() < until and process.poll() is None:
        seen.append(versions(place))
        time.sleep(0.01)
    process.kill()
    process.communicate()
    seen.append(versions(place))
    assert set(seen) <= {old, new}
    assert sorted(seen, key=[old, new].index) == seen, "the new table was seen, and then the old one again"

    place.finish("--workers", workers)
    assert place.everything() == expected
    place.assert_nothing_left()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_killed_several_times_in_one_load_it_still_ends_with_the_same_table(place, undisturbed, workers):
    expected, _took = undisturbed
    for blocks in (4, 10, 18):
        process = place.begin("--workers", workers)
        place.wait_for_blocks(process, blocks)
        process.kill()
        process.communicate()
    place.finish("--workers", workers)
    assert place.log.read_text().count("goes on behind block") == 3
    assert place.everything() == expected
    place.assert_nothing_left()


def test_a_load_that_is_taken_up_does_not_read_again_what_is_committed(place, undisturbed):
    process = place.begin()
    place.wait_for_blocks(process, 10)
    process.kill()
    process.communicate()
    done = place.blocks()
    place.finish()
    assert f"goes on behind block {done}\n" in place.log.read_text()


def test_restart_begins_anew(place, undisturbed):
    process = place.begin()
    place.wait_for_blocks(process)
    process.kill()
    process.communicate()
    place.finish("--restart")
    assert "goes on behind block" not in place.log.read_text()
    assert place.everything() == undisturbed[0]
    place.assert_nothing_left()


def test_other_options_begin_anew(place):
    process = place.begin()
    place.wait_for_blocks(process)
    process.kill()
    process.communicate()
    place.finish("--type", "code=integer")
    assert "goes on behind block" not in place.log.read_text()
    assert place.types()["code"] == "integer"
    place.assert_nothing_left()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_load_that_is_asked_to_stop_says_so_in_one_line_and_goes_on_later(place, undisturbed, how, workers):
    process = place.begin("--workers", workers)
    place.wait_for_blocks(process)
    process.send_signal(how)
    answer = ended(process)
    fine(answer)
    assert answer.code not in (0, None)
    assert answer.err.count("\n") == 1, answer.err
    assert place.query("SELECT count(*) FROM etl_loads WHERE state = 'loading'") == [(1,)], (
        "it was not stopped but ended"
    )
    assert versions(place) == (1, "old")
    place.finish("--workers", workers)
    assert "goes on behind block" in place.log.read_text()
    assert place.everything() == undisturbed[0]
    place.assert_nothing_left()


def test_asked_to_stop_it_begins_no_other_source_either(place):
    process = started(place.folder / "t.csv", place.write("a\n1\n", "other.csv"), *place.options(), *OPTIONS)
    place.wait_for_blocks(process)
    process.send_signal(signal.SIGINT)
    answer = ended(process)
    assert (answer.code, answer.err.count("\n")) == (130, 1), answer.said
    assert place.query("SELECT count(*) FROM etl_loads WHERE table_name = 'other'") == [(0,)]


def test_ctrl_c_before_the_load_has_begun_is_no_trace_either(place):
    size = place.log.stat().st_size
    process = place.begin()
    # Its interpreter is up when the log is opened, and the load itself begins a moment later.
    while process.poll() is None and place.log.stat().st_size == size:
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    answer = ended(process)
    assert "Traceback" not in answer.said, answer.said
    assert answer.code != 0


def children_of(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_workers_end_with_their_parent(place):
    process = place.begin("--workers", "2")
    place.wait_for_blocks(process)
    children = children_of(process.pid)
    assert children
    process.kill()
    process.communicate()
    until = time.monotonic() + 120
    while any(is_alive(child) for child in children) and time.monotonic() < until:
        time.sleep(0.01)
    assert not [child for child in children if is_alive(child)]


def test_a_killed_worker_is_one_line_and_the_same_command_goes_on(place, undisturbed):
    process = place.begin("--workers", "2")
    place.wait_for_blocks(process)
    os.kill(children_of(process.pid)[0], signal.SIGKILL)
    answer = ended(process)
    fine(answer)
    assert answer.code == 1
    assert answer.err.count("\n") == 1, answer.err
    assert versions(place) == (1, "old")
    place.finish("--workers", "2")
    assert place.everything() == undisturbed[0]
    place.assert_nothing_left()


# ---- the source changes ----


@pytest.mark.parametrize("where", ["in what was read", "in what was not", "in the header"])
def test_a_source_that_changed_but_for_its_size_and_time_is_loaded_as_it_is_now(place, tmp_path_factory, where):
    process = place.begin()
    place.wait_for_blocks(process)
    process.kill()
    process.communicate()
    path = place.folder / "t.csv"
    before = path.stat()
    one, other = {
        "in what was read": ("\n3,21,3.25", "\n3,22,3.25"),
        "in what was not": ("\n29000,203000,", "\n29000,203001,"),
        "in the header": ("amount,word\n", "sum_of,term\n"),
    }[where]
    assert CONTENT.count(one) == 1
    path.write_text(CONTENT.replace(one, other))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    place.finish()

    fresh = Killing(tmp_path_factory.mktemp("fresh"))
    fresh.write(CONTENT.replace(one, other))
    fresh.finish()
    assert place.everything() == fresh.everything()
    place.assert_nothing_left()


def test_a_source_that_grew_is_loaded_whole(place):
    process = place.begin()
    place.wait_for_blocks(process)
    process.kill()
    process.communicate()
    place.write(CONTENT + "70000,5,1.5,more\n")
    place.finish()
    assert place.query("SELECT word FROM t WHERE id = 70000") == [("more",)]
    place.assert_nothing_left()


def test_a_table_that_was_made_since_a_load_was_killed_is_not_replaced(tmp_path):
    place = Killing(tmp_path)
    place.write(CONTENT)
    process = place.begin()
    place.wait_for_blocks(process)
    process.kill()
    process.communicate()
    place.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, mine TEXT)", "INSERT INTO t VALUES (1, 'mine')")
    answer = ended(place.begin())
    fine(answer)
    assert answer.code == 1
    assert place.rows() == [(1, "mine")]


def test_a_table_that_is_made_while_a_load_runs_is_not_replaced(tmp_path):
    place = Killing(tmp_path)
    place.write(CONTENT)
    process = place.begin()
    place.wait_for_blocks(process)
    with closing(sqlite3.connect(place.database, timeout=60)) as connection, connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, mine TEXT)")
        connection.execute("INSERT INTO t VALUES (1, 'mine')")
    answer = ended(process)
    fine(answer)
    assert answer.code == 1
    assert place.rows() == [(1, "mine")]


# ---- several at once ----


def beside_a_stopped_load(place, begin_another):
    """The answers of a load that is under way, and of another one that is begun and ended meanwhile."""
    first = place.begin()
    place.wait_for_blocks(first)
    place.stop(first)
    try:
        second = ended(begin_another())
    finally:
        first.send_signal(signal.SIGCONT)
    return ended(first), second


def assert_refused_for_another(answer):
    fine(answer)
    assert answer.code == 1
    assert answer.err.count("\n") == 1
    assert "Another load into t is running" in answer.err


def test_of_two_loads_of_one_table_the_second_refuses_clearly(place, undisturbed):
    first, second = beside_a_stopped_load(place, place.begin)
    assert first.code == 0, first.said
    assert_refused_for_another(second)
    assert place.everything() == undisturbed[0]
    place.assert_nothing_left()


def test_two_loads_of_one_table_exclude_each_other_also_where_temporary_files_lie_elsewhere(place, undisturbed):
    """As for two users, or for a service with a folder of its own for temporary files."""
    elsewhere = {"TMPDIR": str(place.folder)}
    path = place.folder / "t.csv"
    first, second = beside_a_stopped_load(place, lambda: place.start(path, *OPTIONS, environment=elsewhere))
    assert_refused_for_another(second)
    assert first.code == 0, first.said
    assert place.everything() == undisturbed[0]


def test_two_loads_of_different_tables_at_once_both_succeed(tmp_path):
    place = Killing(tmp_path)
    place.write(CONTENT)
    environment = {"TMPDIR": str(place.temporary)}
    running = [
        place.start(place.folder / "t.csv", *OPTIONS, "--table", table, environment=environment)
        for table in ("t", "u", "v")
    ]
    answers = [ended(process) for process in running]
    for answer in answers:
        fine(answer)
        assert answer.code == 0, answer.said
    assert place.rows("t") == place.rows("u") == place.rows("v")
    assert not place.staging()
    assert list(place.temporary.iterdir()) == []


def test_eight_small_loads_that_begin_at_once_in_a_new_database_all_succeed(tmp_path):
    place = Killing(tmp_path)
    path = place.write("id,a\n1,x\n", "small.csv")
    running = [place.start(path, "--table", f"t{number}") for number in range(8)]
    for answer in map(ended, running):
        fine(answer)
        assert answer.code == 0, answer.said
    assert [place.rows(f"t{number}") for number in range(8)] == [[(1, "x")]] * 8


def test_readers_and_writers_of_the_same_database_go_on_while_a_load_runs(place):
    place.execute("CREATE TABLE other (n INTEGER)")
    process = place.begin()
    written = 0
    while process.poll() is None:
        with closing(sqlite3.connect(place.database, timeout=30)) as connection, connection:
            connection.execute("INSERT INTO other VALUES (?)", (written,))
        written += 1
        assert versions(place)[0] > 0
        time.sleep(0.01)
    assert ended(process).code == 0
    assert place.query("SELECT count(*) FROM other") == [(written,)]


# ---- PostgreSQL ----


@pytest.mark.parametrize("workers", ["1", "2"])
def test_killed_on_postgresql_the_same_command_ends_with_the_same_table(tmp_path, postgresql_url, undisturbed, workers):
    place = Killing(tmp_path, postgresql_url)
    place.write(OLD)
    place.load(place.folder / "t.csv", "--primary-key", "id", "--quiet")
    place.write(CONTENT)
    for blocks in (3, 12):
        process = place.begin("--workers", workers)
        place.wait_for_blocks(process, blocks)
        process.kill()
        process.communicate()
        assert place.query("SELECT word FROM t") == [("old",)]
        place.wait_until_unlocked()
    place.finish("--workers", workers)
    assert place.log.read_text().count("goes on behind block") == 2
    found, expected = place.everything(), undisturbed[0]
    assert found["account"] == expected["account"]
    assert found["rows"] == expected["rows"]
    assert found["rejects"] == expected["rejects"]
    place.assert_nothing_left()


def test_of_two_loads_of_one_table_on_postgresql_the_second_refuses_clearly(tmp_path, postgresql_url):
    place = Killing(tmp_path, postgresql_url)
    place.write(CONTENT)
    first, second = beside_a_stopped_load(place, place.begin)
    assert first.code == 0, first.said
    assert_refused_for_another(second)
