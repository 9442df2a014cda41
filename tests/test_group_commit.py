"""Requests that wait to write at the same time share a transaction, and nothing else."""

import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from contextvars import ContextVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from database import open_engine
from web import group_commit
from web.group_commit import GroupCommit

HERE = ContextVar("HERE")


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("group")
    engine = open_engine(make_url(f"sqlite:///{folder / 'group.db'}"))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE people (id INTEGER PRIMARY KEY)")
        connection.exec_driver_sql(
            "CREATE TABLE things (name TEXT UNIQUE, owner INTEGER REFERENCES people DEFERRABLE INITIALLY DEFERRED)"
        )
    yield engine
    engine.dispose()


@pytest.fixture
def _one_transaction(monkeypatch):
    """All who wait share a transaction, however long a busy machine takes for each."""
    monkeypatch.setattr(group_commit, "LONG_SECONDS", 60)


@pytest.fixture
def together(engine):
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM things")
    together = GroupCommit(engine)
    yield together
    together.close()


@contextmanager
def nobody_else_writes(engine):
    """Until the end of the block whoever wants to write waits."""
    with closing(sqlite3.connect(engine.url.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("COMMIT")


def all_at_once(engine, together, works):
    """What came of each, a result or an error, when all were waiting before the first could begin."""
    came = [None] * len(works)

    def come(number, work):
        HERE.set(number)
        try:
            came[number] = together.run(work)
        except Exception as error:
            came[number] = error

    threads = []
    with nobody_else_writes(engine):
        for number, work in enumerate(works):
            threads.append(threading.Thread(target=come, args=(number, work)))
            threads[-1].start()
            # The first one waits at the file, the others in the queue.
            while not together._has_first or len(together._queue) != number:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    return came


def adding(name, *, then=None, owner=None):
    def work(driver):
        driver.execute("INSERT INTO things VALUES (?, ?)", [name, owner])
        if then is not None:
            raise then
        return name

    return work


def names(engine):
    with closing(sqlite3.connect(engine.url.database)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM things ORDER BY name")]


@pytest.mark.usefixtures("_one_transaction")
def test_all_who_wait_are_committed_at_once_and_each_gets_its_own_result(engine, together):
    seen = []

    def adding_and_looking(name):
        def work(driver):
            driver.execute("INSERT INTO things VALUES (?, NULL)", [name])
            (own,) = driver.execute("SELECT count(*) FROM things").fetchone()
            seen.append((own, len(names(engine))))
            return name

        return work

    assert all_at_once(engine, together, [adding_and_looking(name) for name in "abcde"]) == [*"abcde"]
    assert seen == [(number, 0) for number in (1, 2, 3, 4, 5)]
    assert names(engine) == [*"abcde"]


def test_work_is_done_as_the_request_it_belongs_to(engine, together):
    assert all_at_once(engine, together, [lambda _driver: HERE.get()] * 5) == [0, 1, 2, 3, 4]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["kept", "fails", "is there already"]), max_size=6))
def test_what_fails_is_undone_alone(engine, fates):
    together = GroupCommit(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM things")
        connection.exec_driver_sql("INSERT INTO things (name) VALUES ('there')")
    refusal = ValueError("no")
    works = {
        "kept": lambda number: adding(str(number)),
        "fails": lambda number: adding(str(number), then=refusal),
        "is there already": lambda _number: adding("there"),
    }
    came = all_at_once(engine, together, [works[fate](number) for number, fate in enumerate(fates)])
    together.close()
    kept = [str(number) for number, fate in enumerate(fates) if fate == "kept"]
    assert names(engine) == [*kept, "there"]
    for number, (fate, what) in enumerate(zip(fates, came, strict=True)):
        if fate == "kept":
            assert what == str(number)
        elif fate == "fails":
            assert what is refusal
        else:
            assert isinstance(what, sqlite3.IntegrityError)


@pytest.mark.usefixtures("_one_transaction")
def test_where_the_commit_fails_nobody_is_told_that_anything_was_kept(engine, together):
    works = [adding("a"), adding("b", owner=7), adding("c", then=KeyError("own"))]
    first, second, third = all_at_once(engine, together, works)
    for error in (first, second):
        assert isinstance(error, sqlite3.IntegrityError)
        assert error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
    assert isinstance(third, KeyError)
    assert names(engine) == []
    assert together.run(adding("later")) == "later"


@pytest.mark.usefixtures("_one_transaction")
def test_where_sqlite_undoes_all_who_came_before_hear_why_and_others_begin_anew(engine, together):
    def undoes_all(driver):
        driver.execute("INSERT OR ROLLBACK INTO things VALUES ('a', NULL)")

    first, second, third = all_at_once(engine, together, [adding("a"), undoes_all, adding("c")])
    for error in (first, second):
        assert isinstance(error, sqlite3.IntegrityError)
        assert error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_UNIQUE
    assert third == "c"
    assert names(engine) == ["c"]


def test_whoever_waits_too_long_is_told_so_and_leaves_no_trace(engine, together, monkeypatch):
    monkeypatch.setattr(group_commit, "BUSY_SECONDS", 0.3)
    came = []

    def come(name):
        try:
            came.append(together.run(adding(name)))
        except sqlite3.OperationalError as error:
            came.append(str(error))

    threads = [threading.Thread(target=come, args=(name,)) for name in "abc"]
    with nobody_else_writes(engine):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert came == ["database is locked"] * 3
    assert names(engine) == []
    assert together.run(adding("later")) == "later"


def test_who_comes_while_long_work_is_done_gets_a_transaction_of_its_own(engine, together):
    there_before_me = []

    def long(driver):
        driver.execute("INSERT INTO things VALUES ('long', NULL)")
        time.sleep(2 * group_commit.LONG_SECONDS)

    def looking(driver):
        there_before_me.extend(names(engine))

    all_at_once(engine, together, [long, looking])
    assert there_before_me == ["long"]


def test_a_closed_connection_is_opened_again(engine, together):
    together.run(adding("a"))
    together.close()
    together.run(adding("b"))
    assert names(engine) == ["a", "b"]
