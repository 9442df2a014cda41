"""Lists of tasks: pages, cursors, filters, search, sorting, and how many there are."""

import pytest
from tasking import links, make, titles, walk


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
    ],
)
def test_a_parameter_that_makes_no_sense_is_named(anna, query, parameter):
    answer = anna.get(f"/tasks?{query}")
    assert answer.status_code == 400
    assert list(answer.json["errors"]) == [parameter]
