"""The API under fire: clients write while it is killed, starved of locks and space, and while others use its database.

What was acknowledged is there afterwards, and nobody ever got a 500. FIRE_ROUNDS repeats every fault.
"""

import os
import resource
import shlex
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

import conftest
import psycopg
import pytest
from conftest import ROOT, serving
from firing import (
    done_nevertheless,
    kill_all,
    log_in,
    lost,
    no_error,
    only_refused_for_now,
    sign_up,
    statuses,
    tasks_in,
    wait_for_refusals,
    wait_for_writes,
    writing_clients,
)
from loading import Place

from database import database_url, sqlite_path

pytestmark = pytest.mark.slow

ROUNDS = range(int(os.environ.get("FIRE_ROUNDS", "1")))
WRITERS = 4
QUIET = {"RATELIMIT_ENABLED": "false", "ACCESS_LOG": "false"}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A served app for all tests that don't end it; each writes under an account of its own."""
    folder = tmp_path_factory.mktemp("fire")
    with serving(folder, f"sqlite:///{folder / 'taskmill.db'}") as serve:
        yield serve("--workers", "2", **QUIET)


@pytest.fixture
def doomed(serve):
    """A served app that is killed or ended."""
    return serve("--workers", "2", **QUIET)


# ---- others at work on the same file ----


