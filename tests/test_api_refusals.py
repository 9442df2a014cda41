"""Every refusal has one shape, comes in one order, and tells nothing of the inside."""

import json
import logging
import sqlite3

import pytest
from conftest import KEY
from flask import g

import database
from main import create_app
from web import group_commit, request_log, task_rows, writes
from web.extensions import db
from web.sessions import Claims


def refused(answer, status):
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert {"title", "status", "message"} <= set(answer.json) <= {"title", "status", "message", "errors"}
    assert answer.json["status"] == status
    return True


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"title": "a", "title": "b"}',
        b'{"title": NaN}',
        b'{"a": Infinity}',
        b"\xff",
        b'{"title": "\xff"}',
        b'\xef\xbb\xbf{"title": "a"}',
        b'{"title": "a"} x',
        b"{'title': 'a'}",
        b'{"a": "\x01"}',
        b"[" * 101 + b"]" * 101,
        b"[" * 200_000,
        b'{"a":' * 100_000,
        '{"title": "ü"}'.encode("utf-16"),
        '{"title": "ü"}'.encode("latin-1"),
        b'{"title": "a",}',
        b'{"title": 01}',
    ],
)
def test_what_is_not_strict_json_is_400(anna, body):
    assert refused(anna.post("/tasks", data=body, content_type="application/json"), 400)


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b'"title"',
        b"7",
        b"[" * 100 + b"]" * 100,
        b'{"title": 1e999}',
        b'{"title": -' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_json_but_no_such_object_is_422(anna, body):
    assert refused(anna.post("/tasks", data=body, content_type="application/json"), 422)


def test_a_body_of_nothing_but_faults_gets_a_short_answer(anna):
    answer = anna.post("/tasks", json={str(number): 1 for number in range(50_000)})
    assert refused(answer, 422)
    assert len(answer.json["errors"]) == 100


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_a_body_that_is_not_said_to_be_json_is_415(anna, headers):
    assert refused(anna.post("/tasks", data=b'{"title": "a"}', headers=headers), 415)


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=UTF-8", "APPLICATION/JSON"])
def test_json_is_recognised_by_its_type(anna, kind):
    assert anna.post("/tasks", data=b'{"title": "a"}', headers={"Content-Type": kind}).status_code == 201


def test_the_order_of_refusals_is_401_404_415_400_422(client, anna):
    broken = {"data": b"{", "content_type": "application/json"}
    assert refused(client.put("/tasks/1", data=b"{", content_type="text/plain"), 401)
    assert refused(anna.put("/tasks/1", data=b"{", content_type="text/plain"), 404)
    anna.post("/tasks", json={"title": "a"})
    assert refused(anna.put("/tasks/1", data=b"{", content_type="text/plain"), 415)
    assert refused(anna.put("/tasks/1", **broken), 400)
    assert refused(anna.put("/tasks/1", json={"title": ""}), 422)


def test_a_body_over_one_mebibyte_is_413(anna):
    fits = json.dumps({"title": "a", "description": ""}).encode().ljust(1024 * 1024)
    assert anna.post("/tasks", data=fits, content_type="application/json").status_code == 201
    assert refused(anna.post("/tasks", data=fits + b" ", content_type="application/json"), 413)


def test_a_method_that_is_not_offered_is_405_and_says_which_are(anna):
    answer = anna.put("/tasks", json={})
    assert refused(answer, 405)
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    assert refused(anna.open("/tasks", method="BREW"), 405)


def test_options_says_what_is_offered_and_has_no_body(client):
    answer = client.options("/tasks")
    assert (answer.status_code, answer.data, answer.content_type) == (200, b"", None)
    assert "POST" in answer.headers["Allow"]


def test_a_bug_is_a_500_that_tells_nothing_and_a_trace_in_the_log(capsys, app, client, monkeypatch):
    def broken():
        raise RuntimeError("the inside")

    monkeypatch.setitem(app.view_functions, "health.alive", broken)
    answer = client.get("/healthz")
    assert refused(answer, 500)
    assert b"inside" not in answer.data
    assert "RuntimeError: the inside" in capsys.readouterr().err


def test_a_database_that_stays_locked_is_503_with_retry_after(make_app, sign_up, sqlite_url, monkeypatch):
    for module in (database, group_commit):
        monkeypatch.setattr(module, "BUSY_SECONDS", 0.1)
    app = make_app(sqlite_url)
    anna = sign_up(app, "anna")
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answer = anna.post("/tasks", json={"title": "a"})
    assert refused(answer, 503)
    assert int(answer.headers["Retry-After"]) > 0
    assert anna.get("/tasks").status_code == 200
    other.execute("ROLLBACK")
    other.close()
    assert anna.post("/tasks", json={"title": "a"}).status_code == 201


