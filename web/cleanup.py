"""What is kept for a while only: deleted tasks and the answers under Idempotency-Keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models import now
from pieces import delete_in_pieces
from web.idempotency import KEPT, keys
from web.shown import tasks
from web.task_rows import RESTORABLE

if TYPE_CHECKING:
    from sqlalchemy import Engine


def remove_expired_tasks(engine: Engine) -> int:
    """Remove the tasks that were deleted too long ago to be restored; how many there were."""
    return delete_in_pieces(engine, tasks, tasks.c.deleted_at <= now() - RESTORABLE)


def remove_expired_keys(engine: Engine) -> int:
    """Forget the answers that were given under keys too long ago; how many there were."""
    return delete_in_pieces(engine, keys, keys.c.created_at <= now() - KEPT)
