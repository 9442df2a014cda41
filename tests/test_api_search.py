"""The search in titles and descriptions, kept in step by the database itself."""

from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from tasking import make, titles

from database import writing
from web.extensions import db

WRITTEN = {
    1: ("Buy milk", "two litres, 100% fat"),
    2: ("ÄRGER am Bahnhof", "Straße gesperrt"),
    3: ("snake_case", 'a "quoted" word and a back\\slash'),
    4: ("ΟΔΟΣ", "Приве́т мир"),
    5: ("用户 界面", "o'neil; DROP TABLE tasks --"),
    6: ("Milky Way", "AND OR NOT NEAR(x) *"),
    7: ("İstanbul", "ǅ and /slashes/"),
}
SEARCHES = {
    "": "7654321",
    "%20": "7654321",
    "milk": "61",
    "MILK": "61",
    "ilk": "61",
    "milk two": "1",
    "milk milk": "61",
    "milk missing": "",
    "mi": "61",
    "m": "621",
    "%": "1",
    "0% f": "1",
    "100%": "1",
    "_": "3",
    "e_c": "3",
    "snakeXcase": "",
    '"': "3",
    '"quoted"': "3",
    "\\": "3",
    "back\\slash": "3",
    "/": "7",
    "/slashes/": "7",
    "ärger": "2",
    "Är": "2",
    "ä": "2",
    "STRASSE": "2",
    "straße": "2",
    "ß": "2",
    "aß": "2",
    "οδος": "4",
    "οδοσ": "4",
    "δ": "4",
    "ПРИВЕ": "4",
    "МИ": "4",
    "用": "5",
    "界面": "5",
    "用户 界面": "5",
    "O'NEIL;": "5",
    "--": "5",
    "not near(x) *": "6",
    "NEAR": "6",
    "*": "6",
    "İSTANBUL": "7",
    "ǆ": "7",
    "milkbuy": "",
    "milktwo": "",
    "x" * 1000: "",
}


@pytest.fixture
def anna_anywhere(any_url, make_app, sign_up):
    """A client with an account, on either database, among others who write the same."""
    app = make_app(any_url)
    anna, bert = sign_up(app, "anna"), sign_up(app, "bert")
    for title, description in WRITTEN.values():
        make(anna, title=title, description=description)
    for title, description in WRITTEN.values():
        make(bert, title=title, description=description)
    return anna


def found(client, words):
    """The numbers of the tasks that hold the words."""
    answer = client.get("/tasks", query_string={"q": words} if words != "%20" else "q=%20")
    assert answer.status_code == 200, answer.json
    assert answer.headers["X-Total-Count"] == str(len(answer.json))
    return "".join(str(task["id"]) for task in answer.json)


def test_every_word_is_contained_without_regard_to_case(anna_anywhere):
    assert {words: found(anna_anywhere, words) for words in SEARCHES} == SEARCHES


def test_a_change_a_deletion_and_sql_by_hand_are_found_at_once(any_url, make_app, sign_up):
    app = make_app(any_url)
    anna = sign_up(app, "anna")
    first = make(anna, title="apples", description="pears")
    anna.patch(first, json={"title": "cherries"})
    assert [found(anna, words) for words in ("apples", "cherries", "pears")] == ["", "1", "1"]
    anna.delete(first)
    assert found(anna, "pears") == ""
    assert titles(anna, "?deleted=true&q=pears") == ["cherries"]
    anna.post(f"{first}/restore")
    with app.app_context(), writing(db.engine) as connection:
        connection.execute(text("UPDATE tasks SET description = 'plums'"))
        connection.execute(
            text(
                "INSERT INTO tasks (user_id, title, created_at, updated_at)"
                " SELECT user_id, 'plums too', created_at, updated_at FROM tasks"
            )
        )
    assert [found(anna, words) for words in ("pears", "plums")] == ["", "21"]
    with app.app_context(), writing(db.engine) as connection:
        connection.execute(text("DELETE FROM tasks WHERE id = 1"))
    assert found(anna, "plums") == "2"


def test_what_is_in_the_index_already_is_found_as_before(app, anna):
    for title, description in WRITTEN.values():
        make(anna, title=title, description=description)
    others = [{"op": "create", "task": {"title": "."}} for _ in range(250)]
    assert anna.post("/tasks/bulk", json={"operations": others}).status_code == 200
    searches = {words: numbers for words, numbers in SEARCHES.items() if words not in ("", "%20")}
    assert {words: found(anna, words) for words in searches} == searches
    anna.patch("/tasks/1", json={"title": "cherries"})
    anna.delete("/tasks/6")
    assert [found(anna, words) for words in ("milk", "cherries", "litres")] == ["", "1", "1"]
    assert anna.post("/tasks/bulk", json={"operations": others}).status_code == 200
    assert [found(anna, words) for words in ("milk", "cherries", "litres")] == ["", "1", "1"]


def test_the_index_holds_what_the_tasks_hold(app, anna):
    for title, description in WRITTEN.values():
        anna.patch(make(anna, title="before"), json={"title": title, "description": description})
    search = text(
        "SELECT count(*) FROM task_search WHERE task_search MATCH :words"
        " AND rowid NOT IN (SELECT task_id FROM task_unindexed)"
    )
    many = text(
        "INSERT INTO tasks (user_id, title, created_at, updated_at)"
        " SELECT 1, 'many', '2026-01-01', '2026-01-01' FROM json_each(json_array(1, 2, 3, 4, 5))"
    )
    with app.app_context(), writing(db.engine) as connection:
        for _ in range(40):
            connection.execute(many)
        held = {words: connection.execute(search, {"words": words}).scalar() for words in ("before", "milk", "many")}
        assert held == {"before": 0, "milk": 2, "many": 193}  # the last seven wait for others
        connection.execute(text("DELETE FROM tasks"))
        connection.execute(many)
        assert {connection.execute(search, {"words": words}).scalar() for words in held} == {0}


def test_any_part_of_what_was_written_finds_it(anna):
    # Without the few letters whose other case is more than one letter, or the same as another's.
    letters = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp", "Mn", "Lt")).filter(
        lambda letter: letter.lower().upper() == letter.upper() and len(letter.upper()) == len(letter.lower()) == 1
    )

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(title=st.text(letters, min_size=1, max_size=12), ends=st.tuples(st.integers(0, 11), st.integers(1, 12)))
    def law(title, ends):
        address = make(anna, title=title)
        part = title[ends[0] % len(title) :][: ends[1]]
        number = address.rpartition("/")[2]
        assert number in [str(task["id"]) for task in anna.get(f"/tasks?per_page=100&q={quote(part)}").json]
        anna.delete(address)

    law()
