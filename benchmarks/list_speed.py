"""How long a list of somebody with many tasks takes, in every order and with filters: one request at a time.

    python benchmarks/list_speed.py [--db URL] [--tasks 200000] [--alike] [--pages 1 5000 9990]

makes an account with so many tasks in the database, by default in a SQLite file that is removed again, and asks its app
in this process. alike: all tasks have the same title and times. What is shown are ms, the best of 5 requests.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import insert, select

from database import writing
from main import create_app
from models import Task, TaskLabel, User
from web.extensions import db
from web.sorting import SORTED_BY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

SECRET = "a secret for the benchmark alone, long enough"
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
FILTERED = (
    "status=pending",
    "status=pending&sort=due_at",
    "status=pending&sort=updated_at",
    "status=pending&sort=-priority",
    "status=completed&sort=-created_at",
    "status=completed&sort=due_at",
    "due_before=2026-03-01T00:00:00Z",
    "due_before=2026-03-01T00:00:00Z&sort=due_at",
    "label=home",
    "label=home&sort=due_at",
    "sort=-status,due_at",
)


def tasks(owner: int, number: int, *, alike: bool) -> Iterator[dict[str, Any]]:
    """Two thirds of them pending and one in progress, but 30 that are completed; a third with a due date."""
    for place in range(number):
        moment = BEGIN + timedelta(seconds=0 if alike else place * 7919 % number)
        status = "completed" if place < 30 else "in_progress" if place % 3 == 1 else "pending"
        due = None if alike or place % 3 else BEGIN + timedelta(minutes=place * 31 % number)
        title = "A task" if alike else f"Task {place * 7919 % number}"
        yield {
            "user_id": owner,
            "title": title,
            "status": status,
            "due_at": due,
            "created_at": moment,
            "updated_at": moment,
        }


def client(url: str, number: int, *, alike: bool) -> FlaskClient:
    """Somebody with so many tasks, every fourth of them labelled."""
    app = create_app({"DATABASE_URL": url, "JWT_SECRET_KEY": SECRET, "ACCESS_LOG": "false"})
    logging.disable(logging.INFO)
    made, account = app.test_client(), {"username": f"lists_{uuid4().hex}", "password": "securepassword"}
    assert made.post("/register", json=account).status_code == 201
    token = made.post("/login", json=account).json["access_token"]
    with app.app_context(), writing(db.engine) as connection:
        owner = connection.scalars(select(User.id).where(User.username == account["username"])).one()
        connection.execute(insert(Task), list(tasks(owner, number, alike=alike)))
        ids = connection.scalars(select(Task.id).where(Task.user_id == owner)).all()
        label = {"user_id": owner, "position": 0, "label": "home", "label_key": "home"}
        connection.execute(insert(TaskLabel), [{**label, "task_id": task_id} for task_id in ids[::4]])
    made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return made


def milliseconds(asking: FlaskClient, address: str) -> float:
    """The best of five."""
    took = []
    for _ in range(5):
        began = time.perf_counter()
        assert asking.get(address).status_code == 200, address
        took.append(time.perf_counter() - began)
    return min(took) * 1000


def measure(url: str, number: int, pages: list[int], *, alike: bool) -> None:
    """Ask for each list, and show how long it took."""
    asking = client(url, number, alike=alike)
    print("| list | " + " | ".join(f"page {page}" for page in pages) + " |\n|---|" + "--:|" * len(pages))
    lists = [f"sort={sign}{name}" for name in SORTED_BY for sign in ("", "-")] + ([] if alike else list(FILTERED))
    for query in lists:
        found = [milliseconds(asking, f"/tasks?{query}&page={page}") for page in pages]
        print(f"| {query} | " + " | ".join(f"{each:.1f}" for each in found) + " |", flush=True)


def main() -> None:
    """Measure on the database that is given, or on one of its own."""
    parser = argparse.ArgumentParser(description="Time lists of somebody with many tasks.")
    parser.add_argument("--db", help="the database's URL")
    parser.add_argument("--tasks", type=int, default=200_000)
    parser.add_argument("--pages", type=int, nargs="*", default=[1, 5000, 9990])
    parser.add_argument("--alike", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(given.db or f"sqlite:///{folder}/lists.db", given.tasks, given.pages, alike=given.alike)


if __name__ == "__main__":
    main()
