"""Lists of tasks: pages and cursors, filters, sorting, and how many there are."""

import base64

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text
from tasking import links, make, titles, walk

from database import writing
from web import listing
from web.extensions import db
from web.sorting import SORTED_BY


@pytest.fixture
def twelve(anna):
    for number in range(1, 13):
        make(anna, title=f"Task {number}")
    return anna


@pytest.mark.parametrize(
    ("query", "numbers", "relations"),
    [
        ("?page=1&per_page=5", [12, 11, 10, 9, 8], {"first": 1, "next": 2, "last": 3}),
        ("?page=2&per_page=5", [7, 6, 5, 4, 3], {"first": 1, "prev": 1, "next": 3, "last": 3}),
        ("?page=3&per_page=5", [2, 1], {"first": 1, "prev": 2, "last": 3}),
        ("?page=4&per_page=5", [], {"first": 1, "prev": 3, "last": 3}),
        ("?page=99999999999999999999999&per_page=5", [], {"first": 1, "prev": 3, "last": 3}),
    ],
)
def test_pages_come_newest_first_with_links_to_the_others(twelve, query, numbers, relations):
    answer = twelve.get(f"/tasks{query}")
    assert answer.status_code == 200
    assert [task["title"] for task in answer.json] == [f"Task {number}" for number in numbers]
    assert answer.headers["X-Total-Count"] == "12"
    assert links(answer) == {name: f"/tasks?page={page}&per_page=5" for name, page in relations.items()}


