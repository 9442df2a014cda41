"""Every setting of the web half: read from the environment once, refused with a sentence when it makes no sense."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from database import INSTANCE, database_url
from web.secret_key import shared_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import URL

SHORTEST_KEY = 32
TRUTH = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


class SettingError(ValueError):
    """A setting that makes no sense; the message is for the user."""


@dataclass(frozen=True)
class Settings:
    """The settings as the program uses them."""

    database_url: URL
    jwt_secret_key: str
    access_token_minutes: int
    log_format: str
    log_level: str
    access_log: bool
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
        log_format=_one_of(given, "LOG_FORMAT", ("text", "json")),
        log_level=_one_of(given, "LOG_LEVEL", ("info", "debug", "warning", "error", "critical")),
        access_log=_truth(given, "ACCESS_LOG", True),
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
