"""What is kept for a while only: deleted tasks and the answers under Idempotency-Keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from database import writing
from models import now
from web.idempotency import KEPT, keys
from web.shown import tasks
from web.task_rows import RESTORABLE

if TYPE_CHECKING:
    from sqlalchemy import Engine

# So many in one transaction, that nobody waits long for it.
AT_ONCE = 1000


def remove_expired_tasks(engine: Engine) -> int:
    """Remove the tasks that were deleted too long ago to be restored; how many there were."""
    expired = select(tasks.c.id).where(tasks.c.deleted_at <= now() - RESTORABLE).limit(AT_ONCE)
    some = delete(tasks).where(tasks.c.id.in_(expired.with_for_update(skip_locked=True)))
    removed = 0
    while True:
        with writing(engine) as connection:
            number = connection.execute(some).rowcount
        removed += number
        if number < AT_ONCE:
            return removed


def remove_expired_keys(engine: Engine) -> int:
    """Forget the answers that were given under keys too long ago; how many there were."""
    with writing(engine) as connection:
        return connection.execute(delete(keys).where(keys.c.created_at <= now() - KEPT)).rowcount
