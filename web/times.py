"""Instants as the API writes them: UTC to the millisecond. How they are read stands in task_rules.py."""

from __future__ import annotations

from datetime import datetime

Instant = datetime


def show_instant(moment: Instant | None) -> str | None:
    """Like 2026-11-23T10:00:00.123Z."""
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
