"""A person's tasks: make, list, read, change, delete, restore."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint

from web import bulk, etag, export, idempotency, inputs, listing, paging, parameters, received, task_rows, writes
from web.json_answer import JSON, JsonAnswer
from web.sessions import token_required
from web.shown import as_task

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = Blueprint("tasks", __name__, url_prefix="/tasks")


@bp.post("")
@token_required
def create_task() -> ResponseReturnValue:
    """Make a task."""
    key = idempotency.asked_key()
    wanted = dict(received.read(inputs.NewTask))
    return idempotency.once(key, lambda: task_rows.make(wanted), _created)


def _created(fields: dict[str, Any]) -> idempotency.Answer:
    headers = {"Location": f"/tasks/{fields['id']}", **etag.header(as_task(fields))}
    return {"message": "Task created successfully"}, 201, headers


@bp.post("/bulk")
@token_required
def change_many_tasks() -> ResponseReturnValue:
    """Make, change and delete tasks, up to 1,000 in order, all or none."""
    key = idempotency.asked_key()
    operations = received.read(inputs.Bulk).operations
    return idempotency.once(key, lambda: bulk.run(operations), lambda results: ({"results": results}, 200, {}))


@bp.get("")
@token_required
def list_tasks() -> ResponseReturnValue:
    """The caller's tasks, newest first, one page at a time; as CSV or NDJSON all of them at once."""
    mimetype = export.asked_type("tasks")
    if mimetype != JSON:
        return export.stream(listing.asked_listing(parameters.read(*listing.PARAMETERS)), mimetype)
    given = parameters.read(*listing.PARAMETERS, *paging.PAGING)
    page = paging.asked_page(given)
    part = listing.fetch(listing.asked_listing(given), page)
    headers = paging.headers(page, part.total, part.following, given)
    return JsonAnswer(part.body, headers={**headers, "Vary": "Accept"})


@bp.get("/<row_id:task_id>")
@token_required
def get_task(task_id: int) -> ResponseReturnValue:
    """One of the caller's tasks."""
    return etag.answer(task_rows.own_task(task_id))


@bp.put("/<row_id:task_id>")
@bp.patch("/<row_id:task_id>")
@token_required
def update_task(task_id: int) -> ResponseReturnValue:
    """Change the fields given; the others stay as they are."""
    wanted = received.ahead(inputs.TaskChange)

    def changed() -> dict[str, Any]:
        task = task_rows.own_task_to_change(task_id)
        etag.refuse_if_stale(task)
        return task_rows.change(task, wanted().given())

    task = writes.in_transaction(changed)
    return {"message": "Task updated successfully"}, 200, etag.header(task)


@bp.delete("/<row_id:task_id>")
@token_required
def delete_task(task_id: int) -> ResponseReturnValue:
    """Delete one of the caller's tasks; for 30 days it can be restored."""

    def deleted() -> None:
        etag.refuse_if_stale(task_rows.own_task_to_change(task_id))
        task_rows.remove(task_id)

    writes.in_transaction(deleted)
    return {"message": "Task deleted successfully"}


@bp.post("/<row_id:task_id>/restore")
@token_required
def restore_task(task_id: int) -> ResponseReturnValue:
    """Take the deletion of a task back."""
    writes.in_transaction(lambda: task_rows.restore(task_id))
    return {"message": "Task restored successfully"}
