"""What the world does to a load: full disks, locks, files that change or vanish, clocks that are wrong, servers that
hang up. It fails in one line or goes on, and the same command ends with the table that an undisturbed one makes."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from killing import OLD, Killing, content
from loading import ended, fine, run

from database import database_url, migrate, open_engine

pytestmark = pytest.mark.slow

FAULTS = int(os.environ.get("FAULTS", "1"))  # how often those that draw lots are tried
CONTENT = content(9_600)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    made = Killing(tmp_path_factory.mktemp("undisturbed"))
    made.write(CONTENT)
    made.finish()
    return made.everything()


def disturbed(folder, url=None):
    """A place with an old table, in which the new file is to be loaded."""
    place = Killing(folder, url)
    place.write(OLD)
    place.load(place.folder / "t.csv", "--primary-key", "id", "--quiet")
    place.write(CONTENT)
    return place


@pytest.fixture
def place(tmp_path):
    return disturbed(tmp_path)


def assert_failed_in_one_line(answer):
    fine(answer)
    assert answer.code == 1, answer.said
    assert answer.err.count("\n") == 1, answer.err


def assert_as_it_was(place):
    assert place.rows() == [(1, 5, 1.5, "old")]
    if not place.url.startswith("postgresql"):
        assert place.query("PRAGMA integrity_check") == [("ok",)]
    assert list(place.temporary.iterdir()) == []


def goes_on(place, undisturbed, *options):
    place.finish(*options)
    assert place.everything() == undisturbed
    place.assert_nothing_left()


@contextmanager
def stopped(place, *options, blocks=3):
    """A load that has committed some blocks, and stands still meanwhile."""
    process = place.begin(*options)
    place.wait_for_blocks(process, blocks)
    place.stop(process)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)


# ---- the disk is full ----


@contextmanager
def small_disk(folder, kib):
    """A file system of that size, and what makes it larger."""
    folder.mkdir()

    def mount(*options):
        command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    if shutil.which("mount") is None or (refused := mount(f"size={kib}k")).returncode:
        pytest.skip(f"a file system can't be mounted here: {refused.stderr.strip()}")
    try:
        yield lambda more: mount("remount", f"size={more}k")
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize(("room", "workers"), [(300, "2"), (900, "1")])
def test_a_full_disk_is_one_line_and_the_load_goes_on_when_there_is_room(tmp_path, undisturbed, room, workers):
    with small_disk(tmp_path / "disk", room + len(CONTENT) // 1024) as make_larger:
        place = disturbed(tmp_path / "disk")
        answer = ended(place.begin("--workers", workers))
        assert_failed_in_one_line(answer)
        assert "full" in answer.err or "No space" in answer.err
        assert_as_it_was(place)
        make_larger(64 << 10)
        goes_on(place, undisturbed, "--workers", workers)


@pytest.mark.parametrize("number", range(2 * FAULTS))
def test_a_file_that_may_not_grow_is_one_line_and_the_load_goes_on_later(place, undisturbed, number):
    """As with a quota: every file of the load, the log too, is at most so large."""
    most = random.Random(number).choice([0, 4096, 100_000, 500_000, 1_000_000, 1_500_000])
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))  # noqa: E731
    process = place.start(
        place.folder / "t.csv", "--primary-key", "id", "--chunk-size", "1000",
        environment={"TMPDIR": str(place.temporary)}, preexec_fn=limit,
    )  # fmt: skip
    answer = ended(process)
    assert_failed_in_one_line(answer)
    assert_as_it_was(place)
    goes_on(place, undisturbed)


# ---- the database is locked, replaced, brought up to date ----


def test_a_database_that_is_locked_for_seconds_is_waited_for(place, undisturbed):
    with closing(sqlite3.connect(place.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        process = place.begin()
        time.sleep(2.5)
        assert process.poll() is None, ended(process).said
        other.execute("ROLLBACK")
    answer = ended(process)
    assert answer.code == 0, answer.said
    assert place.everything() == undisturbed
    place.assert_nothing_left()


def test_a_database_that_stays_locked_is_one_line(place, undisturbed, monkeypatch):
    monkeypatch.setattr("database.BUSY_SECONDS", 0.5)
    with closing(sqlite3.connect(place.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = run(place.folder / "t.csv", *place.options(), "--primary-key", "id")
        assert_failed_in_one_line(answer)
        assert "locked" in answer.err
        other.execute("ROLLBACK")
    assert_as_it_was(place)
    goes_on(place, undisturbed)


@pytest.mark.parametrize("left", ["all of it removed", "its write-ahead log left behind"])
def test_a_database_that_was_removed_under_an_interrupted_load_is_begun_anew(place, undisturbed, left):
    with stopped(place) as process:
        process.kill()
    process.communicate()
    place.database.unlink()
    if left == "all of it removed":
        for path in place.folder.glob("loaded.db*"):
            path.unlink()
    place.finish()
    assert place.everything() == undisturbed
    assert place.last("id") == 1
    for folder in place.temporary.iterdir():
        folder.rmdir()  # of the load that nobody knows any more
    place.assert_nothing_left()


def test_a_database_that_is_replaced_while_a_load_runs_is_not_said_to_be_loaded(place, undisturbed):
    with stopped(place) as process:
        for path in place.folder.glob("loaded.db*"):
            path.unlink()
        place.load(OLD, "--primary-key", "id", "--table", "other", name="other.csv")
    answer = ended(process)
    assert_failed_in_one_line(answer)
    assert "replaced" in answer.err
    assert place.query("PRAGMA integrity_check") == [("ok",)]
    place.finish()
    found = place.everything()
    assert found == undisturbed
    assert place.rows("other") == [(1, 5, 1.5, "old")]


def test_a_schema_that_changes_under_an_interrupted_load_doesnt_matter_to_it(place, undisturbed):
    """The API's tables come, and the loader's are of an older version, as after an upgrade in between."""
    with stopped(place) as process:
        process.kill()
    process.communicate()
    engine = open_engine(database_url(place.url))
    migrate(engine, "api")
    engine.dispose()
    downgrade(place.url)
    place.finish()
    assert "goes on behind block" in place.log.read_text()
    assert place.everything() == undisturbed


def downgrade(url):
    """To the revision of the loader's tables before the newest."""
    from alembic import command
    from alembic.config import Config

    import database

    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    engine = open_engine(database_url(url))
    with database.writing(engine) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "loader@-1")
    engine.dispose()


