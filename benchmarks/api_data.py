"""A million tasks of a hundred users, one of whom has 200,000: for Taskmill, and in plain tables for its peers."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from werkzeug.security import generate_password_hash  # noqa: E402

from database import database_url, migrate, open_engine  # noqa: E402

TASKS, USERS, LARGEST = 1_000_000, 100, 200_000
PASSWORD = "securepassword"

# The tasks of the first user stand evenly among those of the others.
ROWS = f"""
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {TASKS})
    SELECT n, CASE WHEN n % {TASKS // LARGEST} = 0 THEN 1 ELSE 2 + n % {USERS - 1} END, 'Task number ' || n,
        'What there is to do about task ' || n || ', in a line or so of words', 'pending', 'normal',
        CASE WHEN n % 3 = 0 THEN '2026-11-23 10:00:00.000000' END,
        '2026-01-01 10:00:00.000000', '2026-01-01 10:00:00.000000'
    FROM numbers
"""
COLUMNS = "id, user_id, title, description, status, priority, due_at, created_at, updated_at"
LABELS = """
    INSERT INTO task_labels (task_id, position, user_id, label, label_key)
    SELECT id, 0, user_id, 'home', 'home' FROM tasks WHERE id % 4 = 0
"""
PLAIN = """
    PRAGMA journal_mode = WAL;
    CREATE TABLE users (id INTEGER PRIMARY KEY, username VARCHAR(80) NOT NULL UNIQUE);
    CREATE TABLE tasks (
        id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL REFERENCES users (id),
        title VARCHAR(200) NOT NULL,
        description TEXT NOT NULL, status VARCHAR(20) NOT NULL, priority VARCHAR(10) NOT NULL, due_at DATETIME,
        created_at DATETIME NOT NULL, updated_at DATETIME NOT NULL
    );
    CREATE INDEX ix_tasks_user_id ON tasks (user_id);
    CREATE TABLE auth_user (
        id INTEGER PRIMARY KEY, password VARCHAR(128) NOT NULL, last_login DATETIME, is_superuser BOOL NOT NULL,
        username VARCHAR(150) NOT NULL UNIQUE, last_name VARCHAR(150) NOT NULL, email VARCHAR(254) NOT NULL,
        is_staff BOOL NOT NULL, is_active BOOL NOT NULL, date_joined DATETIME NOT NULL, first_name VARCHAR(150) NOT NULL
    );
"""


def make_for_taskmill(path: Path) -> None:
    """Taskmill's own tables, with everything that its triggers make of the tasks."""
    engine = open_engine(database_url(str(path)))
    migrate(engine, "api")
    engine.dispose()
    hashed = generate_password_hash(PASSWORD, method="scrypt")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO users (id, username, username_key, password_hash, created_at) VALUES (?, ?, ?, ?, ?)",
            [(n, f"user{n}", f"user{n}", hashed, "2026-01-01 00:00:00.000000") for n in range(1, USERS + 1)],
        )
        connection.execute(f"INSERT INTO tasks ({COLUMNS}) {ROWS}")
        connection.execute(LABELS)
        connection.execute("ANALYZE")


def make_for_peers(path: Path) -> None:
    """The same tasks without anything around them but the index that any of the peers would have."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(PLAIN)
        for n in range(1, USERS + 1):
            connection.execute("INSERT INTO users VALUES (?, ?)", (n, f"user{n}"))
            row = (n, "!", None, False, f"user{n}", "", "", False, True, "2026-01-01 00:00:00", "")
            connection.execute(f"INSERT INTO auth_user VALUES ({', '.join('?' * 11)})", row)
        connection.execute(f"INSERT INTO tasks ({COLUMNS}) {ROWS}")


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in (("taskmill.db", make_for_taskmill), ("peers.db", make_for_peers)):
        if not (folder / name).exists():
            make(folder / name)
