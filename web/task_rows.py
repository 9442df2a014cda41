"""One task at a time in the database: read, made, changed, deleted, restored. Whoever calls commits."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, or_, select, update
from werkzeug.exceptions import NotFound

from models import now
from task_rules import read_instant
from web import direct, writes
from web.extensions import caller_id, db
from web.shown import SHOWN, as_shown, shown, task_labels, tasks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Update

RESTORABLE = timedelta(days=30)

# Built once: to build a statement takes longer than to run it.
OWN_TASK = select(*SHOWN).where(
    tasks.c.id == bindparam("task_id"), tasks.c.user_id == bindparam("owner"), tasks.c.deleted_at.is_(None)
)
OWN_TASK_RESTORABLE = select(tasks.c.deleted_at.is_not(None)).where(
    tasks.c.id == bindparam("task_id"),
    tasks.c.user_id == bindparam("owner"),
    or_(tasks.c.deleted_at.is_(None), tasks.c.deleted_at > bindparam("oldest")),
)
NEW_TASK = insert(tasks).returning(tasks.c.id)
NEW_LABELS = insert(task_labels)
NO_LABELS = delete(task_labels).where(task_labels.c.task_id == bindparam("labelled"))
DELETED = update(tasks).where(tasks.c.id == bindparam("task_id")).values(deleted_at=bindparam("moment"))


def own_task(task_id: int) -> dict[str, Any]:
    """One of the caller's tasks; somebody else's is simply not found."""
    return found(direct.row(OWN_TASK, {"task_id": task_id, "owner": caller_id()}), task_id)


def own_task_to_change(task_id: int) -> dict[str, Any]:
    """One of the caller's tasks, which nobody else can change until this transaction ends."""
    wait_for([task_id])
    return found(row_in_turn(task_id), task_id)


def row_in_turn(task_id: int) -> Sequence[Any] | None:
    """The row of a task that is waited for already; None where the caller has no such task."""
    rows = writes.run(OWN_TASK, {"task_id": task_id, "owner": caller_id()})
    return rows[0] if rows else None


def wait_for(task_ids: Sequence[int]) -> None:
    """Wait until nobody else is changing these tasks of the caller."""
    # On SQLite the transaction began by waiting for all other writers. Elsewhere the lock comes first and
    # the reading later: a statement that has waited still sees the labels as they were before.
    if db.engine.dialect.name != "sqlite":
        wanted = select(tasks.c.id).where(tasks.c.user_id == caller_id(), tasks.c.id.in_(task_ids))
        writes.run(wanted.order_by(tasks.c.id).with_for_update(), {})


def found(row: Sequence[Any] | None, task_id: int) -> dict[str, Any]:
    """The task in `row`, if there is one."""
    if row is None:
        raise NotFound(f"You have no task {task_id}.")
    return shown(row)


def make(wanted: dict[str, Any]) -> dict[str, Any]:
    """The fields of a new task of the caller."""
    moment = now()
    completed = moment if wanted["status"] == "completed" else None
    fields = {**wanted, "created_at": moment, "updated_at": moment, "completed_at": completed}
    labels = fields.pop("labels")
    [[task_id]] = writes.run(NEW_TASK, {**fields, "user_id": caller_id()})
    label(task_id, labels)
    return {**fields, "id": task_id, "labels": labels}


def change(task: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """The task with the fields in `wanted`. Where nothing differs, it hasn't changed and says so."""
    differing = {field: wanted[field] for field, value in as_shown(wanted).items() if task[field] != value}
    if not differing:
        return task
    differing["updated_at"] = later_than(task["updated_at"])
    if "status" in differing:
        differing["completed_at"] = differing["updated_at"] if differing["status"] == "completed" else None
    columns = {field: value for field, value in differing.items() if field != "labels"}
    writes.run(
        _changed(tuple(columns)), {f"new_{name}": value for name, value in columns.items()} | {"task_id": task["id"]}
    )
    if "labels" in differing:
        writes.run(NO_LABELS, {"labelled": task["id"]})
        label(task["id"], differing["labels"])
    return {**task, **as_shown(differing)}


@lru_cache
def _changed(names: tuple[str, ...]) -> Update:
    new = {name: bindparam(f"new_{name}", type_=tasks.c[name].type) for name in names}
    return update(tasks).where(tasks.c.id == bindparam("task_id")).values(new)


def later_than(previous: str) -> datetime:
    """This instant; a millisecond after `previous` where the clock has not got there yet."""
    before = read_instant(previous)
    return now() if before is None else max(now(), before + timedelta(milliseconds=1))


def label(task_id: int, labels: list[str]) -> None:
    """Give a task that has none these labels."""
    rows = [
        {
            "task_id": task_id,
            "position": position,
            "user_id": caller_id(),
            "label": text,
            "label_key": text.casefold(),
        }
        for position, text in enumerate(labels)
    ]
    writes.run_each(NEW_LABELS, rows)


def remove(task_id: int) -> None:
    """Delete a task, for as long as it isn't restored."""
    writes.run(DELETED, {"task_id": task_id, "moment": now()})


def restore(task_id: int) -> None:
    """Take a deletion back, until it is too late; a live task stays as it is."""
    wait_for([task_id])
    restorable = {"task_id": task_id, "owner": caller_id(), "oldest": now() - RESTORABLE}
    rows = writes.run(OWN_TASK_RESTORABLE, restorable)
    if not rows:
        raise NotFound(f"You have no task {task_id}.")
    [[is_deleted]] = rows
    if is_deleted:
        writes.run(DELETED, {"task_id": task_id, "moment": None})
