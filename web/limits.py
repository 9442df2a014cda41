"""How often a login may fail and accounts may be made; counted in the app's own database, where all workers see it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app, request
from limits.storage import Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy import case, delete, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import TooManyRequests

from database import writing
from models import RateLimit
from pieces import delete_in_pieces
from web.extensions import db
from web.names import name_key

if TYPE_CHECKING:
    from limits import RateLimitItem
    from sqlalchemy import Engine

    from web.settings import Settings

# An address may fail so many times as often as an address with one name.
NAMES_PER_ADDRESS = 3


class DatabaseStorage(Storage):
    """Counters in `rate_limits`, each change a transaction of its own."""

    STORAGE_SCHEME = None

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine = engine

    @property
    def base_exceptions(self) -> type[Exception]:
        """What can go wrong; it is raised as it is."""
        return SQLAlchemyError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count, from 0 again when the time is over; the count."""
        moment = time.time()
        insert = postgresql.insert if self.engine.dialect.name == "postgresql" else sqlite.insert
        over = RateLimit.expires_at <= moment
        first = insert(RateLimit).values(key=key, hits=amount, expires_at=moment + expiry)
        counted = first.on_conflict_do_update(
            index_elements=[RateLimit.key],
            set_={
                "hits": case((over, amount), else_=RateLimit.hits + amount),
                "expires_at": case((over, first.excluded.expires_at), else_=RateLimit.expires_at),
            },
        )
        with writing(self.engine) as connection:
            connection.execute(delete(RateLimit).where(over, RateLimit.key != key))
            return int(connection.execute(counted.returning(RateLimit.hits)).scalar_one())

    def get(self, key: str) -> int:
        """The count; 0 when there is none, or its time is over."""
        return int(self._row(key)[0])

    def get_expiry(self, key: str) -> float:
        """When the count ends, in seconds since 1970; now when there is none."""
        return float(self._row(key)[1])

    def _row(self, key: str) -> tuple[int, float]:
        moment = time.time()
        wanted = select(RateLimit.hits, RateLimit.expires_at).where(RateLimit.key == key, RateLimit.expires_at > moment)
        with self.engine.connect() as connection:
            found = connection.execute(wanted).first()
        return (0, moment) if found is None else (found.hits, found.expires_at)

    def check(self) -> bool:
        """Whether the database answers."""
        with self.engine.connect() as connection:
            return bool(connection.execute(select(literal(True))).scalar())

    def reset(self) -> int | None:
        """Forget every count; how many there were."""
        with writing(self.engine) as connection:
            return connection.execute(delete(RateLimit)).rowcount

    def clear(self, key: str) -> None:
        """Forget one count."""
        with writing(self.engine) as connection:
            connection.execute(delete(RateLimit).where(RateLimit.key == key))


@dataclass(frozen=True)
class Limits:
    """What is limited in an app, and by whom it is counted."""

    tries: FixedWindowRateLimiter
    login: RateLimitItem
    registration: RateLimitItem


def register(app: Flask, chosen: Settings) -> None:
    """Limit `app` as the settings say. Nothing is opened yet."""
    if chosen.ratelimit_enabled:
        with app.app_context():
            tries = FixedWindowRateLimiter(_storage(chosen.ratelimit_storage_uri))
        app.extensions["limits"] = Limits(tries, chosen.login_limit, chosen.register_limit)


def _storage(uri: str | None) -> Any:
    return DatabaseStorage(db.engine) if uri is None else storage_from_string(uri, wrap_exceptions=True)


def refuse_if_locked(name: str) -> None:
    """429 while logins to `name`, or any at all, have failed too often from this address."""
    if limits := current_app.extensions.get("limits"):
        for limit, *counted in _login_counters(limits, name):
            if not limits.tries.test(limit, *counted):
                raise _too_many(limits, limit, counted)


def count_failure(name: str) -> None:
    """Count a failed login; 429 for one that comes after others at the same moment have used up the limit."""
    if limits := current_app.extensions.get("limits"):
        # One after the other: a try refused for its name must not use up the address for the others.
        for limit, *counted in _login_counters(limits, name):
            if not limits.tries.hit(limit, *counted):
                raise _too_many(limits, limit, counted)


def count_registration() -> None:
    """Count an account that somebody asks for; 429 when it is one too many."""
    limits: Limits | None = current_app.extensions.get("limits")
    counted = ["register", _network()]
    if limits and not limits.tries.hit(limits.registration, *counted):
        raise _too_many(limits, limits.registration, counted)


def remove_expired(engine: Engine) -> int:
    """Remove the counts whose time is over; how many there were."""
    return delete_in_pieces(engine, RateLimit.__table__, RateLimit.expires_at <= time.time())


def _login_counters(limits: Limits, name: str) -> list[tuple[RateLimitItem, str, str, str]]:
    wider = type(limits.login)(limits.login.amount * NAMES_PER_ADDRESS, limits.login.multiples)
    return [(limits.login, "login", _network(), name_key(name)), (wider, "login", _network(), "*")]


def _too_many(limits: Limits, limit: RateLimitItem, counted: list[str]) -> TooManyRequests:
    seconds = math.ceil(limits.tries.get_window_stats(limit, *counted).reset_time - time.time())
    return TooManyRequests("That was too often; try again later.", retry_after=max(1, seconds))


def _network() -> str:
    """Where the request comes from. Whoever has one IPv6 address has all of its /64 network."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    return str(address) if address.version == 4 else str(ip_network((address, 64), strict=False).network_address)
