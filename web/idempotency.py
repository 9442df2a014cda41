"""Idempotency-Key: a request that is sent again is answered again, and done once."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from flask import request
from sqlalchemy import Table, Text, bindparam, cast, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from models import IdempotencyKey, now
from web import received, writes
from web.errors import Refusal
from web.extensions import caller_id, db

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT = timedelta(hours=24)

assert isinstance(IdempotencyKey.__table__, Table)
keys = IdempotencyKey.__table__

# Built once: to build a statement takes longer than to run it.
OWN = (keys.c.user_id == bindparam("owner")) & (keys.c.key == bindparam("own_key"))
FORGOTTEN = delete(keys).where(OWN, keys.c.created_at <= bindparam("oldest"))
CLAIM = {
    dialect.__name__.rpartition(".")[2]: dialect.insert(keys).on_conflict_do_nothing().returning(keys.c.user_id)
    for dialect in (sqlite, postgresql)
}
KEPT_ANSWER = select(keys.c.request_digest, cast(keys.c.answer, Text)).where(OWN)
ANSWERED = update(keys).where(OWN).values(answer=bindparam("answer"))

Result = TypeVar("Result")
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


def once(key: str | None, work: Callable[[], Result], answer: Callable[[Result], Answer]) -> Answer:
    """Run `work` in a transaction, and answer what it gives; under a key only if that was not answered yet.

    While another request is at work under the same key, this waits for its answer.
    """
    if key is None:
        return answer(writes.in_transaction(work))

    def claimed() -> Answer:
        earlier = _earlier_answer(key)
        return _keep(key, answer(work())) if earlier is None else earlier

    return writes.in_transaction(claimed)


def _earlier_answer(key: str) -> Answer | None:
    """The answer that this request got before under its key; where it got none, the key is taken for it."""
    own, digest = {"owner": caller_id(), "own_key": key}, _digest()
    writes.run(FORGOTTEN, {**own, "oldest": now() - KEPT})
    claim = {"user_id": caller_id(), "key": key, "request_digest": digest, "created_at": now()}
    if writes.run(CLAIM[db.engine.dialect.name], claim):
        return None
    [[first_digest, kept]] = writes.run(KEPT_ANSWER, own)
    if digest != first_digest:
        raise Refusal(
            422,
            "The Idempotency-Key was used for another request.",
            faults={"Idempotency-Key": ["This was used for another request."]},
        )
    answer = json.loads(kept)
    return answer["body"], answer["status"], answer["headers"]


def _keep(key: str, answer: Answer) -> Answer:
    """Remember the answer under its key, in the transaction of what it tells of."""
    body, status, headers = answer
    kept = {"body": body, "status": status, "headers": headers}
    writes.run(ANSWERED, {"owner": caller_id(), "own_key": key, "answer": kept})
    return answer


def _digest() -> str:
    # Two bodies are the same when they hold the same JSON, however it is spaced and ordered.
    value = json.dumps(received.json_of_request(), sort_keys=True)
    return hashlib.sha256(f"{request.path} {value}".encode()).hexdigest()
