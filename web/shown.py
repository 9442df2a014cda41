"""A task as it is answered: the columns that the database already writes so, and the JSON and ETag made of them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import String, Table
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from models import Task, TaskLabel
from web.json_answer import as_json
from web.times import show_instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.sql.compiler import SQLCompiler

assert isinstance(Task.__table__, Table)
assert isinstance(TaskLabel.__table__, Table)
tasks, task_labels = Task.__table__, TaskLabel.__table__


class Instant(FunctionElement[str]):
    """An instant like 2026-11-23T10:00:00.123Z. To let the database write it saves a datetime for each."""

    inherit_cache = True
    type = String()


@compiles(Instant, "sqlite")
def _instant_on_sqlite(element: Instant, compiler: SQLCompiler, **options: Any) -> str:
    # SQLite keeps 2026-11-23 10:00:00.123000; its own strftime would take half of the time of a list.
    return f"replace(substr({compiler.process(element.clauses, **options)}, 1, 23), ' ', 'T') || 'Z'"


@compiles(Instant, "postgresql")
def _instant_on_postgresql(element: Instant, compiler: SQLCompiler, **options: Any) -> str:
    instant = compiler.process(element.clauses, **options)
    return f"""to_char({instant} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""


class Labels(FunctionElement[str]):
    """A task's labels as a JSON array, in the order given."""

    inherit_cache = True
    type = String()


@compiles(Labels, "sqlite")
def _labels_on_sqlite(element: Labels, compiler: SQLCompiler, **options: Any) -> str:
    task_id = compiler.process(element.clauses, **options)
    ordered = f"SELECT label FROM task_labels WHERE task_id = {task_id} ORDER BY position"
    return f"(SELECT json_group_array(label) || '' FROM ({ordered}))"  # text, whatever is made of it


@compiles(Labels, "postgresql")
def _labels_on_postgresql(element: Labels, compiler: SQLCompiler, **options: Any) -> str:
    task_id = compiler.process(element.clauses, **options)
    labels = "coalesce(json_agg(label ORDER BY position), '[]')::text"
    return f"(SELECT {labels} FROM task_labels WHERE task_id = {task_id})"


SHOWN = (
    tasks.c.id,
    tasks.c.title,
    tasks.c.description,
    tasks.c.status,
    tasks.c.priority,
    Instant(tasks.c.due_at).label("due_at"),
    Labels(tasks.c.id).label("labels"),
    Instant(tasks.c.created_at).label("created_at"),
    Instant(tasks.c.updated_at).label("updated_at"),
    Instant(tasks.c.completed_at).label("completed_at"),
)
FIELDS = tuple(column.key for column in SHOWN)
LABELS = FIELDS.index("labels")


class Object(FunctionElement[str]):
    """The columns of SHOWN as a JSON object. To let the database write it saves to read and write it here."""

    inherit_cache = True
    type = String()


@compiles(Object, "sqlite")
def _object_on_sqlite(element: Object, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_object({_named(element, compiler, 'json({})', **options)})"


@compiles(Object, "postgresql")
def _object_on_postgresql(element: Object, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_build_object({_named(element, compiler, '({})::json', **options)})::text"


def _named(element: Object, compiler: SQLCompiler, labels: str, **options: Any) -> str:
    written = {column.key: compiler.process(column, **options) for column in element.clauses}
    written["labels"] = labels.format(written["labels"])
    return ", ".join(f"'{name}', {value}" for name, value in written.items())


def shown(row: Sequence[Any]) -> dict[str, Any]:
    """A row of SHOWN as a task; more columns may follow."""
    task = dict(zip(FIELDS, row, strict=False))
    task["labels"] = [] if row[LABELS] == "[]" else orjson.loads(row[LABELS])
    return task


def as_shown(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a task as they are answered, where they are known already."""
    return {name: show_instant(value) if name.endswith("_at") else value for name, value in fields.items()}


def as_task(fields: dict[str, Any]) -> dict[str, Any]:
    """A task as it is answered, from all its fields."""
    known = as_shown(fields)
    return {name: known[name] for name in FIELDS}


def etag(task: dict[str, Any]) -> str:
    """The strong ETag of a task, without its quotes: it changes exactly when the answer does."""
    return etag_of(as_json(task))


def etag_of(body: bytes) -> str:
    """The ETag of a task that is written already."""
    return hashlib.blake2b(body, digest_size=12).hexdigest()
