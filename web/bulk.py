"""Many operations on tasks in one transaction, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from web import etag, inputs, task_rows
from web.errors import Refusal
from web.parameters import LARGEST_ID
from web.shown import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

Operation = inputs.Creation | inputs.Update | inputs.Deletion


def run(operations: Sequence[Operation]) -> list[dict[str, int]]:
    """What came of each operation; the first that can't be done is refused, and with it all."""
    # In the order of their ids, so that two requests never wait for each other.
    task_rows.wait_for([op.id for op in operations if not isinstance(op, inputs.Creation) and _possible(op.id)])
    return [{"id": _run(op, f"operations[{number}]")} for number, op in enumerate(operations)]


def _run(operation: Operation, place: str) -> int:
    if isinstance(operation, inputs.Creation):
        return int(task_rows.make(dict(operation.task))["id"])
    task = _task_of(operation, place)
    if operation.if_match is not None:
        faults = {f"{place}.if_match": ["The task has changed."]}
        etag.refuse_unless(etag.parse(operation.if_match), task, faults)
    if isinstance(operation, inputs.Update):
        task_rows.change(task, operation.task.given())
    else:
        task_rows.remove(operation.id)
    return operation.id


def _task_of(operation: inputs.Update | inputs.Deletion, place: str) -> dict[str, Any]:
    row = task_rows.row_in_turn(operation.id) if _possible(operation.id) else None
    if row is None:
        sentence = f"You have no task {operation.id}."
        raise Refusal(404, sentence, faults={f"{place}.id": [sentence]})
    return shown(row)


def _possible(task_id: int) -> bool:
    return 0 < task_id <= LARGEST_ID
