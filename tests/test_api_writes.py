"""Writes that must not be lost, done twice or done by halves: ETags, Idempotency-Key, bulk, deletion."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text, update
from tasking import make, titles

from database import writing
from models import IdempotencyKey, Task, now
from web.cleanup import remove_expired_keys, remove_expired_tasks
from web.extensions import db


@pytest.fixture
def anywhere(any_url, make_app):
    """An app on either database."""
    return make_app(any_url)


@pytest.fixture
def anna(anywhere, sign_up):
    """A client with an account."""
    return sign_up(anywhere, "anna")


def test_the_etag_changes_exactly_when_the_task_does(anna):
    made = anna.post("/tasks", json={"title": "A task", "labels": ["a", "B\t\\ü"], "due_at": "2026-01-01T00:00:00Z"})
    address = made.headers["Location"]
    seen = [made.headers["ETag"], anna.get(address).headers["ETag"], anna.head(address).headers["ETag"]]
    seen.append(anna.put(address, json=anna.get(address).json).headers["ETag"])
    seen.append(anna.patch(address, json={"labels": ["a", "A", "B\t\\ü"]}).headers["ETag"])
    anna.delete(address)
    anna.post(f"{address}/restore")
    seen.append(anna.get(address).headers["ETag"])
    assert len(set(seen)) == 1
    assert seen[0].startswith('"')
    for change in ({"title": "B"}, {"labels": ["b"]}, {"labels": []}, {"due_at": None}, {"title": "A task"}):
        answer = anna.patch(address, json=change)
        assert answer.headers["ETag"] == anna.get(address).headers["ETag"]
        seen.append(answer.headers["ETag"])
    assert len(set(seen)) == 6


def test_every_change_moves_updated_at(anna):
    address = make(anna)
    times = [anna.get(address).json["updated_at"]]
    for number in range(5):
        anna.patch(address, json={"title": f"Title {number}"})
        times.append(anna.get(address).json["updated_at"])
    assert sorted(set(times)) == times


def test_what_the_client_has_is_not_sent_again(anna):
    address = make(anna)
    tag = anna.get(address).headers["ETag"]
    for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        answer = anna.get(address, headers={"If-None-Match": known})
        assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", tag)
    anna.patch(address, json={"title": "Changed"})
    assert anna.get(address, headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_write_can_be_bound_to_a_state(anna, method):
    address = make(anna)
    tag = anna.get(address).headers["ETag"]
    anna.patch(address, json={"title": "Changed"})
    current = anna.get(address).headers["ETag"]
    for stale in (tag, "", "nonsense", f"W/{current}", '"a", "b"'):
        answer = anna.open(address, method=method, json={"title": "Mine"}, headers={"If-Match": stale})
        assert answer.status_code == 412
        assert list(answer.json["errors"]) == ["If-Match"]
    for known in (current, "*"):
        answer = anna.open(address, method=method, json={"title": "Mine"}, headers={"If-None-Match": known})
        assert answer.status_code == 412
    assert titles(anna) == ["Changed"]
    for good in (f'"other", {current}', "*"):
        anna.post(f"{address}/restore")
        answer = anna.open(address, method=method, json={"title": "Changed"}, headers={"If-Match": good})
        assert answer.status_code == 200
    assert anna.open("/tasks/99", method=method, json={}, headers={"If-Match": "*"}).status_code == 404


def test_refusals_come_in_their_order(anna):
    address = make(anna)
    stale = {"If-Match": '"x"'}
    assert anna.put("/tasks/99", data="{", headers=stale).status_code == 404
    assert anna.put(address, data="{", headers=stale).status_code == 412
    assert anna.put(address, data="{").status_code == 415
    assert anna.put(address, data="{", content_type="application/json").status_code == 400
    assert anna.put(address, json={"title": ""}).status_code == 422
    wrong = {"Idempotency-Key": "ü"}
    assert anna.post("/tasks", data="{}", headers=wrong).status_code == 415
    assert anna.post("/tasks", json={}, headers=wrong).status_code == 400


def keyed(client, key, body, path="/tasks"):
    return client.post(path, json=body, headers={"Idempotency-Key": key})


def test_the_same_request_under_one_key_is_done_once(anywhere, anna, sign_up):
    first = keyed(anna, "k1", {"title": "Once", "labels": ["a"]})
    again = keyed(anna, "k1", {"labels": ["a"], "title": "Once"})
    assert (first.status_code, first.json) == (201, {"message": "Task created successfully"})
    for answer in (again, keyed(anna, "k1", {"title": "Once", "labels": ["a"]})):
        assert (answer.status_code, answer.json) == (first.status_code, first.json)
        assert [answer.headers[name] for name in ("Location", "ETag")] == [
            first.headers[name] for name in ("Location", "ETag")
        ]
    anna.delete(first.headers["Location"])
    assert keyed(anna, "k1", {"title": "Once", "labels": ["a"]}).headers["Location"] == first.headers["Location"]
    assert titles(anna) == []
    assert keyed(sign_up(anywhere, "bert"), "k1", {"title": "His"}).headers["Location"] != first.headers["Location"]


def test_a_key_is_for_one_request_only(anna):
    keyed(anna, "k1", {"title": "Once"})
    for body, path in (({"title": "Other"}, "/tasks"), ({"title": "Once "}, "/tasks")):
        answer = keyed(anna, "k1", body, path)
        assert answer.status_code == 422
        assert list(answer.json["errors"]) == ["Idempotency-Key"]
    operations = {"operations": [{"op": "create", "task": {"title": "Once"}}]}
    assert keyed(anna, "k1", operations, "/tasks/bulk").status_code == 422
    assert titles(anna) == ["Once"]


def test_only_a_success_is_kept_under_a_key(anna):
    assert keyed(anna, "k1", {"title": ""}).status_code == 422
    missing = {"operations": [{"op": "create", "task": {"title": "a"}}, {"op": "delete", "id": 99}]}
    assert keyed(anna, "k1", missing, "/tasks/bulk").status_code == 404
    assert keyed(anna, "k1", {"title": "Now"}).status_code == 201
    assert titles(anna) == ["Now"]


@pytest.mark.parametrize("key", ["", "x" * 256, "ä", "a\tb"])
def test_a_key_that_makes_no_sense_is_refused(anna, key):
    answer = keyed(anna, key, {"title": "a"})
    assert answer.status_code == 400
    assert list(answer.json["errors"]) == ["Idempotency-Key"]


def test_a_key_lasts_a_day(anywhere, anna):
    first = keyed(anna, "k1", {"title": "Once"})
    with anywhere.app_context(), writing(db.engine) as connection:
        connection.execute(update(IdempotencyKey).values(created_at=now() - timedelta(hours=24)))
    assert keyed(anna, "k1", {"title": "Another"}).headers["Location"] != first.headers["Location"]
    assert keyed(anna, "k1", {"title": "Another"}).status_code == 201
    assert titles(anna) == ["Another", "Once"]


def bulk(client, *operations):
    return client.post("/tasks/bulk", json={"operations": list(operations)})


def create(**fields):
    return {"op": "create", "task": {"title": "A task", **fields}}


def test_operations_are_done_in_order(anna):
    make(anna, title="first")
    tag = anna.get("/tasks/1").headers["ETag"]
    answer = bulk(
        anna,
        create(title="second", labels=["x"]),
        {"op": "update", "id": 1, "task": {"title": "renamed", "id": 7}, "if_match": tag},
        {"op": "update", "id": 1, "task": {"status": "completed"}},
        create(title="third"),
        {"op": "delete", "id": 2, "if_match": "*"},
    )
    assert answer.status_code == 200
    assert answer.json == {"results": [{"id": 2}, {"id": 1}, {"id": 1}, {"id": 3}, {"id": 2}]}
    assert titles(anna) == ["third", "renamed"]
    assert anna.get("/tasks/1").json["completed_at"] is not None
    assert titles(anna, "?deleted=true&label=X") == ["second"]


BULK_FAULTS = [
    ({}, 422, ["operations"]),
    ({"operations": {}}, 422, ["operations"]),
    ({"operations": []}, 422, ["operations"]),
    ({"operations": [create()] * 1001}, 422, ["operations"]),
    ({"operations": [create()], "extra": 1}, 422, ["extra"]),
    ({"operations": [create(), 7]}, 422, ["operations[1]"]),
    ({"operations": [{}]}, 422, ["operations[0].op"]),
    ({"operations": [{"op": "upsert"}]}, 422, ["operations[0].op"]),
    ({"operations": [{"op": "create"}]}, 422, ["operations[0].task"]),
    ({"operations": [{"op": "create", "task": 7}]}, 422, ["operations[0].task"]),
    ({"operations": [*[create()] * 3, create(title="")]}, 422, ["operations[3].title"]),
    ({"operations": [create(labels=["a", ""])]}, 422, ["operations[0].labels[1]"]),
    ({"operations": [create(id=7)]}, 422, ["operations[0].id"]),
    ({"operations": [create(**{"odd\ud800": 7})]}, 422, ["operations[0].odd?"]),
    ({"operations": [{**create(), "odd\ud800": 7}]}, 422, ["operations[0].odd?"]),
    ({"operations": [{"op": "update", "id": 1}]}, 422, ["operations[0].task"]),
    ({"operations": [{"op": "update", "id": "1", "task": {}}]}, 422, ["operations[0].id"]),
    ({"operations": [{"op": "update", "id": 1.0, "task": {}}]}, 422, ["operations[0].id"]),
    ({"operations": [{"op": "update", "id": True, "task": {}}]}, 422, ["operations[0].id"]),
    ({"operations": [{"op": "update", "id": 1, "task": {"status": "x"}}]}, 422, ["operations[0].status"]),
    ({"operations": [{"op": "delete", "id": 1, "task": {}}]}, 422, ["operations[0].task"]),
    ({"operations": [create(), {"op": "delete", "id": 99}]}, 404, ["operations[1].id"]),
    ({"operations": [create(), {"op": "delete", "id": 0}]}, 404, ["operations[1].id"]),
    ({"operations": [create(), {"op": "delete", "id": 2**63}]}, 404, ["operations[1].id"]),
    ({"operations": [create(), {"op": "delete", "id": 2}]}, 404, ["operations[1].id"]),
    ({"operations": [{"op": "delete", "id": 1}] * 2}, 404, ["operations[1].id"]),
    (
        {"operations": [{"op": "delete", "id": 1}, {"op": "update", "id": 1, "task": {}}]},
        404,
        ["operations[1].id"],
    ),
    ({"operations": [create(), {"op": "delete", "id": 1, "if_match": '"x"'}]}, 412, ["operations[1].if_match"]),
]


@pytest.mark.parametrize(("body", "status", "places"), BULK_FAULTS)
def test_one_operation_that_cannot_be_done_undoes_all(app, sign_up, body, status, places):
    anna, bert = sign_up(app, "anna"), sign_up(app, "bert")
    make(anna, title="mine")
    make(bert, title="his")
    before = anna.get("/tasks/1").json
    answer = anna.post("/tasks/bulk", json=body)
    assert (answer.status_code, list(answer.json["errors"])) == (status, places)
    assert anna.get("/tasks").json == [before]


def test_a_thousand_operations_under_one_key(anna):
    body = {"operations": [create(title=f"Task {number}") for number in range(1000)]}
    first, again = keyed(anna, "many", body, "/tasks/bulk"), keyed(anna, "many", body, "/tasks/bulk")
    assert first.status_code == again.status_code == 200
    assert len(first.json["results"]) == 1000
    assert first.json == again.json
    assert anna.get("/tasks").headers["X-Total-Count"] == "1000"


def test_a_deleted_task_can_be_restored(anywhere, anna, sign_up):
    for number in (1, 2, 3):
        make(anna, title=str(number), labels=["kept"])
    before = anna.get("/tasks/2").json
    anna.delete("/tasks/2")
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        assert anna.open("/tasks/2", method=method, json={"title": "x"}).status_code == 404
    assert titles(anna) == ["3", "1"]
    assert titles(anna, "?deleted=true") == ["2"]
    assert sign_up(anywhere, "bert").post("/tasks/2/restore").status_code == 404
    for _ in range(2):
        answer = anna.post("/tasks/2/restore")
        assert (answer.status_code, answer.json) == (200, {"message": "Task restored successfully"})
    assert anna.get("/tasks/2").json == before
    assert titles(anna, "?label=kept") == ["3", "2", "1"]
    assert anna.post("/tasks/99/restore").status_code == 404


def age(app, task_id, days):
    with app.app_context(), writing(db.engine) as connection:
        deleted_at = now() - timedelta(days=days)
        connection.execute(update(Task).where(Task.id == task_id).values(deleted_at=deleted_at))


def test_after_thirty_days_it_is_too_late(anywhere, anna):
    for number in (1, 2, 3):
        make(anna, title=str(number), labels=["kept"])
    age(anywhere, 1, days=31)
    age(anywhere, 2, days=29)
    assert anna.post("/tasks/1/restore").status_code == 404
    listed = anna.get("/tasks?deleted=true")
    assert [task["title"] for task in listed.json] == ["2"]
    assert listed.headers["X-Total-Count"] == "1"
    with anywhere.app_context():
        assert (remove_expired_tasks(db.engine), remove_expired_tasks(db.engine)) == (1, 0)
    assert anna.get("/tasks?deleted=true").headers["X-Total-Count"] == "1"
    assert anna.post("/tasks/2/restore").status_code == 200
    with anywhere.app_context(), db.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM task_labels WHERE task_id = 1")).scalar() == 0


def test_keys_are_forgotten_after_a_day(anywhere, anna):
    keyed(anna, "old", {"title": "a"})
    with anywhere.app_context(), writing(db.engine) as connection:
        connection.execute(update(IdempotencyKey).values(created_at=now() - timedelta(hours=25)))
    keyed(anna, "new", {"title": "b"})
    with anywhere.app_context():
        assert (remove_expired_keys(db.engine), remove_expired_keys(db.engine)) == (1, 0)


@pytest.fixture
def served(serve, any_url):
    """A served app with two workers, on either database, and somebody's token."""
    app = serve("--workers", "2", DATABASE_URL=any_url)
    somebody = {"username": f"anna-{uuid.uuid4().hex}", "password": "securepassword"}
    app.ask("POST", "/register", somebody)
    token = app.ask("POST", "/login", somebody)[2]["access_token"]
    return lambda method, path, body=None, **headers: app.ask(method, path, body, token, **headers)


