"""What the tests of faults share: clients that write without a pause, and what of it must be there afterwards."""

from __future__ import annotations

import http.client
import json
import os
import signal
import sqlite3
import threading
import time
import uuid
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import psycopg
from at_work import at_work
from conftest import PASSWORD, is_alive

from database import database_url, sqlite_path

PATIENCE = 60  # seconds until something is missing, also on a busy machine


@dataclass
class Writer:
    """Somebody who makes tasks, changes and reads them, one request after the other, and remembers each answer."""

    served: object
    token: str
    name: str
    pause: float = 0.0
    statuses: Counter = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)  # requests without an answer
    answers: list[tuple] = field(default_factory=list)  # of refusals: status, headers, body
    made: dict[int, str] = field(default_factory=dict)  # id -> the title that was acknowledged last
    doubtful: set[int] = field(default_factory=set)  # a change of these was asked for, and never answered
    refused: list[str] = field(default_factory=list)  # titles of tasks that were not to be made
    unanswered: list[str] = field(default_factory=list)  # titles of tasks that may have been made or not
    longest: float = 0.0

    def run(self, stop: threading.Event) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.served.port, timeout=60)
        number = 0
        while not stop.is_set():
            number += 1
            try:
                self._write(connection, f"{self.name} {number}", change=number % 3 == 0)
                if number % 4 == 0:
                    self._ask(connection, "GET", "/tasks")
            except (OSError, http.client.HTTPException) as error:
                self.broken.append(repr(error))
                connection.close()
                stop.wait(0.05)
            stop.wait(self.pause)
        connection.close()

    def _write(self, connection, title: str, *, change: bool) -> None:
        if change and self.made:
            task = next(reversed(self.made))
            self.doubtful.add(task)
            if self._ask(connection, "PUT", f"/tasks/{task}", {"title": title})[0] == 200:
                self.made[task] = title
            self.doubtful.discard(task)
        else:
            self.unanswered.append(title)
            status, headers = self._ask(connection, "POST", "/tasks", {"title": title}, key=title)
            self.unanswered.pop()
            if status == 201:
                self.made[int(headers["Location"].rpartition("/")[2])] = title
            else:
                self.refused.append(title)

    def _ask(self, connection, method: str, path: str, body=None, key: str | None = None):
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        headers |= {"Idempotency-Key": key} if key else {}
        began = time.monotonic()
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        said = answer.read()
        self.longest = max(self.longest, time.monotonic() - began)
        self.statuses[answer.status] += 1
        if answer.status >= 300:
            self.answers.append((answer.status, answer.headers, said))
        return answer.status, answer.headers


@contextmanager
def writing_clients(served, token, number, *, pause=0.0):
    """So many writers at work, until the end of the block. No other writers ever give their tasks the same titles."""
    name = uuid.uuid4().hex
    writers = [Writer(served, token, f"{name} {n}", pause) for n in range(number)]
    with at_work(writers):
        yield writers


def statuses(writers) -> Counter:
    """How often each status was answered."""
    return sum((writer.statuses for writer in writers), Counter())


def only_refused_for_now(writers) -> bool:
    """Nobody was answered anything but success or "not just now", with a time to wait."""
    for writer in writers:
        for status, headers, said in writer.answers:
            assert status == 503, (status, said)
            assert int(headers["Retry-After"]) > 0
            assert headers["Content-Type"] == "application/problem+json"
    return True


def no_error(writers) -> bool:
    assert [answer for writer in writers for answer in writer.answers] == []
    assert [error for writer in writers for error in writer.broken] == []
    return True


def wait_for_writes(writers, number) -> None:
    """Until so many more writes were acknowledged."""
    wanted = sum(len(writer.made) for writer in writers) + number
    _wait(lambda: sum(len(writer.made) for writer in writers) >= wanted)


def wait_for_refusals(writers) -> None:
    """Until somebody was told that it is not possible just now."""
    _wait(lambda: statuses(writers)[503] > 0)


def _wait(done) -> None:
    give_up = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < give_up, f"it has not come in {PATIENCE} s"
        time.sleep(0.02)


def lost(url, writers) -> list:
    """What was acknowledged and is not there; the file must be sound."""
    found = tasks_in(url)
    return [
        (task, title, found.get(task))
        for writer in writers
        for task, title in writer.made.items()
        if found.get(task) != title and (task not in writer.doubtful or task not in found)
    ]


def done_nevertheless(url, writers) -> set:
    """What was refused, and is there."""
    return {title for writer in writers for title in writer.refused} & set(tasks_in(url).values())


def tasks_in(url) -> dict[int, str]:
    """The tasks that the database holds: id -> title."""
    path = sqlite_path(database_url(url))
    if path is None:
        with closing(psycopg.connect(url)) as connection:
            return dict(connection.execute("SELECT id, title FROM tasks").fetchall())
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        return dict(connection.execute("SELECT id, title FROM tasks").fetchall())


def sign_up(served, name=None):
    """A token of a new account."""
    account = {"username": name or f"user-{uuid.uuid4().hex}", "password": PASSWORD}
    assert served.ask("POST", "/register", account)[0] == 201
    return log_in(served, account["username"])


def log_in(served, name):
    """A token of an account."""
    return served.ask("POST", "/login", {"username": name, "password": PASSWORD})[2]["access_token"]


def kill_all(served) -> None:
    """Every process at once, the first one and the workers."""
    everyone = [served.process.pid, *served.workers()]
    for pid in everyone:
        os.kill(pid, signal.SIGKILL)
    served.process.wait()
    while any(is_alive(pid) for pid in everyone[1:]):
        time.sleep(0.02)
