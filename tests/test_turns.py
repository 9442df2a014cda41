"""Who writes to a SQLite file waits in one queue: threads, processes, both halves; whoever dies leaves it."""

import signal
import statistics
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

import database
import turns
from database import database_url, open_engine, writing

ROOT = Path(__file__).resolve().parent.parent
BEGIN = """
import sys, time
from sqlalchemy import text
from database import database_url, open_engine, writing
engine = open_engine(database_url(sys.argv[1]))
add = text("INSERT INTO written (who, at) VALUES (:who, :at)")
def say(word): print(word, flush=True)
"""
# Takes the next turn as soon as it has had one, like a load of many blocks.
GREEDY = """
say("ready")
while True:
    with writing(engine) as connection:
        connection.execute(add, {"who": "greedy", "at": time.time()})
        time.sleep(0.02)
"""
HOLDING = """
with writing(engine, long=len(sys.argv) > 2) as connection:
    connection.execute(add, {"who": "killed", "at": 0})
    say("ready")
    time.sleep(60)
"""
COUNTING = """
say("ready")
sys.stdin.readline()
for _ in range(50):
    with writing(engine) as connection:
        connection.execute(text("UPDATE counter SET n = n + 1"))
"""


@pytest.fixture
def engine(sqlite_url):
    engine = open_engine(database_url(sqlite_url))
    database._use_wal(engine)
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE written (who TEXT, at REAL)"))
        connection.execute(text("CREATE TABLE counter (n INTEGER)"))
        connection.execute(text("INSERT INTO counter VALUES (0)"))
    yield engine
    engine.dispose()


@pytest.fixture
def another(sqlite_url):
    """Starts processes that write to the same file."""
    started = []

    def start(script, *more):
        command = [sys.executable, "-c", BEGIN + script, sqlite_url, *more]
        process = subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def count(engine):
    with engine.connect() as connection:
        return connection.execute(text("SELECT n FROM counter")).scalar_one()


def written(engine):
    with engine.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM written")).scalar_one()


def place(engine):
    return Path(f"{engine.url.database}-turns")


def test_whoever_takes_turn_after_turn_lets_the_others_in_between(engine, another):
    greedy = [another(GREEDY) for _ in range(4)]
    before_us = []
    for _ in range(30):
        since = written(engine)
        with writing(engine):
            before_us.append(written(engine) - since)
    assert all(process.poll() is None for process in greedy)
    assert max(before_us) > 0
    # Each of the others once, and perhaps whoever was about to begin; a busy machine holds us up now and then.
    assert statistics.median(before_us) <= 2 * len(greedy)


def test_a_process_that_is_killed_in_its_turn_holds_nobody_up(engine, another):
    holding = another(HOLDING)
    holding.send_signal(signal.SIGKILL)
    began = time.monotonic()
    with writing(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM written")).scalar_one() == 0
    assert time.monotonic() - began < 30  # it would have had its turn for 60


def test_one_waits_for_a_long_transaction_no_longer_than_for_any(engine, another, monkeypatch):
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.3)
    another(HOLDING, "long")
    began = time.monotonic()
    with pytest.raises(Exception, match="database is locked"), writing(engine):
        pass
    assert 0.3 <= time.monotonic() - began < 30


def test_all_writes_of_threads_and_processes_count(engine, another):
    processes = [another(COUNTING) for _ in range(2)]

    def write():
        for _ in range(25):
            with writing(engine) as connection:
                connection.execute(text("UPDATE counter SET n = n + 1"))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for thread in threads:
        thread.start()
    for waited_for in [*threads, *processes]:
        waited_for.join() if isinstance(waited_for, threading.Thread) else waited_for.wait(60)
    assert count(engine) == 4 * 25 + 2 * 50


def test_an_engine_that_is_disposed_of_removes_its_file(engine):
    assert place(engine).exists()
    engine.dispose()
    assert not place(engine).exists()
    with writing(engine) as connection:
        connection.execute(text("UPDATE counter SET n = n + 1"))
    assert place(engine).exists()


def test_a_file_that_somebody_removes_is_made_again(engine):
    place(engine).unlink()
    with writing(engine) as connection:
        connection.execute(text("UPDATE counter SET n = n + 1"))
    assert place(engine).exists()


def test_a_file_that_is_in_use_is_not_removed(engine, another):
    another(HOLDING)
    engine.dispose()
    assert place(engine).exists()


@pytest.mark.parametrize("missing", ["fcntl", "file"])
def test_without_such_locks_sqlite_decides_alone(engine, another, monkeypatch, missing):
    engine.dispose()
    if missing == "fcntl":
        monkeypatch.setattr(turns, "fcntl", None)
    else:
        place(engine).mkdir()  # where a file can't be opened, none can be locked
    for _ in range(3):
        with writing(engine) as connection:
            connection.execute(text("UPDATE counter SET n = n + 1"))
    assert count(engine) == 3
    another(HOLDING)
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    with pytest.raises(Exception, match="database is locked"), writing(engine):
        pass


def test_a_transaction_that_fails_ends_its_turn(engine):
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), writing(engine):
            raise ZeroDivisionError
    with closing(engine.raw_connection()) as connection, pytest.raises(Exception, match="no such table"):
        connection.execute("INSERT INTO nowhere VALUES (1)")
    with writing(engine) as connection:
        connection.execute(text("UPDATE counter SET n = n + 1"))
    assert count(engine) == 1
