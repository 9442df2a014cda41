"""Instants as the API reads and writes them: ISO 8601 with an offset in, UTC to the millisecond out."""

from __future__ import annotations

import re
from datetime import UTC, datetime

Instant = datetime

WRITTEN = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d(:?\d\d)?)", flags=re.ASCII | re.IGNORECASE
)


def read_instant(text: str) -> Instant | None:
    """The instant in UTC that `text` writes with its offset; None when it writes none from 1970 to 9999."""
    if not WRITTEN.fullmatch(text) or len(text) > 60:
        return None
    try:
        moment = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return _to_the_millisecond(moment) if moment.year >= 1970 else None


def _to_the_millisecond(moment: datetime) -> datetime:
    # Kept as precisely as it is shown, so that what is sent back has not changed.
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def show_instant(moment: Instant | None) -> str | None:
    """Like 2026-11-23T10:00:00.123Z."""
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
