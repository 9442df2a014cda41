"""One transaction for all requests of a process that want to write at the same time, on SQLite.

There one transaction waits for the other. So the first request in the queue has the turn at the file, does the work of
those behind it after its own, and commits for all; then each gives its answer. A turn, a commit, and to read again what
other processes have changed, take as long for ten requests as for one. Where one fails, its work alone is undone.
"""

from __future__ import annotations

import sqlite3
import time
from collections import deque
from contextlib import suppress
from contextvars import copy_context
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar, cast

from database import BUSY_SECONDS, sqlite_path
from turns import QueuingConnection, turns_at
from web import direct

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

Result = TypeVar("Result")

# Nobody else's work is begun in a transaction that has lasted so long: other processes want to write, too.
LONG_SECONDS = 0.02


class _Part:
    """What one request does in a transaction, and what came of it."""

    def __init__(self, work: Callable[[sqlite3.Connection], Any]) -> None:
        self.work = work
        # Another request's thread may do it, but as this request.
        self.context = copy_context()
        self.give_up = time.monotonic() + BUSY_SECONDS
        self.is_first = False
        self.result: Any = None
        self.error: BaseException | None = None
        self.wakes = Lock()
        self.wakes.acquire()


class GroupCommit:
    """The one connection that a process needs for this, and who waits for it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        path = sqlite_path(engine.url)
        assert path is not None
        self._turns = turns_at(path)
        self._driver: QueuingConnection | None = None  # the business of the first alone
        self._guard = Lock()  # of these two
        self._queue: deque[_Part] = deque()
        self._has_first = False

    def run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """What `work` gives, when what it has run is committed. It must not wait for anybody else."""
        part = _Part(work)
        with self._guard:
            self._queue.append(part)
            part.is_first, self._has_first = not self._has_first, True
        if not part.is_first and not part.wakes.acquire(timeout=BUSY_SECONDS):
            self._leave(part)
        if part.is_first:
            self._work_for_all()
        if part.error is not None:
            raise part.error
        return cast("Result", part.result)

    def close(self) -> None:
        """Close the connection, if nobody uses it now."""
        with self._guard:
            if not self._has_first:
                self._forget()

    def _leave(self, part: _Part) -> None:
        with self._guard:
            if part in self._queue and not part.is_first:
                self._queue.remove(part)
                raise sqlite3.OperationalError("database is locked")
        part.wakes.acquire()  # its turn came just now

    def _work_for_all(self) -> None:
        group: list[_Part] = []
        try:
            self._take_next(group)
            driver = self._begun(group[0].give_up)
            no_more = time.monotonic() + LONG_SECONDS
            _run(driver, group[0])
            while time.monotonic() < no_more and self._take_next(group):
                _run(driver, group[-1])
            driver.commit()
        except BaseException as error:  # noqa: BLE001 (every request raises it in its own thread)
            for part in group:
                part.error = part.error or error
            self._forget()
        finally:
            self._hand_over()
            for part in group[1:]:
                part.wakes.release()

    def _begun(self, give_up: float) -> QueuingConnection:
        driver = self._driver = self._driver or self._opened()
        driver.begin_to_write(self._turns, max(0, give_up - time.monotonic()), long=False)
        return driver

    def _take_next(self, group: list[_Part]) -> bool:
        with self._guard:
            if self._queue:
                group.append(self._queue.popleft())
                return True
        return False

    def _hand_over(self) -> None:
        with self._guard:
            self._has_first = bool(self._queue)
            if self._has_first:
                self._queue[0].is_first = True
                self._queue[0].wakes.release()

    def _opened(self) -> QueuingConnection:
        driver = direct.opened(self._engine)
        assert isinstance(driver, QueuingConnection)
        driver.do_nothing_else()
        # What undoes a statement half done would else stand in files, made and removed for every few tasks.
        driver.execute("PRAGMA temp_store = MEMORY")
        return driver

    def _forget(self) -> None:
        driver, self._driver = self._driver, None
        if driver is not None:
            with suppress(sqlite3.Error):
                driver.close()


def _run(driver: sqlite3.Connection, part: _Part) -> None:
    driver.execute("SAVEPOINT part")
    try:
        part.result = part.context.run(part.work, driver)
    except BaseException as error:
        part.error = error
        if not driver.in_transaction:  # there are faults, as a full disk, after which SQLite undoes all
            raise
        driver.execute("ROLLBACK TO part")
    driver.execute("RELEASE part")