def at_once(number, ask):
    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(ask, range(number)))


@pytest.mark.slow
def test_a_hundred_creates_at_once_under_one_key_make_one_task(served):
    answers = at_once(100, lambda _: served("POST", "/tasks", {"title": "Once"}, **{"Idempotency-Key": "k"}))
    assert {(status, headers["Location"]) for status, headers, _ in answers} == {(201, "/tasks/1")}
    assert [task["title"] for task in served("GET", "/tasks")[2]] == ["Once"]


@pytest.mark.slow
def test_of_sixteen_racing_updates_of_one_state_one_wins(served):
    served("POST", "/tasks", {"title": "A task", "labels": ["none"]})
    for number in range(4):
        tag = served("GET", "/tasks/1")[1]["ETag"]
        answers = at_once(
            16,
            lambda n, tag=tag, number=number: served(
                "PUT", "/tasks/1", {"title": f"{number} {n}", "labels": [f"{number} {n}"]}, **{"If-Match": tag}
            ),
        )
        assert sorted(status for status, _, _ in answers) == [200] + [412] * 15
        won = next(headers["ETag"] for status, headers, _ in answers if status == 200)
        assert served("GET", "/tasks/1")[1]["ETag"] == won


@pytest.mark.slow
def test_bulk_requests_that_cross_each_other_all_end(served):
    for _ in range(6):
        served("POST", "/tasks", {"title": "A task"})

    def change(number):
        ids = [1, 2, 3, 4, 5, 6][:: 1 if number % 2 else -1]
        operations = [{"op": "update", "id": n, "task": {"title": str(number)}} for n in ids]
        return served("POST", "/tasks/bulk", {"operations": [*operations, create()]})[0]

    assert set(at_once(16, change)) == {200}
    assert served("GET", "/tasks")[1]["X-Total-Count"] == "22"
