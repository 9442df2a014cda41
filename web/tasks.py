"""A person's tasks: make, list, read, change, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, jsonify
from sqlalchemy import select
from werkzeug.exceptions import NotFound

from models import Task, now
from web import inputs, paging, parameters
from web.extensions import caller_id, db
from web.sessions import token_required
from web.times import show_instant

if TYPE_CHECKING:
    from datetime import datetime

    from flask.typing import ResponseReturnValue
    from sqlalchemy import Select

bp = Blueprint("tasks", __name__, url_prefix="/tasks")


@bp.post("")
@token_required
def create_task() -> ResponseReturnValue:
    """Make a task."""
    wanted = inputs.read(inputs.NewTask)
    moment = now()
    task = Task(user_id=caller_id(), created_at=moment, updated_at=moment, **dict(wanted))
    follow_status(task, moment)
    db.session.add(task)
    db.session.commit()
    return {"message": "Task created successfully"}, 201, {"Location": f"/tasks/{task.id}"}


@bp.get("")
@token_required
def list_tasks() -> ResponseReturnValue:
    """The caller's tasks, newest first, one page at a time."""
    given = parameters.read("page", "per_page")
    page = paging.asked_page(given)
    tasks, total = paging.fetch(own_tasks().order_by(Task.id.desc()), page)
    return jsonify([shown(task) for task in tasks]), 200, paging.headers(page, total, given)


@bp.get("/<row_id:task_id>")
@token_required
def get_task(task_id: int) -> ResponseReturnValue:
    """One of the caller's tasks."""
    return shown(own_task(task_id))


@bp.put("/<row_id:task_id>")
@bp.patch("/<row_id:task_id>")
@token_required
def update_task(task_id: int) -> ResponseReturnValue:
    """Change the fields given; the others stay as they are."""
    task = own_task(task_id, to_change=True)
    change = inputs.read(inputs.TaskChange)
    apply(change.given(), task)
    db.session.commit()
    return {"message": "Task updated successfully"}


@bp.delete("/<row_id:task_id>")
@token_required
def delete_task(task_id: int) -> ResponseReturnValue:
    """Delete one of the caller's tasks."""
    db.session.delete(own_task(task_id, to_change=True))
    db.session.commit()
    return {"message": "Task deleted successfully"}


def own_tasks() -> Select[Task]:
    """The caller's tasks."""
    return select(Task).where(Task.user_id == caller_id())


def own_task(task_id: int, *, to_change: bool = False) -> Task:
    """One of the caller's tasks; somebody else's is simply not found. One to be changed waits for its turn."""
    wanted = own_tasks().where(Task.id == task_id)
    task = db.session.scalar(wanted.with_for_update() if to_change else wanted)
    if task is None:
        raise NotFound(f"You have no task {task_id}.")
    return task


def apply(change: dict[str, Any], task: Task) -> None:
    """Set the fields in `change`. Where nothing differs, the task hasn't changed and says so."""
    differing = {field: value for field, value in change.items() if getattr(task, field) != value}
    if not differing:
        return
    for field, value in differing.items():
        setattr(task, field, value)
    task.updated_at = now()
    if "status" in differing:
        follow_status(task, task.updated_at)


def follow_status(task: Task, moment: datetime) -> None:
    """A completed task says since when; any other says nothing."""
    task.completed_at = moment if task.status == "completed" else None


def shown(task: Task) -> dict[str, Any]:
    """A task as it is answered."""
    return {
        "id": task.id,
        "title": task.title,
        "description": task.description,
        "status": task.status,
        "priority": task.priority,
        "due_at": show_instant(task.due_at),
        "labels": task.labels,
        "created_at": show_instant(task.created_at),
        "updated_at": show_instant(task.updated_at),
        "completed_at": show_instant(task.completed_at),
    }