def test_a_table_that_stays_locked_on_postgresql_is_503(make_app, sign_up, postgresql_url, monkeypatch):
    monkeypatch.setattr("web.extensions.BUSY_SECONDS", 0.1)
    anna = sign_up(app := make_app(postgresql_url), "anna")
    with app.app_context(), db.engine.begin() as other:
        other.exec_driver_sql("LOCK TABLE tasks")
        answer = anna.get("/tasks")
    assert refused(answer, 503)
    assert anna.get("/tasks").status_code == 200


def test_a_database_that_is_gone_is_503_and_the_process_still_lives(make_app, sign_up, tmp_path, client):
    folder = tmp_path / "gone"
    app = make_app(f"sqlite:///{folder / 'x.db'}")
    anna = sign_up(app, "anna")
    with app.app_context():
        db.engine.dispose()
    folder.rename(tmp_path / "elsewhere")
    for answer in (anna.get("/tasks"), anna.post("/tasks", json={"title": "a"}), anna.get("/readyz")):
        assert refused(answer, 503)
        assert "Retry-After" in answer.headers
        assert b"sqlite" not in answer.data
    assert anna.get("/healthz").json == {"status": "ok"}
    (tmp_path / "elsewhere").rename(folder)
    assert anna.get("/readyz").json == {"status": "ok"}


def test_a_reader_that_becomes_a_writer_is_not_overtaken(app, anna):
    """Between a request's first look at the database and its write, nobody else writes."""
    anna.post("/tasks", json={"title": "a"})
    with app.test_request_context("/tasks/1", method="PUT"):
        db.session.scalar(db.text("SELECT count(*) FROM tasks"))
        other = sqlite3.connect(app.config["SQLALCHEMY_DATABASE_URI"].database, timeout=0, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()


@pytest.mark.parametrize("given", ["abc-123", "A._-z", "x" * 64])
def test_a_request_id_is_taken_over(client, given):
    for path in ("/healthz", "/nothing", "/tasks"):
        assert client.get(path, headers={"X-Request-ID": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "ä", "a\tb"])
def test_a_request_id_that_is_none_is_replaced(client, given):
    made = client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert request_log.USABLE_ID.fullmatch(made)
    assert made != given


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_every_line_of_the_log_bears_the_request_id(make_app, sqlite_url, capsys, log_format):
    client = make_app(sqlite_url, LOG_FORMAT=log_format).test_client()
    client.get("/a%0Ab", headers={"X-Request-ID": "abc-123"})
    [line] = capsys.readouterr().err.splitlines()
    if log_format == "json":
        line = json.loads(line)
        assert line["request_id"] == "abc-123"
        assert line["message"].startswith("GET /a%0Ab 404 ")
    else:
        assert "INFO [abc-123] GET /a%0Ab 404 " in line


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("JWT_SECRET_KEY", "x" * 31),
        ("JWT_ACCESS_TOKEN_MINUTES", "0"),
        ("JWT_ACCESS_TOKEN_MINUTES", "an hour"),
        ("PORT", "70000"),
        ("WORKERS", "-1"),
        ("SHUTDOWN_SECONDS", "1.5"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "loud"),
        ("ACCESS_LOG", "maybe"),
    ],
)
def test_a_setting_that_makes_no_sense_stops_the_start_with_a_sentence(sqlite_url, setting, value):
    with pytest.raises(ValueError, match=setting):
        create_app({"DATABASE_URL": sqlite_url, "JWT_SECRET_KEY": KEY, setting: value})


def test_logging_starts_only_once(make_app, sqlite_url):
    make_app(sqlite_url)
    make_app(sqlite_url)
    assert len(logging.getLogger("taskmill").handlers) == 1


def test_a_task_for_an_account_that_has_just_gone_is_a_conflict(make_app, any_url):
    """The account was there when the token was looked at, and is not any more when the task is written."""
    app = make_app(any_url)
    wanted = {"title": "a", "description": "", "status": "pending", "priority": "normal", "due_at": None, "labels": []}
    with app.test_request_context("/tasks", method="POST"):
        g.caller = Claims(user_id=7, session_id=7, turn=None, expires=0.0)
        with pytest.raises(Exception, match=r"(?i)foreign key") as raised:
            writes.in_transaction(lambda: task_rows.make(wanted))
        answer = app.make_response(app.handle_user_exception(raised.value))
    assert answer.status_code == 409
    assert answer.mimetype == "application/problem+json"
