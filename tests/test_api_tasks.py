"""Tasks: whose they are, what they hold, and how they change."""

import re

import pytest
from sqlalchemy import text
from tasking import make

from database import database_url, open_engine, writing
from web.shown import FIELDS


def test_a_task_shows_all_its_fields_in_order(anna):
    task = anna.get(make(anna)).json
    expected = "id title description status priority due_at labels created_at updated_at completed_at"
    assert list(task) == expected.split()
    assert task["created_at"] == task["updated_at"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", task["created_at"])
    defaults = {"description": "", "status": "pending", "priority": "normal", "labels": []}
    assert defaults.items() <= task.items()
    assert task["due_at"] is task["completed_at"] is None


def test_a_task_is_made_where_a_load_has_just_published_a_table(make_app, any_url):
    client = make_app(any_url).test_client()
    somebody = {"username": "anna", "password": "securepassword"}
    client.post("/register", json=somebody)
    token = client.post("/login", json=somebody).json["access_token"]
    engine = open_engine(database_url(any_url))
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE published (id INTEGER)"))
    engine.dispose()
    answer = client.post("/tasks", json={"title": "Right after"}, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 201, answer.json


@pytest.mark.parametrize(
    ("field", "given", "kept"),
    [
        ("title", "  trimmed \n", "trimmed"),
        ("title", "用" * 200, "用" * 200),
        ("description", "  kept as it is \n", "  kept as it is \n"),
        ("description", "x" * 10_000, "x" * 10_000),
        ("status", "in_progress", "in_progress"),
        ("priority", "urgent", "urgent"),
        ("due_at", None, None),
        ("due_at", "2026-11-23T10:00:00Z", "2026-11-23T10:00:00.000Z"),
        ("due_at", "2026-11-23T10:00:00.1239+05:30", "2026-11-23T04:30:00.123Z"),
        ("due_at", "2026-11-23t10:00z", "2026-11-23T10:00:00.000Z"),
        ("due_at", "1969-12-31T23:59:00-00:01", "1970-01-01T00:00:00.000Z"),
        ("due_at", "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
        ("labels", [" home ", "Home", "work"], ["home", "work"]),
        ("labels", ["x" * 40] + [str(n) for n in range(19)], ["x" * 40] + [str(n) for n in range(19)]),
    ],
)
def test_what_a_task_can_hold(anna, field, given, kept):
    assert anna.get(make(anna, **{field: given})).json[field] == kept


FAULTS = [
    ("title", ""),
    ("title", "   "),
    ("title", "x" * 201),
    ("title", None),
    ("title", 7),
    ("title", "a\0b"),
    ("title", "a\ud800b"),
    ("description", "x" * 10_001),
    ("description", None),
    ("status", "done"),
    ("status", None),
    ("priority", "URGENT"),
    ("due_at", ""),
    ("due_at", "2026-11-23T10:00:00"),
    ("due_at", "2026-11-23"),
    ("due_at", "2026-02-30T10:00:00Z"),
    ("due_at", "1969-12-31T23:59:59Z"),
    ("due_at", "1970-01-01T00:00:00+01:00"),
    ("due_at", "9999-12-31T23:59:59-01:00"),
    ("due_at", "2026-11-23x10:00:00Z"),
    ("due_at", "２０２６-11-23T10:00:00Z"),
    ("due_at", 1795000000),
    ("labels", None),
    ("labels", "home"),
    ("labels", [str(number) for number in range(21)]),
    ("labels[1]", ["ok", ""]),
    ("labels[0]", ["x" * 41]),
    ("labels[0]", [7]),
    ("user_id", 1),
    ("odd\ud800", 1),
    ("", 1),
]


@pytest.mark.parametrize(("field", "value"), FAULTS)
def test_what_a_task_cannot_hold_is_refused_by_name(anna, field, value):
    address = make(anna)
    body = {"title": "ok", field.partition("[")[0]: value}
    for method, path in (("POST", "/tasks"), ("PUT", address), ("PATCH", address)):
        answer = anna.open(path, method=method, json=body)
        assert answer.status_code == 422
        assert list(answer.json["errors"]) == [field.replace("\ud800", "?")]
    assert anna.get("/tasks").headers["X-Total-Count"] == "1"


def test_a_new_task_needs_a_title_and_takes_no_id(anna):
    answer = anna.post("/tasks", json={"id": 7})
    assert answer.json["errors"] == {"title": ["This field is required."], "id": ["There is no such field."]}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_fields_left_out_stay_as_they_are(anna, method):
    address = make(anna, description="kept", labels=["a"], due_at="2026-11-23T10:00:00Z")
    before = anna.get(address).json
    assert anna.open(address, method=method, json={"priority": "high"}).status_code == 200
    after = anna.get(address).json
    assert after == {**before, "priority": "high", "updated_at": after["updated_at"]}


def test_null_clears_due_at(anna):
    address = make(anna, due_at="2026-11-23T10:00:00Z")
    anna.patch(address, json={"due_at": None})
    assert anna.get(address).json["due_at"] is None


def test_what_get_answered_can_be_sent_back_and_changes_nothing(anna):
    address = make(anna, status="completed", due_at="2026-11-23T10:00:00.987654Z", labels=["a"])
    before = anna.get(address).json
    assert anna.put(address, json=before).status_code == 200
    assert anna.put(address, json={**before, "id": 99, "created_at": "x", "completed_at": []}).status_code == 200
    assert anna.put(address, json={}).status_code == 200
    assert anna.get(address).json == before


def test_completed_at_follows_the_status(anna):
    address = make(anna)
    anna.put(address, json={"status": "completed"})
    completed = anna.get(address).json
    assert completed["completed_at"] == completed["updated_at"]
    anna.put(address, json={"status": "completed", "title": "Renamed"})
    assert anna.get(address).json["completed_at"] == completed["completed_at"]
    anna.put(address, json={"status": "pending"})
    assert anna.get(address).json["completed_at"] is None
    born_done = anna.get(make(anna, status="completed")).json
    assert born_done["completed_at"] == born_done["created_at"]


def test_the_task_of_somebody_else_is_not_there(app, anna, sign_up):
    bert = sign_up(app, "bert")
    address = make(anna)
    answers = [
        bert.get(address),
        bert.put(address, json={"title": "Mine now"}),
        bert.patch(address, json={"title": "Mine now"}),
        bert.delete(address),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert answers[0].json["message"] == bert.get("/tasks/999").json["message"].replace("999", address[7:])
    assert bert.get("/tasks").json == []
    assert [task["title"] for task in anna.get("/tasks").json] == ["A task"]


@pytest.mark.parametrize(
    "path",
    [
        "/tasks/0",
        "/tasks/01",
        "/tasks/-1",
        "/tasks/+1",
        "/tasks/1.0",
        "/tasks/abc",
        "/tasks/%D9%A1",
        "/tasks/1%00",
        "/tasks/9223372036854775807",
        "/tasks/9223372036854775808",
        "/tasks/99999999999999999999999",
        "/tasks/",
        "/tasks/1/",
        "//tasks",
        "//tasks/1",
        "/tasks//1",
        "/nothing",
        "/%ff",
        "/tasks/%ff",
        "/../etc/passwd",
    ],
)
def test_what_is_not_there_is_404_with_and_without_a_token(client, anna, path):
    make(anna)
    answers = [anna.get(path), anna.delete(path)]
    if path != "/tasks/9223372036854775807":
        answers.append(client.get(path))
    assert {(answer.status_code, answer.mimetype) for answer in answers} == {(404, "application/problem+json")}


def test_ids_are_not_used_again(anna):
    first = make(anna)
    anna.delete(first)
    assert make(anna) != first
    assert anna.delete(first).status_code == 404


def test_each_column_of_a_task_is_shown_but_its_owner():
    from models import Task

    columns = {column.key for column in Task.__table__.columns}
    assert columns ^ set(FIELDS) == {"user_id", "deleted_at", "labels"}
