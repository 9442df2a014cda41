"""Turns at writing to a SQLite file: who wants to write waits in one queue, all processes and both halves together.

SQLite lets one write at a time and keeps no queue: who waits sleeps and tries again, and whoever comes anew overtakes.
Here the threads of a process wait at a lock, and the first of them in the kernel, at a file beside the database. A turn
decides nothing but the order: SQLite's own lock still does, so a file system without such locks only costs time.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

# How long the first in the queue sleeps before it tries SQLite's lock again, which somebody has without a turn.
RETRY_SECONDS = 0.0005


class Turns:
    """The queue of one file, as this process sees it."""

    def __init__(self, database: Path) -> None:
        self._place = database.with_name(f"{database.name}-turns")
        self._first = threading.Lock()
        self._file: int | None = None
        self._process = 0

    def wait(self, seconds: float) -> bool:
        """Wait for a turn; False where none came in that time.

        In the kernel nobody can look at the clock. There one waits for somebody who has a turn: in the middle of a
        short transaction, or with even less time left before giving up.
        """
        if not self._first.acquire(timeout=seconds):
            return False
        with suppress(OSError):  # then the threads of this process queue, and no others
            self._lock()
        return True

    def end(self) -> None:
        """Let the next one have its turn."""
        if self._file is not None:
            with suppress(OSError):
                fcntl.flock(self._file, fcntl.LOCK_UN)
        self._first.release()

    def leave(self) -> None:
        """Remove the file, unless it is in use. Whoever waits at it will see that, and make another one."""
        if not self._first.acquire(blocking=False):
            return
        try:
            if self._file is not None and self._process == os.getpid():
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._place.unlink(missing_ok=True)
        except OSError:
            pass
        finally:
            self._close()
            self._first.release()

    def _lock(self) -> None:
        while fcntl is not None:
            # A file that came with a fork would be one lock for parent and child.
            if self._file is None or self._process != os.getpid():
                self._open()
            assert self._file is not None
            fcntl.flock(self._file, fcntl.LOCK_EX)
            if os.fstat(self._file).st_nlink:
                return
            self._close()  # removed in the meantime: a lock that nobody else looks at

    def _open(self) -> None:
        self._close()
        try:
            self._file = os.open(self._place, os.O_RDWR | os.O_CREAT, 0o666)
        except PermissionError:  # another user's: to read it is enough
            self._file = os.open(self._place, os.O_RDONLY)
        self._process = os.getpid()

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


@cache
def turns_at(database: Path) -> Turns:
    """The queue of a file: one for all who write to it in this process."""
    return Turns(database)


class QueuingConnection(sqlite3.Connection):
    """A connection whose transactions can begin with a turn, which ends with them."""

    turns: Turns | None = None
    only_writes = False

    def do_nothing_else(self) -> None:
        """Say that every transaction will begin with a turn: then SQLite's own waiting is switched off once for all."""
        self.only_writes = True
        self._let_sqlite_wait(0)

    def begin_to_write(self, turns: Turns, seconds: float, *, long: bool) -> None:
        """Begin a transaction that writes, when all who came before have ended theirs.

        long: let the others ask SQLite themselves as soon as this has begun, for they may not want to wait so long.
        """
        give_up = time.monotonic() + seconds
        if not self.only_writes:
            self._let_sqlite_wait(0)
        try:
            if turns.wait(seconds):
                self.turns = turns
            self._begin(give_up)
        except BaseException:
            self._end_turn()
            raise
        finally:
            if not self.only_writes:
                self._let_sqlite_wait(seconds)
        if long:
            self._end_turn()

    def _let_sqlite_wait(self, seconds: float) -> None:
        # It sleeps up to 100 ms at a time: nothing for somebody who has a turn.
        self.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")

    def _begin(self, give_up: float) -> None:
        while True:
            try:
                self.execute("BEGIN IMMEDIATE")
                break
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                    raise
            time.sleep(RETRY_SECONDS)
        # Reads the schema again where a load has changed it. An INSERT ... RETURNING into a table with triggers doesn't
        # do so by itself, but fails with "no such table".
        self.execute("SELECT 1 FROM sqlite_schema LIMIT 0")

    def _end_turn(self) -> None:
        if self.turns is not None:
            turns, self.turns = self.turns, None
            turns.end()

    def commit(self) -> None:
        """Commit, and let the next one write."""
        try:
            super().commit()
        finally:
            self._end_turn()

    def rollback(self) -> None:
        """Roll back, and let the next one write."""
        try:
            super().rollback()
        finally:
            self._end_turn()

    def close(self) -> None:
        """Close, and let the next one write."""
        try:
            super().close()
        finally:
            self._end_turn()