# ---- the source changes while it is read ----


@pytest.mark.parametrize(
    ("what", "workers"),
    [("cut off", "1"), ("emptied", "2"), ("overwritten", "2"), ("longer", "1"), ("removed", "1")],
)
def test_a_source_that_changes_while_it_is_read_never_hangs_and_the_next_run_has_it_as_it_is(place, what, workers):
    path = place.folder / "t.csv"
    other = CONTENT.replace("a word", "A WORD")
    with stopped(place, "--workers", workers) as process:
        if what == "cut off":
            os.truncate(path, 500_000)
        elif what == "emptied":
            os.truncate(path, 0)
        elif what == "overwritten":
            with path.open("r+") as file:
                file.write(other)
        elif what == "longer":
            with path.open("a") as file:
                file.write("70000,5,1.5,more\n")
        else:
            path.unlink()
    answer = ended(process)
    fine(answer)
    if answer.code:
        assert_failed_in_one_line(answer)
        assert_as_it_was(place)
    else:
        assert what in ("longer", "removed")  # what was there when it began is what it loads
        read, loaded, rejected = place.account()
        assert read == loaded + rejected
    if what in ("removed", "emptied"):
        place.write(CONTENT)
    place.finish("--workers", workers)
    words = {word[:6] for (word,) in place.query("SELECT word FROM t WHERE id < 60000 AND word LIKE 'a word%'")}
    assert words == {"A WORD" if what == "overwritten" else "a word"}
    assert place.query("SELECT count(*) FROM t WHERE id = 70000") == [(int(what == "longer"),)]
    place.assert_nothing_left()


