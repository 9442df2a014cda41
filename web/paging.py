"""A select -> one page of it, with the headers that say how many there are and where the others stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import request
from sqlalchemy import func

from web.extensions import db
from web.parameters import whole_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

DEFAULT_SIZE, LARGEST_SIZE = 20, 100


@dataclass(frozen=True)
class Page:
    """Which part of a list is wanted."""

    number: int
    size: int


def asked_page(given: dict[str, str]) -> Page:
    """The page that the parameters ask for; the first when they don't."""
    return Page(
        number=whole_number(given, "page", default=1),
        size=whole_number(given, "per_page", default=DEFAULT_SIZE, highest=LARGEST_SIZE),
    )


def fetch(rows: Select[Any], page: Page) -> tuple[Sequence[Any], int]:
    """The rows on `page`, and how many there are on all pages."""
    count = rows.with_only_columns(func.count(), maintain_column_froms=True).order_by(None)
    total = db.session.scalar(count) or 0
    if page.number > last_page(total, page.size):
        return [], total
    offset = (page.number - 1) * page.size
    return db.session.scalars(rows.limit(page.size).offset(offset)).all(), total


def last_page(total: int, size: int) -> int:
    """The number of the last page; an empty list has one page too."""
    return max(1, -(-total // size))


def headers(page: Page, total: int, given: dict[str, str]) -> dict[str, str]:
    """X-Total-Count, and Link after RFC 8288, with the parameters that were given."""
    last = last_page(total, page.size)
    numbers = {"first": 1, "prev": min(page.number - 1, last), "next": page.number + 1, "last": last}
    links = [
        f'<{_address(given, page, number)}>; rel="{relation}"'
        for relation, number in numbers.items()
        if 1 <= number <= last
    ]
    return {"X-Total-Count": str(total), "Link": ", ".join(links)}


def _address(given: dict[str, str], page: Page, number: int) -> str:
    asked = {"page": number, "per_page": page.size}
    return f"{request.path}?{urlencode(asked | {name: given[name] for name in given if name not in asked})}"