def test_a_list_without_parameters_is_the_first_twenty(anna):
    assert anna.get("/tasks").json == []
    for _ in range(21):
        make(anna)
    assert len(anna.get("/tasks").json) == 20
    assert len(anna.get("/tasks?per_page=100").json) == 21


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=abc", "page"),
        ("page=1.5", "page"),
        ("page=%2B1", "page"),
        ("page=%D9%A1", "page"),
        ("page=", "page"),
        ("page", "page"),
        ("page=1&page=2", "page"),
        ("per_page=0", "per_page"),
        ("per_page=101", "per_page"),
        ("per_page=99999999999999999999", "per_page"),
        ("per_page=abc", "per_page"),
        ("limit=5", "limit"),
        ("Page=1", "Page"),
        ("=1", ""),
        ("%ff=1", "%FF"),
        ("status=done", "status"),
        ("status=", "status"),
        ("status=pending&status=pending", "status"),
        ("priority=HIGH", "priority"),
        ("label=", "label"),
        ("label=%20", "label"),
        ("label=a&label=", "label"),
        ("label=%00", "label"),
        ("due_before=tomorrow", "due_before"),
        ("due_before=2026-11-23T10:00:00", "due_before"),
        ("due_after=2026-11-23", "due_after"),
        ("due_after=", "due_after"),
        ("q=%00", "q"),
        ("q=" + "x" * 1001, "q"),
        ("q=a&q=b", "q"),
        ("sort=", "sort"),
        ("sort=colour", "sort"),
        ("sort=title,", "sort"),
        ("sort=--title", "sort"),
        ("sort=title,-title", "sort"),
        ("sort=%2Btitle", "sort"),
        ("deleted=1", "deleted"),
        ("cursor=", "cursor"),
        ("cursor=abc", "cursor"),
        ("cursor=%C3%A4", "cursor"),
        ("cursor=abcd&page=1", "cursor"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_named(anna, query, parameter):
    answer = anna.get(f"/tasks?{query}")
    assert answer.status_code == 400
    assert list(answer.json["errors"]) == [parameter]


def test_without_a_page_the_next_part_stands_behind_a_cursor(twelve):
    answer = twelve.get("/tasks?per_page=5")
    assert list(links(answer)) == ["next"]
    second = twelve.get(links(answer)["next"])
    assert [task["title"] for task in second.json] == [f"Task {number}" for number in (7, 6, 5, 4, 3)]
    assert list(links(second)) == ["first", "next"]
    assert links(second)["first"] == "/tasks?per_page=5"
    last = twelve.get(links(second)["next"])
    assert [task["title"] for task in last.json] == ["Task 2", "Task 1"]
    assert list(links(last)) == ["first"]
    assert {part.headers["X-Total-Count"] for part in (answer, second, last)} == {"12"}
    assert "Link" not in twelve.get("/tasks").headers


def test_links_keep_the_question(twelve):
    answer = twelve.get("/tasks?q=Task%201&sort=-title&per_page=1&status=pending")
    assert "q=Task%201&sort=-title&status=pending" in links(answer)["next"]
    assert titles(twelve, links(answer)["next"].removeprefix("/tasks")) == ["Task 11"]
    paged = twelve.get("/tasks?q=Task%201&sort=-title&per_page=1&page=2&status=pending")
    assert set(links(paged)) == {"first", "prev", "next", "last"}
    assert all("q=Task%201&sort=-title&status=pending" in address for address in links(paged).values())


def test_what_comes_and_goes_moves_nothing_behind_a_cursor(twelve):
    following = links(twelve.get("/tasks?per_page=5"))["next"]
    for task in twelve.get("/tasks?per_page=100").json[3:6]:
        twelve.delete(f"/tasks/{task['id']}")  # 9, 8 and 7
    make(twelve, title="Task 13")
    assert [task["title"] for task in twelve.get(following).json] == [f"Task {number}" for number in (6, 5, 4, 3, 2)]


def test_pages_by_number_count_what_comes_and_goes(twelve):
    for _ in range(2):  # the second time from what the first has taught
        assert titles(twelve, "?page=3&per_page=4") == ["Task 4", "Task 3", "Task 2", "Task 1"]
    make(twelve, title="Task 13")
    assert titles(twelve, "?page=3&per_page=4") == ["Task 5", "Task 4", "Task 3", "Task 2"]
    twelve.delete("/tasks/12")
    assert titles(twelve, "?page=3&per_page=4") == ["Task 4", "Task 3", "Task 2", "Task 1"]
    twelve.delete("/tasks/11")
    twelve.post("/tasks/12/restore")
    assert titles(twelve, "?page=1&per_page=4") == ["Task 13", "Task 12", "Task 10", "Task 9"]
    assert titles(twelve, "?page=2&per_page=4") == ["Task 8", "Task 7", "Task 6", "Task 5"]


@pytest.mark.parametrize("query", ["per_page=5&sort=title", "per_page=5&status=pending", "per_page=5&deleted=true"])
def test_a_cursor_is_good_for_its_own_list_only(app, twelve, sign_up, query):
    cursor = links(twelve.get("/tasks?per_page=5"))["next"].partition("cursor=")[2]
    assert twelve.get(f"/tasks?cursor={cursor}").status_code == 200
    for client, asked in ((twelve, query), (sign_up(app, "bert"), "per_page=5")):
        answer = client.get(f"/tasks?{asked}&cursor={cursor}")
        assert answer.status_code == 400
        assert list(answer.json["errors"]) == ["cursor"]


def test_a_cursor_cannot_be_made_up(twelve):
    cursor = links(twelve.get("/tasks?per_page=5"))["next"].partition("cursor=")[2]
    made_up = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    made_up[-2] ^= 1
    for wrong in (base64.urlsafe_b64encode(made_up).decode().rstrip("="), cursor[:-3], cursor[:6], "A", "A" * 10_000):
        assert twelve.get(f"/tasks?cursor={wrong}").status_code == 400


@pytest.fixture
def anna_anywhere(any_url, make_app, sign_up):
    """A client with an account, on either database."""
    return sign_up(make_app(any_url), "anna")


FILTERED = [
    {"title": "a", "status": "pending", "priority": "low", "labels": ["Home", "Straße"]},
    {"title": "b", "status": "completed", "priority": "low", "due_at": "2026-01-01T00:00:00Z", "labels": ["home"]},
    {"title": "c", "status": "pending", "priority": "urgent", "due_at": "2026-01-02T00:00:00Z", "labels": ["work"]},
    {"title": "d", "status": "in_progress", "due_at": "2026-01-03T00:00:00Z", "labels": ["work", "HOME", "Ä"]},
]


def test_filters(anna_anywhere):
    for fields in FILTERED:
        make(anna_anywhere, **fields)
    cases = {
        "status=pending": "ca",
        "status=completed": "b",
        "priority=low": "ba",
        "priority=normal": "d",
        "priority=low&status=pending": "a",
        "due_after=2026-01-02T00:00:00Z": "dc",
        "due_before=2026-01-02T00:00:00Z": "b",
        "due_after=2026-01-02T00:00:00Z&due_before=2026-01-03T00:00:00Z": "c",
        "due_after=2026-01-02T01:00:00+01:00": "dc",
        "due_after=2026-01-02T01:00:00%2B01:00": "dc",
        "label=home": "dba",
        "label=HOME": "dba",
        "label=%20home%20": "dba",
        "label=hom": "",
        "label=home&label=work": "d",
        "label=home&label=Home": "dba",
        "label=STRASSE": "a",
        "label=%C3%A4": "d",
        "&".join(f"label={number}" for number in range(30)): "",
        "label=" + "x" * 500: "",
        "q=": "dcba",
        "deleted=false": "dcba",
        "deleted=true": "",
    }
    found = {}
    for query in cases:
        answer = anna_anywhere.get(f"/tasks?{query}")
        found[query] = "".join(task["title"] for task in answer.json)
        assert answer.headers["X-Total-Count"] == str(len(answer.json))
        assert titles(anna_anywhere, f"?page=1&{query}") == list(found[query])
    assert found == cases


def test_priority_and_status_are_sorted_by_meaning_and_ties_come_newest_first(anna_anywhere):
    for fields in FILTERED:
        make(anna_anywhere, **fields)
    cases = {
        "priority": "badc",
        "-priority": "cdba",
        "status": "cadb",
        "-status": "bdca",
        "due_at": "bcda",
        "-due_at": "dcba",
        "title": "abcd",
        "-title": "dcba",
        "id": "abcd",
        "-created_at": "dcba",  # also where two are made within a millisecond
        "-updated_at": "dcba",
        "priority,-title": "badc",
        "priority,title": "abdc",
        "-status,-due_at": "bdca",
        "status,due_at,id": "cadb",
    }
    assert {sort: "".join(titles(anna_anywhere, f"?sort={sort}")) for sort in cases} == cases


# Of so few tasks all are looked at; with less in its place, those statements are tried that only many need.
LOOKED_AT = pytest.mark.parametrize("looked_at", [listing.MANY, 8, 0])


@LOOKED_AT
@pytest.mark.parametrize("query", ["", "&status=pending", "&due_after=1970-01-01T00:00:00Z", "&q=b"])
def test_pages_by_number_are_the_list_in_order_too(anna_anywhere, monkeypatch, query, looked_at):
    monkeypatch.setattr(listing, "MANY", looked_at)
    for fields in ASSORTED:
        make(anna_anywhere, **fields)
    everything = anna_anywhere.get(f"/tasks?per_page=100{query}").json
    for sort in (f"{sign}{name}" for name in SORTED_BY for sign in ("", "-")):
        pages = [anna_anywhere.get(f"/tasks?sort={sort}&page={page}&per_page=7{query}").json for page in range(1, 6)]
        assert [task for page in pages for task in page] == ordered(everything, sort)


MANY = 3000
ALIKE = "'same', '2026-01-01 00:00:00.000000', NULL"
DIFFERENT = "'Task ' || value, datetime('2026-01-01', value || ' minutes'), datetime('2027-01-01', -value || ' hours')"


@pytest.mark.parametrize("fields", [ALIKE, DIFFERENT], ids=["alike", "different"])
def test_a_page_of_many_tasks_is_had_without_looking_at_them_all(app, anna, monkeypatch, fields):
    monkeypatch.setattr(listing, "MANY", 100)
    make(anna)
    with app.app_context(), writing(db.engine) as connection:
        connection.exec_driver_sql(
            "INSERT INTO tasks (user_id, title, created_at, due_at, updated_at)"
            f" SELECT user_id, {fields}, '2026-01-01 00:00:00.000000'"
            f" FROM tasks, (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n LIMIT {MANY})"
            " SELECT value FROM n)"
        )
    steps = []
    with app.app_context():
        # Every tenth instruction of SQLite's machine; to look at a row takes several.
        event.listen(db.engine, "checkout", lambda driver, *_: driver.set_progress_handler(lambda: steps.append(1), 10))
        db.engine.dispose()  # whoever has a connection already gets another one
    for number in range(30):
        make(anna, title=f"Urgent {number}", priority="urgent", due_at=f"2026-02-{number % 28 + 1:02}T00:00:00Z")
    sorts = [f"{sign}{name}" for name in SORTED_BY for sign in ("", "-")]
    for sort in (f"{sort}{query}" for sort in sorts for query in ("", "&priority=urgent")):
        steps.clear()
        first = anna.get(f"/tasks?sort={sort}&per_page=10")
        behind = anna.get(links(first)["next"])
        assert len(first.json) == len(behind.json) == 10
        assert 0 < len(steps) * 10 < 2 * MANY, sort


def ordered(tasks, sort):
    """The tasks as the API's rules order them, in plain Python."""
    ranks = {"low": 0, "normal": 1, "high": 2, "urgent": 3, "pending": 0, "in_progress": 1, "completed": 2}
    tasks = sorted(tasks, key=lambda task: -task["id"])
    for key in reversed(sort.split(",")):
        name, down = key.removeprefix("-"), key.startswith("-")
        known = [task for task in tasks if task[name] is not None]
        unknown = [task for task in tasks if task[name] is None]
        known.sort(key=lambda task, name=name: ranks.get(task[name], task[name]), reverse=down)
        tasks = known + unknown
    return tasks


SORTS = st.lists(st.sampled_from(sorted(SORTED_BY)), min_size=1, max_size=4, unique=True).flatmap(
    lambda names: st.tuples(*(st.sampled_from(("", "-")).map(lambda sign, name=name: sign + name) for name in names))
)
ASSORTED = [
    {
        "title": "bBaäA"[number % 5],
        "status": ("pending", "completed", "in_progress")[number % 3],
        "priority": ("urgent", "low", "normal", "high")[number % 4],
        "due_at": (None, "2026-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z")[number // 3 % 4],
    }
    for number in range(26)
]


@LOOKED_AT
def test_a_walk_along_the_cursors_is_the_whole_list_in_order(anna_anywhere, monkeypatch, looked_at):
    monkeypatch.setattr(listing, "MANY", looked_at)
    for fields in ASSORTED:
        make(anna_anywhere, **fields)
    everything = anna_anywhere.get("/tasks?per_page=100").json

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(sort=SORTS, size=st.integers(1, 9), query=st.sampled_from(["", "&priority=low", "&q=b"]))
    def law(sort, size, query):
        sort = ",".join(sort)
        chosen = [
            task
            for task in everything
            if (query != "&priority=low" or task["priority"] == "low")
            and (query != "&q=b" or task["title"] in ("b", "B"))
        ]
        assert list(walk(anna_anywhere, f"?sort={sort}&per_page={size}{query}")) == ordered(chosen, sort)

    law()


def counted(app):
    """What the triggers say and what counting says."""
    said = "SELECT user_id, live, deleted FROM task_counts WHERE live > 0 OR deleted > 0"
    counting = (
        "SELECT user_id, sum(CASE WHEN deleted_at IS NULL THEN 1 ELSE 0 END),"
        " sum(CASE WHEN deleted_at IS NULL THEN 0 ELSE 1 END) FROM tasks GROUP BY user_id"
    )
    with app.app_context(), db.engine.connect() as connection:
        return [sorted(map(tuple, connection.execute(text(query)).all())) for query in (said, counting)]


BY_HAND = [
    "INSERT INTO tasks (user_id, title, created_at, updated_at)"
    " SELECT user_id, title, created_at, updated_at FROM tasks",
    "UPDATE tasks SET deleted_at = created_at WHERE id % 2 = 0",
    "UPDATE tasks SET title = 'same', deleted_at = deleted_at",
    "UPDATE tasks SET user_id = 3 - user_id WHERE id % 3 = 0",
    "UPDATE tasks SET deleted_at = NULL WHERE id % 4 = 0",
    "UPDATE tasks SET id = id + 1000 WHERE id % 5 = 0",
    "DELETE FROM tasks WHERE id % 3 = 1",
    "DELETE FROM users WHERE id = 2",
    "DELETE FROM tasks",
]


def test_the_totals_are_right_whoever_writes(any_url, make_app, sign_up):
    app = make_app(any_url)
    anna, bert = sign_up(app, "anna"), sign_up(app, "bert")
    for number in range(6):
        make(anna if number % 3 else bert, title=f"Task {number}")
    anna.delete("/tasks/2")
    bert.delete("/tasks/1")
    bert.post("/tasks/1/restore")
    operations = [{"op": "create", "task": {"title": "x"}}, {"op": "delete", "id": 3}]
    assert anna.post("/tasks/bulk", json={"operations": operations}).status_code == 200
    said, counting = counted(app)
    assert said == counting
    assert {owner: numbers for owner, *numbers in said} == {1: [3, 2], 2: [2, 0]}
    assert anna.get("/tasks").headers["X-Total-Count"] == "3"
    assert anna.get("/tasks?deleted=true").headers["X-Total-Count"] == "2"
    for statement in BY_HAND:
        with app.app_context(), writing(db.engine) as connection:
            connection.execute(text(statement))
        said, counting = counted(app)
        assert said == counting, statement


def test_two_tasks_that_change_places_are_another_list(app, anna):
    for number in range(1, 7):
        make(anna, title=str(number))
    anna.delete("/tasks/2")
    assert titles(anna, "?page=2&per_page=2") == ["4", "3"]
    with app.app_context(), writing(db.engine) as connection:
        swap = "CASE WHEN deleted_at IS NULL THEN created_at END WHERE id IN (2, 5)"
        connection.execute(text(f"UPDATE tasks SET deleted_at = {swap}"))
    assert titles(anna, "?page=2&per_page=2") == ["3", "2"]