# ---- clocks ----


@pytest.mark.parametrize("began", ["2020-01-01 00:00:00", "2999-01-01 00:00:00"])
def test_a_load_whose_clock_was_wrong_goes_on_when_it_was_interrupted(place, undisturbed, began):
    with stopped(place) as process:
        process.kill()
    process.communicate()
    place.execute(f"UPDATE etl_loads SET started_at = '{began}'")
    goes_on(place, undisturbed)
    assert "goes on behind block" in place.log.read_text()


def test_a_load_that_runs_is_not_given_up_however_long_ago_it_seems_to_have_begun(place, undisturbed):
    """As where a machine's clock was set while it ran, or a load takes weeks."""
    with stopped(place) as process:
        place.execute("UPDATE etl_loads SET started_at = '2020-01-01 00:00:00'")
        answer = place.load("id,a\n1,x\n", name="other.csv")
        assert answer.code == 0, answer.said
    answer = ended(process)
    assert answer.code == 0, answer.said
    assert place.rows() == undisturbed["rows"]
    assert not place.staging()


# ---- several at once ----


def test_of_six_loads_of_one_table_begun_at_once_each_loads_it_or_says_that_another_does(place, undisturbed):
    answers = [ended(process) for process in [place.begin("--workers", "1") for _time in range(6)]]
    for answer in answers:
        fine(answer)
        assert answer.code == 0 or "Another load into t is running" in answer.err, answer.said
    assert 0 in [answer.code for answer in answers]
    assert place.everything() == undisturbed
    place.assert_nothing_left()


# ---- PostgreSQL hangs up ----


SAME = ("rows", "rejects", "account")


@contextmanager
def begun_to_write(place, url, workers):
    """A load whose workers all wait within a block, for the lock that another connection has; and that connection."""
    waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'etl_blocks'::regclass AND NOT granted"
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE etl_blocks IN EXCLUSIVE MODE")
        process = place.begin("--workers", workers)
        while place.query(waiting) != [(int(workers),)]:
            assert process.poll() is None, ended(process).said
            time.sleep(0.01)
        yield process, other


def goes_on_on_postgresql(place, undisturbed, *options):
    place.finish(*options)
    found = place.everything()
    assert {name: found[name] for name in SAME} == {name: undisturbed[name] for name in SAME}
    place.assert_nothing_left()


@pytest.mark.parametrize(
    ("whose", "workers"),
    [("all its connections", "2"), ("that of its lock", "1"), ("those of its blocks", "2")],
)
def test_a_load_whose_connections_are_cut_is_one_line_and_goes_on_later(
    tmp_path, postgresql_url, undisturbed, whose, workers
):
    place = disturbed(tmp_path, postgresql_url)
    holds_lock = "pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')"
    which = {"all its connections": "true", "that of its lock": holds_lock, "those of its blocks": f"NOT {holds_lock}"}
    others = f"datname = current_database() AND pid <> pg_backend_pid() AND {which[whose]}"
    with begun_to_write(place, postgresql_url, workers) as (process, other):
        assert other.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}").fetchall()
    answer = ended(process)
    if answer.code:
        assert_failed_in_one_line(answer)
        assert_as_it_was(place)
    goes_on_on_postgresql(place, undisturbed, "--workers", workers)


def test_a_worker_that_is_killed_while_it_writes_to_postgresql_is_one_line(tmp_path, postgresql_url, undisturbed):
    place = disturbed(tmp_path, postgresql_url)
    with begun_to_write(place, postgresql_url, "2") as (process, _other):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)
        answer = ended(process)
    assert_failed_in_one_line(answer)
    assert_as_it_was(place)
    goes_on_on_postgresql(place, undisturbed, "--workers", "2")
