"""Lists as CSV and NDJSON: every matching task, from one state of the database, in little memory."""

import csv
import http.client
import io
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from tasking import make

from database import database_url, open_engine, writing
from web.shown import FIELDS

CSV, NDJSON = "text/csv", "application/x-ndjson"


def export(client, mimetype, query=""):
    answer = client.get(f"/tasks{query}", headers={"Accept": mimetype})
    assert answer.status_code == 200, answer.json
    assert answer.mimetype == mimetype
    return answer


def lines(answer):
    return list(csv.reader(io.StringIO(answer.data.decode(), newline="")))


def test_csv_holds_every_task_of_the_list(any_url, make_app, sign_up):
    anna = sign_up(make_app(any_url), "anna")
    for number in range(30):
        make(anna, title=f"Task {number}", labels=["b", "a;c"], due_at="2026-01-01T00:00:00Z", priority="high")
    answer = export(anna, CSV)
    assert answer.data.startswith(b"id,title,description,")
    assert answer.data.count(b"\r\n") == answer.data.count(b"\n") == 31
    assert answer.headers["X-Total-Count"] == "30"
    header, *rows = lines(answer)
    assert tuple(header) == FIELDS
    task = anna.get("/tasks/30").json
    assert rows[0] == [str(v) if v is not None else "" for v in {**task, "labels": 'b;"a;c"'}.values()]
    assert [row[0] for row in rows] == [str(number) for number in range(30, 0, -1)]


def test_ndjson_holds_a_task_in_each_line(any_url, make_app, sign_up):
    anna = sign_up(make_app(any_url), "anna")
    for number in range(30):
        make(anna, title=f"Line\n{number}", labels=["a"] if number % 2 else [])
    written = export(anna, NDJSON).data.decode()
    assert written.endswith("\n")
    assert [json.loads(line) for line in written.splitlines()] == anna.get("/tasks?per_page=100").json


@pytest.mark.parametrize("mimetype", [CSV, NDJSON])
def test_an_export_is_filtered_and_sorted_like_a_page(anna, mimetype):
    for title in ("b", "a", "c"):
        make(anna, title=title, labels=["x"])
    make(anna, title="d")
    anna.delete("/tasks/3")
    answer = export(anna, mimetype, "?label=X&sort=title")
    titles = [row[1] for row in lines(answer)[1:]] if mimetype == CSV else []
    titles += [json.loads(line)["title"] for line in answer.data.splitlines()] if mimetype == NDJSON else []
    assert titles == ["a", "b"]
    assert export(anna, mimetype, "?deleted=true").headers["X-Total-Count"] == "1"
    assert export(anna, mimetype, "?label=none").data == (",".join(FIELDS) + "\r\n").encode() * (mimetype == CSV)
    for parameter in ("page=1", "per_page=5", "cursor=x"):
        answer = anna.get(f"/tasks?{parameter}", headers={"Accept": mimetype})
        assert answer.status_code == 400
        assert list(answer.json["errors"]) == [parameter.partition("=")[0]]


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "＋1", "－1", "＠x"]


@pytest.mark.parametrize("formula", [*FORMULAS, "\t=1", "\r=1"])
def test_no_cell_is_taken_for_a_formula(anna, formula):
    make(anna, title=f"x{formula}", description=formula, labels=[formula.strip(), "=2"])
    row = dict(zip(FIELDS, lines(export(anna, CSV))[1], strict=True))
    assert (row["title"], row["description"]) == (f"x{formula}", f"'{formula}")
    assert row["labels"] == f"'{formula.strip()};=2"


@pytest.mark.parametrize(
    ("accept", "mimetype"),
    [
        ("*/*", "application/json"),
        ("text/*", CSV),
        ("application/json, text/csv;q=0.5", "application/json"),
        ("application/json;q=0.5, text/csv", CSV),
        ("text/html, */*;q=0.1", "application/json"),
        ("text/html", "application/problem+json"),
        ("application/json;q=0", "application/problem+json"),
    ],
)
def test_the_client_says_what_it_accepts(anna, accept, mimetype):
    answer = anna.get("/tasks", headers={"Accept": accept})
    assert answer.mimetype == mimetype
    assert answer.status_code == (406 if mimetype == "application/problem+json" else 200)


