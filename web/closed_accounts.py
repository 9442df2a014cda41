"""How an account goes: closed at once, for everybody, and then removed with all that is theirs, row by row.

To delete it all at once would keep the others from writing for seconds. Where the removal is interrupted, by whatever
it may be, the next clean-up goes on with it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError

from database import writing
from models import User, now
from pieces import delete_in_pieces
from web import passwords, sessions
from web.idempotency import keys
from web.shown import tasks

if TYPE_CHECKING:
    from sqlalchemy import Engine

log = logging.getLogger("taskmill")


def close(user: User) -> None:
    """Let nobody have this account any more, once that is committed, and anybody have its name."""
    user.closed_at = now()
    user.username = user.username_key = f"CLOSED {user.id}"  # no name as it is compared has capital letters
    user.password_hash = passwords.NOBODY
    sessions.end_all(user.id)


def remove(engine: Engine, user_id: int) -> None:
    """Remove an account that is closed, and what belonged to it. Where that fails now, it is left to the clean-up."""
    try:
        _remove(engine, user_id)
    except SQLAlchemyError as error:
        reason = getattr(error, "orig", None) or error
        log.warning("Account %s is closed; what is left of it is for the next clean-up: %s", user_id, reason)


def remove_left(engine: Engine) -> int:
    """Remove the accounts that are closed and still there; how many there were."""
    with engine.connect() as connection:
        left = connection.execute(select(User.id).where(User.closed_at.is_not(None))).scalars().all()
    for user_id in left:
        _remove(engine, user_id)
    return len(left)


def _remove(engine: Engine, user_id: int) -> None:
    delete_in_pieces(engine, tasks, tasks.c.user_id == user_id)
    delete_in_pieces(engine, keys, keys.c.user_id == user_id)
    with writing(engine) as connection:  # and what a request in flight has made in the meantime
        connection.execute(delete(User).where(User.id == user_id, User.closed_at.is_not(None)))
