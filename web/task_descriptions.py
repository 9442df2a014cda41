"""What each route of tasks takes and answers, where its rule and its docstring don't say it."""

from __future__ import annotations

from typing import Any

from models import PRIORITIES, STATUSES
from web import answers, fields, inputs
from web.descriptions import Answer, Description, message
from web.export import CSV, NDJSON
from web.json_answer import JSON
from web.paging import DEFAULT_SIZE, LARGEST_SIZE
from web.search import LONGEST_SEARCH
from web.sorting import SORTED_BY

TASK = {"title": "My First Postman Task", "description": "Testing the API with Postman."}
BULK = {
    "operations": [
        {"op": "create", "task": {"title": "Another"}},
        {"op": "update", "id": 7, "task": {"status": "completed"}},
        {"op": "delete", "id": 8},
    ]
}


def query(name: str, schema: dict[str, Any], description: str, **more: Any) -> dict[str, Any]:
    """A parameter behind the question mark."""
    return {"name": name, "in": "query", "schema": schema, "description": description} | more


def header(name: str, description: str, **schema: Any) -> dict[str, Any]:
    """A header that the client may send."""
    return {"name": name, "in": "header", "schema": {"type": "string"} | schema, "description": description}


WORD = {"type": "string", "minLength": 1, "pattern": r"^[^\u0000]*[^\u0000\s\u001c-\u001f\u0085][^\u0000]*$"}
SORTS = [sign + name for name in SORTED_BY for sign in ("", "-")]
FILTERS = (
    query("status", {"type": "string", "enum": list(STATUSES)}, "Only tasks of this status."),
    query("priority", {"type": "string", "enum": list(PRIORITIES)}, "Only tasks of this priority."),
    query(
        "label",
        {"type": "array", "items": WORD},
        "Only tasks with this label, without regard to case; given several times, with all of them.",
        style="form",
        explode=True,
    ),
    query("due_before", fields.INSTANT_SCHEMA, "Only tasks due before this instant."),
    query("due_after", fields.INSTANT_SCHEMA, "Only tasks due at this instant or later."),
    query(
        "q",
        {"type": "string", "maxLength": LONGEST_SEARCH, "pattern": r"^[^\u0000]*$"},
        "Only tasks whose title or description contain each of these words, without regard to case.",
    ),
    query(
        "sort",
        {"type": "array", "items": {"type": "string", "enum": SORTS}, "minItems": 1, "uniqueItems": True},
        "What to sort by; - in front means downwards. Without it newest first.",
        style="form",
        explode=False,
    ),
    query("deleted", {"type": "string", "enum": ["true", "false"]}, "The deleted tasks that can be restored."),
)
PAGING = (
    query("page", {"type": "integer", "minimum": 1, "default": 1}, "Which page; not together with cursor."),
    query(
        "per_page",
        {"type": "integer", "minimum": 1, "maximum": LARGEST_SIZE, "default": DEFAULT_SIZE},
        "How many tasks a page has.",
    ),
    query(
        "cursor", {"type": "string"}, 'Where to go on, as Link with rel="next" says; it costs the same at any depth.'
    ),
)
PRINTABLE = "^[ -~]{1,255}$"
IDEMPOTENCY_KEY = header(
    "Idempotency-Key",
    "A name for this request. Sent again under it, within 24 hours, it gets its first answer and does nothing more.",
    pattern=PRINTABLE,
)
IF_MATCH = header("If-Match", "Do it only if this is still the task's ETag.", pattern=PRINTABLE)
IF_NONE_MATCH = header("If-None-Match", "304 if this is still the task's ETag.")

COUNT = {"description": "How many there are on all pages.", "schema": {"type": "integer", "minimum": 0}}
LINK = {"description": "Where the other pages are (RFC 8288).", "schema": {"type": "string"}}
LOCATION = {"description": "Where the task is.", "schema": {"type": "string", "pattern": "^/tasks/[1-9][0-9]*$"}}
ETAG = {"description": "Changes exactly when the task does.", "schema": {"type": "string", "pattern": '^"[^"]+"$'}}

LIST = Answer(
    "The tasks; in CSV, text that a spreadsheet would take for a formula has an apostrophe in front.",
    media={
        JSON: {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Task"}}},
        CSV: {"schema": {"type": "string"}},
        NDJSON: {"schema": {"type": "string"}},
    },
    headers={"X-Total-Count": COUNT, "Link": LINK},
)


def change(example: dict[str, Any]) -> Description:
    """PUT and PATCH, which do the same."""
    return Description(
        "tasks",
        {200: message("Task updated successfully", headers={"ETag": ETAG})},
        body=inputs.TaskChange,
        example=example,
        parameters=(IF_MATCH,),
        refusals=(412,),
    )


TASKS = {
    "POST /tasks": Description(
        "tasks",
        {201: message("Task created successfully", headers={"Location": LOCATION, "ETag": ETAG})},
        body=inputs.NewTask,
        example=TASK,
        parameters=(IDEMPOTENCY_KEY,),
    ),
    "POST /tasks/bulk": Description(
        "tasks",
        {200: Answer("What was done.", answers.Results)},
        body=inputs.Bulk,
        example=BULK,
        parameters=(IDEMPOTENCY_KEY,),
        refusals=(404, 412),
    ),
    "GET /tasks": Description("tasks", {200: LIST}, parameters=(*FILTERS, *PAGING), refusals=(406,)),
    "GET /tasks/{task_id}": Description(
        "tasks",
        {200: Answer("The task.", answers.Task, headers={"ETag": ETAG}), 304: Answer("It has not changed.")},
        parameters=(IF_NONE_MATCH,),
    ),
    "PUT /tasks/{task_id}": change({"title": "Updated Task Title", "status": "completed"}),
    "PATCH /tasks/{task_id}": change({"status": "completed"}),
    "DELETE /tasks/{task_id}": Description(
        "tasks", {200: message("Task deleted successfully")}, parameters=(IF_MATCH,), refusals=(412,)
    ),
    "POST /tasks/{task_id}/restore": Description("tasks", {200: message("Task restored successfully")}),
}
