"""Idempotency-Key: a request that is sent again is answered again, and done once."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta
from typing import Any

from flask import request
from sqlalchemy import ColumnElement, Table, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from models import IdempotencyKey, now
from web import received
from web.errors import Refusal
from web.extensions import caller_id, db

KEPT = timedelta(hours=24)

assert isinstance(IdempotencyKey.__table__, Table)
keys = IdempotencyKey.__table__

Answer = tuple[dict[str, Any], int, dict[str, str]]


def asked_key() -> str | None:
    """The key that came with the request, if one did."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    received.json_of_request()  # no JSON at all is the graver fault
    if not re.fullmatch("[ -~]{1,255}", key):
        raise Refusal(
            400,
            "The header Idempotency-Key can't be used.",
            faults={"Idempotency-Key": ["This must have 1 to 255 printable ASCII characters."]},
        )
    return key


def earlier_answer(key: str | None) -> Answer | None:
    """The answer that this request got before under its key; without one the key is taken for it.

    While another request is at work under the same key, this waits for its answer.
    """
    if key is None:
        return None
    db.session.execute(delete(keys).where(_own(key), keys.c.created_at <= now() - KEPT))
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    claim = dialect.insert(keys).values(user_id=caller_id(), key=key, request_digest=_digest(), created_at=now())
    if db.session.execute(claim.on_conflict_do_nothing().returning(keys.c.key)).first():
        return None
    digest, answer = db.session.execute(select(keys.c.request_digest, keys.c.answer).where(_own(key))).one()
    if digest != _digest():
        raise Refusal(
            422,
            "The Idempotency-Key was used for another request.",
            faults={"Idempotency-Key": ["This was used for another request."]},
        )
    return answer["body"], answer["status"], answer["headers"]


def keep(key: str | None, answer: Answer) -> Answer:
    """Remember the answer under its key, in the transaction of what it tells of."""
    if key is not None:
        body, status, headers = answer
        kept = {"body": body, "status": status, "headers": headers}
        db.session.execute(update(keys).where(_own(key)).values(answer=kept))
    return answer


def _own(key: str) -> ColumnElement[bool]:
    return (keys.c.user_id == caller_id()) & (keys.c.key == key)


def _digest() -> str:
    # Two bodies are the same when they hold the same JSON, however it is spaced and ordered.
    value = json.dumps(received.json_of_request(), sort_keys=True)
    return hashlib.sha256(f"{request.path} {value}".encode()).hexdigest()
