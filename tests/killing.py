"""Loads of t.csv in real processes, to be disturbed: the file, the place, and what must be left of neither."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from pathlib import Path

import psycopg
from loading import Place, ended, fine, run

ROWS = 30_000  # in a file larger than what is read of it whole before a load begins
OPTIONS = ("--primary-key", "id", "--chunk-size", "1000")
OLD = "id,code,amount,word\n1,5,1.5,old\n"


def content(rows=ROWS, word="a word that is long enough to make the file larger than what a sample of it sees"):
    """Rows of numbers; some ragged, some cells noise, a key that repeats, and late a code that is no number."""
    lines = [f"{number},{number * 7},{number}.25,{word} {number}" for number in range(1, rows + 1)]
    for number in range(997, rows, 997):
        lines[number] = f"{number + 1},5,1.5,too,long"
    for number in range(500, rows, 1999):
        lines[number] = f"{number + 1},5,pending,noise"
    for number in range(3000, rows, 9000):
        lines[number] = f"{number - 2500},5,1.5,a key that an earlier block has"
    lines[7] = '8,5,1.5,"a stray quote'
    lines[rows - 321] = f"{rows - 320},007,1.5,late"
    return "id,code,amount,word\n" + "\n".join(lines) + "\n"


class Killing(Place):
    """A place with a folder of its own for temporary files, so that what is left in it shows."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        super().__init__(folder, url)
        self.temporary = folder / "temporary"
        self.temporary.mkdir()

    def begin(self, *options: object):
        """Start loading t.csv."""
        environment = {"TMPDIR": str(self.temporary)}
        return self.start(self.folder / "t.csv", *OPTIONS, *options, environment=environment)

    def finish(self, *options: object):
        """The same command, to its end; in this process, unless it has workers of its own."""
        answer = ended(self.begin(*options)) if "2" in options else self._finish_here(*options)
        fine(answer)
        assert answer.code == 0, answer.said
        return answer

    def _finish_here(self, *options: object):
        before, tempfile.tempdir = tempfile.tempdir, str(self.temporary)
        try:
            return run(self.folder / "t.csv", *self.options(), *OPTIONS, *options)
        finally:
            tempfile.tempdir = before

    def blocks(self) -> int:
        try:
            return self.query("SELECT count(*) FROM etl_blocks")[0][0]
        except (sqlite3.OperationalError, psycopg.errors.UndefinedTable):
            return 0  # there is no such table yet

    def wait_for_blocks(self, process, count: int = 3) -> None:
        while process.poll() is None and self.blocks() < count:
            time.sleep(0.002)
        assert process.poll() is None, ended(process).said

    def assert_nothing_left(self) -> None:
        assert self.query("SELECT count(*) FROM etl_blocks") == [(0,)]
        assert not self.staging()
        assert self.tables() == {"t", "etl_loads", "etl_blocks", "etl_rejects", "alembic_version"}
        assert list(self.temporary.iterdir()) == []
        rejects_of_others = (
            "SELECT count(*) FROM etl_rejects WHERE load_id NOT IN (SELECT id FROM etl_loads WHERE state = 'published')"
        )
        assert self.query(rejects_of_others) == [(0,)]
        assert self.query("SELECT count(*) FROM etl_loads WHERE state = 'loading'") == [(0,)]
        if self.url == str(self.database):
            assert self.query("PRAGMA integrity_check") == [("ok",)]
            names = {path.name for path in self.folder.iterdir()}
            of_our_own_readers = {"loaded.db-wal", "loaded.db-shm"}
            assert names - of_our_own_readers == {"t.csv", "loaded.db", "load.log", "temporary"}
