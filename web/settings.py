"""Every setting of the web half: read from the environment once, refused with a sentence when it makes no sense."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import limits
from limits.errors import ConfigurationError
from limits.storage import storage_from_string

from database import INSTANCE, database_url
from web.secret_key import shared_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from limits import RateLimitItem
    from sqlalchemy import URL

SHORTEST_KEY = 32
TRUTH = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}

ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?")
TOKEN = re.compile("[A-Za-z0-9._~+/=-]+")  # what RFC 6750 lets a bearer token be


class SettingError(ValueError):
    """A setting that makes no sense; the message is for the user."""


@dataclass(frozen=True)
class Settings:
    """The settings as the program uses them."""

    database_url: URL
    jwt_secret_key: str
    access_token_minutes: int
    refresh_token_days: int
    cookie_secure: bool
    ratelimit_enabled: bool
    ratelimit_storage_uri: str | None
    login_limit: RateLimitItem
    register_limit: RateLimitItem
    trusted_proxies: int
    cors_origins: tuple[str, ...]
    metrics_token: str | None
    log_format: str
    log_level: str
    access_log: bool
    dataset_seconds: int
    host: str
    port: int
    workers: int
    shutdown_seconds: int


def read(environment: Mapping[str, str]) -> Settings:
    """The settings in `environment`; an empty value counts as none."""
    given = {name: value for name, value in environment.items() if value.strip()}
    return Settings(
        database_url=database_url(given.get("DATABASE_URL")),
        jwt_secret_key=_secret_key(given),
        access_token_minutes=_whole(given, "JWT_ACCESS_TOKEN_MINUTES", 60, lowest=1, highest=527_040),
        refresh_token_days=_whole(given, "JWT_REFRESH_TOKEN_DAYS", 30, lowest=1, highest=366),
        cookie_secure=_truth(given, "COOKIE_SECURE", False),
        ratelimit_enabled=_truth(given, "RATELIMIT_ENABLED", True),
        ratelimit_storage_uri=_storage(given),
        login_limit=_limit(given, "LOGIN_LIMIT", "10 per 5 minutes"),
        register_limit=_limit(given, "REGISTER_LIMIT", "60 per hour"),
        trusted_proxies=_whole(given, "TRUSTED_PROXIES", 0, lowest=0, highest=10),
        cors_origins=_origins(given),
        metrics_token=_token(given, "METRICS_TOKEN"),
        log_format=_one_of(given, "LOG_FORMAT", ("text", "json")),
        log_level=_one_of(given, "LOG_LEVEL", ("info", "debug", "warning", "error", "critical")),
        access_log=_truth(given, "ACCESS_LOG", True),
        dataset_seconds=_whole(given, "DATASET_SECONDS", 5, lowest=1, highest=3600),
        host=given.get("HOST", "127.0.0.1"),
        port=_whole(given, "PORT", 5000, lowest=1, highest=65_535),
        workers=_whole(given, "WORKERS", min(4, os.cpu_count() or 1), lowest=1, highest=256),
        shutdown_seconds=_whole(given, "SHUTDOWN_SECONDS", 10, lowest=1, highest=3600),
    )


def _secret_key(given: Mapping[str, str]) -> str:
    key = given.get("JWT_SECRET_KEY")
    if key is None:
        return _kept_key()
    if len(key.encode("utf-8", "surrogateescape")) < SHORTEST_KEY:
        raise SettingError(f"JWT_SECRET_KEY has fewer than {SHORTEST_KEY} bytes; give a longer one, or none at all.")
    return key


def _kept_key() -> str:
    path = INSTANCE / "jwt_secret_key"
    try:
        key = shared_key(path)
    except OSError as error:
        raise SettingError(f"The key in {path} cannot be used ({error.strerror}); set JWT_SECRET_KEY.") from error
    if len(key) < SHORTEST_KEY:
        raise SettingError(f"The key in {path} is damaged; remove the file, and everybody logs in again.")
    return key


def _whole(given: Mapping[str, str], name: str, default: int, *, lowest: int, highest: int) -> int:
    text = given.get(name, str(default)).strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10 and lowest <= int(text) <= highest):
        raise SettingError(f"{name} is {text!r}; it can be a whole number from {lowest} to {highest}.")
    return int(text)


def _one_of(given: Mapping[str, str], name: str, values: tuple[str, ...]) -> str:
    text = given.get(name, values[0]).strip().lower()
    if text not in values:
        raise SettingError(f"{name} is {text!r}; it can be {', '.join(values[:-1])} or {values[-1]}.")
    return text


def _truth(given: Mapping[str, str], name: str, default: bool) -> bool:
    text = given.get(name, str(default)).strip().lower()
    if text not in TRUTH:
        raise SettingError(f"{name} is {text!r}; it can be true or false.")
    return TRUTH[text]


def _limit(given: Mapping[str, str], name: str, default: str) -> RateLimitItem:
    text = given.get(name, default).strip()
    try:
        limit = limits.parse(text)
    except ValueError:
        limit = None
    if limit is None or not 1 <= limit.amount <= 10**9 or not 1 <= limit.get_expiry() <= 10**9:
        raise SettingError(f"{name} is {text!r}; it can be a number of tries and a time, like '{default}'.")
    return limit


def _storage(given: Mapping[str, str]) -> str | None:
    uri = given.get("RATELIMIT_STORAGE_URI")
    try:
        if uri is not None:
            storage_from_string(uri)
    except (ConfigurationError, ImportError, ValueError) as error:
        reason = f"RATELIMIT_STORAGE_URI is {uri!r}; it can be an address like redis://host:6379/0."
        raise SettingError(reason) from error
    return uri


def _origins(given: Mapping[str, str]) -> tuple[str, ...]:
    origins = tuple(origin.strip() for origin in given.get("CORS_ORIGINS", "").split(",") if origin.strip())
    for origin in origins:
        if origin != "*" and not ORIGIN.fullmatch(origin):
            raise SettingError(f"CORS_ORIGINS has {origin!r}; it can be * or origins like https://app.example.com.")
    return origins


def _token(given: Mapping[str, str], name: str) -> str | None:
    text = given.get(name)
    if text is not None and not TOKEN.fullmatch(text):
        raise SettingError(f"{name} can hold letters, digits and any of - . _ ~ + / =, and nothing else.")
    return text
