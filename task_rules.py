"""What a task can be, for both halves: the limits of its fields, its times and labels, and how CSV writes them."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime

LONGEST_TITLE = 200
LONGEST_DESCRIPTION = 10_000
MOST_LABELS, LONGEST_LABEL = 20, 40

WRITTEN = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d(:?\d\d)?)", flags=re.ASCII | re.IGNORECASE
)

# A spreadsheet takes text that begins so for a formula, and runs it.
FORMULA = tuple("=+-@\t\r＝＋－＠")


def read_instant(text: str) -> datetime | None:
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


def once_each(labels: list[str]) -> list[str]:
    """Each label once, without regard to case, as it was written first."""
    first: dict[str, str] = {}
    for label in labels:
        first.setdefault(label.casefold(), label)
    return list(first.values())


def guarded(text: str) -> str:
    """Text that no spreadsheet takes for a formula: with an apostrophe in front, also where one stands there."""
    return f"'{text}" if text.lstrip("'").startswith(FORMULA) else text


def unguarded(text: str) -> str:
    """What `guarded` was given."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(FORMULA) else text


def joined(labels: list[str]) -> str:
    """Labels in one cell, separated by ;. One that holds a ; itself stands in quotation marks."""
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=";", lineterminator="\r\n").writerow(labels)
    return written.getvalue().removesuffix("\r\n")


def parted(cell: str) -> list[str]:
    """The labels in a cell, trimmed; blank ones are none."""
    parts = [part for row in csv.reader(io.StringIO(cell, newline=""), delimiter=";") for part in row]
    return [part.strip() for part in parts if part.strip()]