MANY = """
    INSERT INTO tasks (user_id, title, description, created_at, updated_at)
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 200000)
    SELECT users.id, 'Task ' || n, 'What there is to do about it, in a few words', created_at, created_at
    FROM numbers CROSS JOIN users
"""


def status(pid, what):
    """What the kernel says of a process's memory, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(what))


@pytest.fixture
def many(serve, any_url):
    """A served app whose only user has 200,000 tasks, and the headers that the user sends."""
    served = serve("--workers", "1", DATABASE_URL=any_url)
    somebody = {"username": "anna", "password": "securepassword"}
    served.ask("POST", "/register", somebody)
    token = served.ask("POST", "/login", somebody)[2]["access_token"]
    engine = open_engine(database_url(any_url))
    with writing(engine) as connection:
        # The index of words is not what this is about.
        indexing = "TRIGGER tasks_searched_in" if engine.dialect.name == "sqlite" else "INDEX ix_tasks_search"
        connection.execute(text(f"DROP {indexing}"))
        connection.execute(text(MANY))
    engine.dispose()
    return served, {"Authorization": f"Bearer {token}"}


@pytest.mark.slow
@pytest.mark.parametrize("mimetype", [CSV, NDJSON])
def test_many_tasks_are_streamed_in_little_memory(many, mimetype):
    served, headers = many
    served.ask("GET", "/tasks", None, headers["Authorization"].removeprefix("Bearer "))
    (worker,) = served.workers()
    before = status(worker, "VmRSS")
    Path(f"/proc/{worker}/clear_refs").write_text("5")  # the peak begins here: to check a password takes 32 MiB
    with closing(http.client.HTTPConnection("127.0.0.1", served.port)) as connection:
        connection.request("GET", "/tasks", headers={**headers, "Accept": mimetype})
        answer = connection.getresponse()
        read = 0
        while chunk := answer.read(1 << 16):
            read += chunk.count(b"\n")
    assert read == 200_000 + (mimetype == CSV)
    assert answer.headers["X-Total-Count"] == "200000"
    assert status(worker, "VmHWM") - before < 15


@pytest.mark.slow
def test_an_export_is_one_state_and_lets_others_write(many):
    served, headers = many
    token = headers["Authorization"].removeprefix("Bearer ")
    with closing(http.client.HTTPConnection("127.0.0.1", served.port)) as connection:
        connection.request("GET", "/tasks?sort=id", headers={**headers, "Accept": NDJSON})
        answer = connection.getresponse()
        first = answer.readline()
        assert served.ask("POST", "/tasks", {"title": "late"}, token)[0] == 201
        assert served.ask("DELETE", "/tasks/200000", None, token)[0] == 200
        rest = answer.read()
    assert json.loads(first)["id"] == 1
    last = json.loads(rest.splitlines()[-1])
    assert (rest.count(b"\n"), last["id"]) == (199_999, 200_000)


@pytest.mark.slow
def test_an_export_that_the_client_leaves_holds_nothing(many):
    served, headers = many
    for _ in range(4):
        with socket.create_connection(("127.0.0.1", served.port)) as connection:
            lines = ["GET /tasks HTTP/1.1", "Host: x", "Accept: text/csv", f"Authorization: {headers['Authorization']}"]
            connection.sendall("\r\n".join([*lines, "", ""]).encode())
            connection.recv(1000)
    token = headers["Authorization"].removeprefix("Bearer ")
    assert served.ask("GET", "/tasks", None, token)[0] == 200
    assert served.ask("POST", "/tasks", {"title": "after"}, token)[0] == 201


TERMINATE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle' AND query LIKE 'FETCH%'
"""


@pytest.mark.slow
@pytest.mark.parametrize("any_url", ["postgresql"], indirect=True)
def test_a_failure_half_way_is_no_shorter_list(many, any_url):
    served, headers = many
    engine = open_engine(database_url(any_url))
    with ThreadPoolExecutor(1) as thread, engine.connect() as others:
        token = headers["Authorization"].removeprefix("Bearer ")
        answer = thread.submit(served.ask, "GET", "/tasks", None, token, Accept=CSV)
        while not others.execute(text(TERMINATE)).all():
            others.rollback()
            assert not answer.done(), "it was over before it could be cut off"
        assert answer.result()[0] == 503
    engine.dispose()
