"""Loads that die at a chosen statement, one after another of all there are; then the same command is run again."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import sys
import warnings
from pathlib import Path

import pytest
from loading import Place, fine, run
from sqlalchemy import Engine, event
from sqlalchemy.pool import Pool

from etl.blocks import cut

pytestmark = pytest.mark.slow

EVERY = int(os.environ.get("CRASH_EVERY", "60"))  # 1: at each statement that there is
OLD = "id,code,amount,word\n1,5,1.5,old\n"
OPTIONS = ("--primary-key", "id", "--chunk-size", "40", "--workers", "1")
LEFT_BY_SQLITE = {"loaded.db", "loaded.db-wal", "loaded.db-shm"}


def content(rows=200):
    """Five blocks; some rows rejected, some cells blanked, and late a value that makes the load begin again."""
    lines = [f"{number},{number * 7},{number}.25,word {number}" for number in range(1, rows + 1)]
    lines[30] = "31,5,1.5,too,long"
    lines[90] = "91,5,pending,noise"
    lines[120] = "7,5,1.5,a key that an earlier block has"
    lines[rows - 9] = f"{rows - 8},007,1.5,late"
    return "id,code,amount,word\n" + "\n".join(lines) + "\n"


class Crashing(Place):
    """A place in which loads of t.csv die."""

    def load_once(self, *options: object):
        return run(self.folder / "t.csv", *self.options(), *OPTIONS, *options)

    def empty(self) -> None:
        """Take away what earlier loads left in the database, and the log."""
        if self.url.startswith("postgresql"):
            self.execute("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
        for name in ("loaded.db", "loaded.db-wal", "loaded.db-shm", "load.log"):
            (self.folder / name).unlink(missing_ok=True)

    def dies_at(self, statement: int, *options: object) -> bool:
        """Load in a process that kills itself before its statement of that number; False when it ended before."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside the idle threads of libraries
            pid = os.fork()
        if pid == 0:
            kill_at(statement)
            sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - as long as the process
            code = 99
            with contextlib.suppress(BaseException):
                code = self.load_once(*options).code
            os._exit(code)
        status = os.waitpid(pid, 0)[1]
        self.wait_until_unlocked()
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, status
        return os.WIFSIGNALED(status)

    def assert_whole(self, expected: dict) -> None:
        assert self.everything() == expected
        assert not self.staging()
        assert self.query("SELECT count(*) FROM etl_blocks") == [(0,)]
        assert self.query("SELECT count(*) FROM etl_loads WHERE state = 'loading'") == [(0,)]
        ended_otherwise = "SELECT id FROM etl_loads WHERE state <> 'published'"
        assert self.query(f"SELECT count(*) FROM etl_rejects WHERE load_id IN ({ended_otherwise})") == [(0,)]
        assert list((self.folder / "temporary").iterdir()) == []
        if not self.url.startswith("postgresql"):
            assert self.query("PRAGMA integrity_check") == [("ok",)]
            assert {path.name for path in self.folder.iterdir()} - LEFT_BY_SQLITE == {"t.csv", "load.log", "temporary"}


def kill_at(statement: int) -> None:
    """Let this process kill itself before its next statement of that number, commits among them."""
    seen = 0

    def count(*_what: object) -> None:
        nonlocal seen
        seen += 1
        if seen == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    def trace(connection: object, _entry: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.set_trace_callback(count)
        else:
            event.listen(Engine, "before_cursor_execute", count)
            event.listen(Engine, "commit", count)

    event.listen(Pool, "connect", trace)


@pytest.fixture
def place(tmp_path, any_url, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr("etl.write.sqlite.WORTH_A_FILE", 10)  # also small blocks go through a file
    # The sample is the first forty rows: what comes later can contradict the guesses.
    monkeypatch.setattr("etl.survey.WHOLE_BYTES", 1)
    monkeypatch.setattr("etl.survey.HEAD_BYTES", 1)
    monkeypatch.setattr("etl.survey.PIECES", 0)
    monkeypatch.setattr("etl.survey.cut", lambda source, layout, start, _rows: cut(source, layout, start, 40))
    url = any_url if any_url.startswith("postgresql") else str(tmp_path / "loaded.db")
    return Crashing(tmp_path, url)


@pytest.fixture
def undisturbed(place):
    place.write(content())
    fine(place.load_once())
    everything = place.everything()
    assert everything["account"] == (200, 198, 2)
    assert "beginning again" in place.log.read_text(), "no guess was contradicted"
    place.assert_whole(everything)
    return everything


def assert_all_or_nothing(place, old, new):
    """Whoever looks now sees what was there, or all that is new."""
    rows = place.rows() if "t" in place.tables() else None
    assert rows in (old, new["rows"])


@pytest.mark.parametrize("there", ["an old table", "nothing"])
def test_killed_before_any_statement_and_again_while_it_is_taken_up(place, undisturbed, there):
    """Twice in one load, the second time at a statement that is another one for each first."""
    statement, alive = (1 if there == "nothing" else min(EVERY, 20)), False
    while not alive:
        place.empty()
        if there == "an old table":
            place.write(OLD)
            place.load_once()
        old = place.rows() if there == "an old table" else None
        place.write(content())
        alive = not place.dies_at(statement)
        assert_all_or_nothing(place, old, undisturbed)
        again = random.Random(statement).randint(1, 90)
        place.dies_at(again)
        assert_all_or_nothing(place, old, undisturbed)
        answer = place.load_once()
        fine(answer)
        assert answer.code == 0, (answer.said, statement, again)
        place.assert_whole(undisturbed)
        statement += EVERY
    assert statement > 60
