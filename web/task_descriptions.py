"""What each route of tasks takes and answers, where its rule and its docstring don't say it."""

from __future__ import annotations

from typing import Any

from web import answers, inputs
from web.descriptions import JSON, Answer, Description, message

TASK = {"title": "My First Postman Task", "description": "Testing the API with Postman."}


def query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    """A parameter behind the question mark."""
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


PAGING = (
    query("page", {"type": "integer", "minimum": 1, "default": 1}, "Which page."),
    query("per_page", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}, "How many tasks a page has."),
)
COUNT = {"description": "How many there are on all pages.", "schema": {"type": "integer", "minimum": 0}}
LINK = {"description": "Where the other pages are (RFC 8288).", "schema": {"type": "string"}}
LOCATION = {"description": "Where the task is.", "schema": {"type": "string", "pattern": "^/tasks/[1-9][0-9]*$"}}

LIST = Answer(
    "The tasks.",
    media={JSON: {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Task"}}}},
    headers={"X-Total-Count": COUNT, "Link": LINK},
)

TASKS = {
    "POST /tasks": Description(
        "tasks",
        {201: message("Task created successfully", headers={"Location": LOCATION})},
        body=inputs.NewTask,
        example=TASK,
    ),
    "GET /tasks": Description("tasks", {200: LIST}, parameters=PAGING),
    "GET /tasks/{task_id}": Description("tasks", {200: Answer("The task.", answers.Task)}),
    "PUT /tasks/{task_id}": Description(
        "tasks",
        {200: message("Task updated successfully")},
        body=inputs.TaskChange,
        example={"title": "Updated Task Title", "status": "completed"},
    ),
    "PATCH /tasks/{task_id}": Description(
        "tasks",
        {200: message("Task updated successfully")},
        body=inputs.TaskChange,
        example={"status": "completed"},
    ),
    "DELETE /tasks/{task_id}": Description("tasks", {200: message("Task deleted successfully")}),
}