def test_a_load_runs_beside_clients_that_write(served, tmp_path):
    """Into a new table, and over it."""
    place = Place(tmp_path, served.database_url)
    source = tmp_path / "rows.csv"
    with writing_clients(served, sign_up(served), WRITERS) as writers:
        for rows in (200_000, 20_000):
            lines = (f"{n},somebody called {n * 7919},{n % 1000}.25\n" for n in range(rows))
            source.write_text("id,name,amount\n" + "".join(lines))
            with place.start(source, "--if-exists", "replace", "--quiet") as load:
                assert load.wait() == 0
            assert place.query("SELECT count(*), sum(id) FROM rows") == [(rows, rows * (rows - 1) // 2)]
    assert no_error(writers)
    assert min(len(writer.made) for writer in writers) > 5
    assert lost(served.database_url, writers) == []


def test_the_loaders_tables_are_made_beside_clients_that_write(served, tmp_path):
    place = Place(tmp_path, served.database_url)
    place.execute("DELETE FROM alembic_version WHERE version_num LIKE 'loader%'")
    place.execute(*(f"DROP TABLE {name}" for name in ("etl_rejects", "etl_blocks", "etl_loads")))
    with writing_clients(served, sign_up(served), WRITERS) as writers:
        wait_for_writes(writers, 20)
        assert place.load("a,b\n1,2\n").code == 0
        wait_for_writes(writers, 20)
    assert no_error(writers)
    assert lost(served.database_url, writers) == []


GONE = "2020-01-01 00:00:00.000000"
RUN_OUT = f"""
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
    INSERT INTO tasks (user_id, title, description, status, priority, created_at, updated_at, deleted_at)
    SELECT 1, 'old ' || i, 'a line of words', 'pending', 'normal', '{GONE}', '{GONE}', '{GONE}' FROM n;
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
    INSERT INTO idempotency_keys (user_id, key, request_digest, created_at) SELECT 1, i, 'x', '{GONE}' FROM n;
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
    INSERT INTO rate_limits (key, hits, expires_at) SELECT 'k' || i, 1, 0 FROM n;
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
    INSERT INTO sessions (user_id, turn, created_at, expires_at) SELECT 1, 0, '{GONE}', '{GONE}' FROM n;
"""


def test_what_has_run_out_is_removed_beside_clients_that_write(served):
    path = sqlite_path(database_url(served.database_url))
    token = sign_up(served)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(RUN_OUT)
    command = [sys.executable, "-m", "flask", "--app", "main", "cleanup"]
    environment = {**os.environ, "DATABASE_URL": str(path), "JWT_SECRET_KEY": conftest.KEY}
    with writing_clients(served, token, WRITERS) as writers:
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert "deleted tasks: 20000\nidempotency keys: 20000\n" in done.stdout
    assert "sessions: 20000\ncounted tries: 20000\n" in done.stdout
    assert no_error(writers)
    assert lost(served.database_url, writers) == []


def test_a_back_up_is_one_state_and_stops_nobody(served, tmp_path):
    path, copy = sqlite_path(database_url(served.database_url)), tmp_path / "copy.db"
    with writing_clients(served, sign_up(served, "backed-up"), WRITERS) as writers:
        wait_for_writes(writers, 200)
        before = {task for writer in writers for task in list(writer.made)}
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("VACUUM INTO ?", (str(copy),))
        wait_for_writes(writers, 20)
    assert no_error(writers)
    assert before <= set(tasks_in(f"sqlite:///{copy}"))
    with serving(tmp_path, f"sqlite:///{copy}") as serve:
        restored = serve("--workers", "1", **QUIET)
        assert int(restored.ask("GET", "/tasks", token=log_in(restored, "backed-up"))[1]["X-Total-Count"]) >= len(
            before
        )


# ---- the server dies, or is told to end ----


@pytest.mark.parametrize("round_", ROUNDS)
def test_every_acknowledged_write_is_there_after_the_server_was_killed(serve, any_url, round_):
    settings = {**QUIET, "DATABASE_URL": any_url}
    served = serve("--workers", "2", **settings)
    with writing_clients(served, sign_up(served, "anna"), 8) as writers:
        wait_for_writes(writers, 60 + 37 * round_)
        kill_all(served)
    assert only_refused_for_now(writers)
    again = serve("--workers", "2", **settings)
    assert lost(any_url, writers) == []
    token = log_in(again, "anna")
    titles = [title for writer in writers for title in writer.unanswered]
    assert titles
    for title in titles:  # sent again under the same key
        assert again.ask("POST", "/tasks", {"title": title}, token, **{"Idempotency-Key": title})[0] == 201
    kept = Counter(tasks_in(any_url).values())
    assert {title: kept[title] for title in titles} == dict.fromkeys(titles, 1)
    listed = again.ask("GET", "/tasks", token=token)[1]["X-Total-Count"]
    assert int(listed) == len(tasks_in(any_url))


@pytest.mark.parametrize("round_", ROUNDS)
def test_of_a_worker_that_is_killed_only_the_requests_in_flight_fail(doomed, round_):
    with writing_clients(doomed, sign_up(doomed), 8) as writers:
        wait_for_writes(writers, 40 + round_)
        [first, second] = doomed.workers()
        os.kill(first, signal.SIGKILL)
        while len(set(doomed.workers()) - {first, second}) < 1:
            time.sleep(0.02)
        wait_for_writes(writers, 100)
    assert only_refused_for_now(writers)
    # One that was in flight, and perhaps one that came to the socket before anybody knew.
    assert max(len(writer.broken) for writer in writers) <= 2
    assert lost(doomed.database_url, writers) == []


@pytest.mark.parametrize("round_", ROUNDS)
def test_told_to_end_it_answers_what_it_has_begun(doomed, round_):
    with writing_clients(doomed, sign_up(doomed), 8) as writers:
        wait_for_writes(writers, 40 + round_)
        assert doomed.end() == 0
    assert only_refused_for_now(writers)
    assert lost(doomed.database_url, writers) == []
    acknowledged = {task for writer in writers for task in writer.made}
    assert set(tasks_in(doomed.database_url)) == acknowledged


@pytest.mark.parametrize("round_", ROUNDS)
def test_told_to_end_while_some_workers_still_start_it_ends(serve, round_):
    served = serve("--workers", "4", **QUIET, SHUTDOWN_SECONDS="60", all_workers=False)
    began = time.monotonic()
    assert served.end() == 0
    assert time.monotonic() - began < 30


# ---- the database is not to be had ----


def test_a_lock_that_somebody_holds_for_seconds_is_waited_for(served):
    path = sqlite_path(database_url(served.database_url))
    token = sign_up(served)
    with writing_clients(served, token, WRITERS) as writers:
        wait_for_writes(writers, 20)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            time.sleep(2)
            began = time.monotonic()
            assert served.ask("GET", "/tasks", token=token)[0] == 200
            assert time.monotonic() - began < 10  # who waits for the lock waits for 30
            other.execute("ROLLBACK")
        wait_for_writes(writers, 20)
    assert no_error(writers)
    assert max(writer.longest for writer in writers) > 1.5
    assert lost(served.database_url, writers) == []


def test_postgresql_may_stop_and_come_back(serve, postgresql_server):
    name = f"fire_{os.getpid()}"
    with closing(psycopg.connect(**postgresql_server, autocommit=True)) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        [cluster] = connection.execute("SHOW data_directory").fetchone()
    url = f"postgresql://postgres@127.0.0.1:{postgresql_server['port']}/{name}"
    programs = conftest._postgresql_programs()
    options = shlex.join(shlex.split((Path(cluster) / "postmaster.opts").read_text())[3:])
    served = serve("--workers", "2", **QUIET, DATABASE_URL=url)
    with writing_clients(served, sign_up(served), WRITERS, pause=0.01) as writers:
        for how in ("fast", "immediate") * len(ROUNDS):
            wait_for_writes(writers, 20)
            conftest._as_server(programs / "pg_ctl", "-D", cluster, "-w", "-m", how, "stop")
            assert served.ask("GET", "/healthz")[0] == 200
            assert served.ask("GET", "/readyz")[0] == 503
            conftest._as_server(
                programs / "pg_ctl", "-D", cluster, "-w", "-l", f"{cluster}/log", "-o", options, "start"
            )
        wait_for_writes(writers, 40)
    assert only_refused_for_now(writers)
    assert statuses(writers)[503] > 0
    assert [error for writer in writers for error in writer.broken] == []
    assert lost(url, writers) == []
    served.end()
    with closing(psycopg.connect(**postgresql_server, autocommit=True)) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of few megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_is_full_is_503_until_there_is_space_again(serve, small_disk):
    url = f"sqlite:///{small_disk / 'taskmill.db'}"
    served = serve("--workers", "2", **QUIET, DATABASE_URL=url)
    token = sign_up(served)
    filler = small_disk / "filler"
    with writing_clients(served, token, WRITERS, pause=0.01) as writers:
        wait_for_writes(writers, 20)
        fill(filler)
        wait_for_refusals(writers)
        assert served.ask("GET", "/tasks", token=token)[0] == 200
        filler.unlink()
        wait_for_writes(writers, 20)
    assert only_refused_for_now(writers)
    assert [error for writer in writers for error in writer.broken] == []
    assert lost(url, writers) == []
    assert done_nevertheless(url, writers) == set()
    served.end()


def fill(place):
    with place.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_a_file_that_may_not_grow_is_503_until_it_may(served):
    token = sign_up(served)
    with writing_clients(served, token, WRITERS, pause=0.01) as writers:
        wait_for_writes(writers, 20)
        limit_files(served, 64 * 1024)  # less than the WAL has already, or soon will have
        try:
            wait_for_refusals(writers)
            assert served.ask("GET", "/tasks", token=token)[0] == 200
        finally:
            limit_files(served, resource.RLIM_INFINITY)
        wait_for_writes(writers, 20)
    assert only_refused_for_now(writers)
    assert [error for writer in writers for error in writer.broken] == []
    assert lost(served.database_url, writers) == []
    assert done_nevertheless(served.database_url, writers) == set()


def limit_files(served, size):
    for pid in served.workers():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_waiting_writers_do_not_keep_the_rest_from_being_answered(served):
    """As many as a worker has threads wait for one lock; who asks for something else is answered."""
    token = sign_up(served)
    path = sqlite_path(database_url(served.database_url))
    answers = []
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = [
            threading.Thread(target=lambda: answers.append(served.ask("POST", "/tasks", {"title": "a"}, token)[0]))
            for _ in range(8)
        ]
        for thread in waiting:
            thread.start()
        while served.taken() < len(waiting):
            time.sleep(0.01)
        assert {served.ask("GET", "/tasks", token=token)[0] for _ in range(10)} == {200}
        other.execute("ROLLBACK")
    for thread in waiting:
        thread.join()
    assert answers == [201] * 8
