"""What tests of tasks share: how a task is made, and how lists are read."""

import re


def make(client, **fields):
    """The address of a new task."""
    answer = client.post("/tasks", json={"title": "A task", **fields})
    assert answer.status_code == 201, answer.json
    return answer.headers["Location"]


def links(answer):
    """The addresses in Link, by relation."""
    return {relation: address for address, relation in re.findall(r'<([^>]*)>; rel="(\w+)"', answer.headers["Link"])}


def titles(client, query=""):
    """The titles on one page."""
    answer = client.get(f"/tasks{query}")
    assert answer.status_code == 200, answer.json
    return [task["title"] for task in answer.json]


def walk(client, query=""):
    """Every task of a list, page by page behind the cursor."""
    answer = client.get(f"/tasks{query}")
    while True:
        assert answer.status_code == 200, answer.json
        yield from answer.json
        if "Link" not in answer.headers or "next" not in links(answer):
            return
        answer = client.get(links(answer)["next"])
