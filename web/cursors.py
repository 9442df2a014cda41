"""Cursors: a place in a list, sealed so that nobody but this API can have written it, and only for that list."""

from __future__ import annotations

import binascii
import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson
from flask import current_app

from web.parameters import refusal

if TYPE_CHECKING:
    from web.errors import Refusal

SEAL = 12


def seal(place: list[Any], listing: str) -> str:
    """The cursor for what comes behind `place` in `listing`."""
    content = orjson.dumps(place)
    return urlsafe_b64encode(_seal(content, listing) + content).rstrip(b"=").decode()


def unseal(cursor: str, listing: str) -> list[Any]:
    """The place that a cursor of this listing stands for."""
    try:
        sealed = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (UnicodeEncodeError, binascii.Error) as error:
        raise _refusal() from error
    content = sealed[SEAL:]
    if not hmac.compare_digest(sealed[:SEAL], _seal(content, listing)):
        raise _refusal()
    return orjson.loads(content)


def as_instant(text: str) -> datetime:
    """An instant that a place holds."""
    return datetime.fromisoformat(text)


def _seal(content: bytes, listing: str) -> bytes:
    key = _key(current_app.config["JWT_SECRET_KEY"])
    return hashlib.blake2b(content + b"\n" + listing.encode(), key=key, digest_size=SEAL).digest()


@lru_cache(maxsize=1)
def _key(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def _refusal() -> Refusal:
    return refusal("cursor", "This is no cursor of this list, filtered and sorted as it is.")
