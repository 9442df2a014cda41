"""An account with many tasks goes beside clients that write: nobody waits for all of it, and no kill brings it back."""

import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing

import conftest
import pytest
from conftest import PASSWORD, ROOT
from firing import kill_all, log_in, lost, sign_up, wait_for_writes, writing_clients

from database import database_url, sqlite_path

pytestmark = pytest.mark.slow

QUIET = {"RATELIMIT_ENABLED": "false", "ACCESS_LOG": "false"}
TASKS = 100_000  # so many that all at once they would take longer than a busy machine holds a request up
MOMENT = "2026-01-01 00:00:00.000000"
MANY_TASKS = f"""
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {TASKS})
    INSERT INTO tasks (user_id, title, description, created_at, updated_at)
    SELECT users.id, 'task ' || i, hex(randomblob(40)), '{MOMENT}', '{MOMENT}' FROM n, users WHERE username = 'anna';
    INSERT INTO task_labels (task_id, position, user_id, label, label_key)
    SELECT id, 0, user_id, 'home', 'home' FROM tasks;
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {TASKS})
    INSERT INTO idempotency_keys (user_id, key, request_digest, created_at)
    SELECT users.id, i, 'x', '{MOMENT}' FROM n, users WHERE username = 'anna';
"""


@pytest.fixture
def annas(serve):
    """A served app in which anna has many tasks; and her token."""
    served = serve("--workers", "2", **QUIET)
    token = sign_up(served, "anna")
    with closing(opened(served)) as connection:
        connection.executescript(MANY_TASKS)
    return served, token


def opened(served):
    return sqlite3.connect(sqlite_path(database_url(served.database_url)))


def number_of(served, table):
    with closing(opened(served)) as connection:
        return connection.execute(f"SELECT count(*) FROM {table} WHERE user_id = 1").fetchone()[0]


def left_of_anna(served):
    tables = ("tasks", "task_labels", "task_counts", "idempotency_keys", "sessions")
    return {table: number for table in tables if (number := number_of(served, table))}


def seconds_at_once(served, folder):
    """How long it takes in one transaction, in a copy."""
    copy = folder / "copy.db"
    with closing(opened(served)) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        began = time.monotonic()
        connection.execute("DELETE FROM users WHERE id = 1")
        connection.commit()
        return time.monotonic() - began


def test_nobody_waits_while_an_account_with_many_tasks_goes(annas, tmp_path):
    served, token = annas
    at_once = seconds_at_once(served, tmp_path)
    with writing_clients(served, sign_up(served), 2, pause=0.01) as writers:
        wait_for_writes(writers, 20)
        before = sum(len(writer.made) for writer in writers)
        for writer in writers:
            writer.longest = 0
        assert served.ask("DELETE", "/me", {"password": PASSWORD}, token)[0] == 200
        assert left_of_anna(served) == {}
        assert sum(len(writer.made) for writer in writers) - before > 10
    assert max(writer.longest for writer in writers) < at_once / 2
    assert [answer for writer in writers for answer in writer.answers] == []
    assert lost(served.database_url, writers) == []


def test_killed_while_it_goes_an_account_does_not_come_back(annas, serve):
    served, token = annas
    asked = threading.Thread(target=asked_in_vain, args=(served, token))
    asked.start()
    while number_of(served, "tasks") == TASKS:
        time.sleep(0.005)
    kill_all(served)
    asked.join()
    assert 0 < number_of(served, "tasks") < TASKS

    again = serve("--workers", "1", **QUIET)
    assert again.ask("GET", "/tasks", token=token)[0] == 401
    account = {"username": "anna", "password": PASSWORD}
    assert again.ask("POST", "/login", account)[0] == 401
    hers = sign_up(again, "anna")
    assert again.ask("GET", "/tasks", token=hers)[2] == []

    assert "closed accounts: 1\n" in clean_up(again)
    assert left_of_anna(again) == {}
    assert again.ask("GET", "/me", token=log_in(again, "anna"))[2]["id"] == 2
    with closing(opened(again)) as connection:
        assert connection.execute("SELECT id, username FROM users").fetchall() == [(2, "anna")]
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def asked_in_vain(served, token):
    with pytest.raises(OSError, match=r"reset|closed|refused"):
        served.ask("DELETE", "/me", {"password": PASSWORD}, token)


def clean_up(served):
    path = str(sqlite_path(database_url(served.database_url)))
    environment = {**os.environ, "DATABASE_URL": path, "JWT_SECRET_KEY": conftest.KEY}
    command = [sys.executable, "-m", "flask", "--app", "main", "cleanup"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return done.stdout
