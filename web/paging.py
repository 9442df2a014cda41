"""Which part of a list is wanted, and the headers that say how long it is and where its other parts stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from flask import request

from web.parameters import refusal, whole_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Given = Mapping[str, Sequence[str]]

DEFAULT_SIZE, LARGEST_SIZE = 20, 100
LARGEST_OFFSET = 2**62
PAGING = ("page", "per_page", "cursor")


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list: by its number, or behind a cursor, or simply the first."""

    size: int
    number: int | None
    cursor: str | None

    @property
    def offset(self) -> int:
        """How many rows stand before it, where it is told by its number; no more than a database can count."""
        return min(((self.number or 1) - 1) * self.size, LARGEST_OFFSET)


def asked_page(given: Given, *, largest: int = LARGEST_SIZE) -> Page:
    """The part that the parameters ask for; the first when they don't. largest: how much a page can hold."""
    if "cursor" in given and "page" in given:
        raise refusal("cursor", "This can't be given together with page.")
    number = whole_number(given, "page", default=1) if "page" in given else None
    size = whole_number(given, "per_page", default=DEFAULT_SIZE, highest=largest)
    return Page(size, number, given["cursor"][0] if "cursor" in given else None)


def last_page(total: int, size: int) -> int:
    """The number of the last page; an empty list has one page too."""
    return max(1, -(-total // size))


def headers(page: Page, total: int | None, following: str | None, given: Given) -> dict[str, str]:
    """X-Total-Count, and Link after RFC 8288, with the parameters that were given.

    total: None where it is not known; then there is no such header, and no last page. following: the cursor of what
    comes next, if anything does.
    """
    places = _by_number(page, total, more=following is not None) if page.number else _by_cursor(page, following)
    rest = {name: values for name, values in given.items() if name not in PAGING}
    behind = "&" + urlencode(rest, doseq=True, quote_via=quote) if rest else ""
    links = [
        # What says a place is digits, and a cursor's letters: there is nothing to quote.
        f'<{request.path}?{"&".join(f"{name}={value}" for name, value in place.items())}{behind}>; rel="{relation}"'
        for relation, place in places.items()
    ]
    counted = {} if total is None else {"X-Total-Count": str(total)}
    return counted | ({"Link": ", ".join(links)} if links else {})


def _by_number(page: Page, total: int | None, *, more: bool) -> dict[str, dict[str, object]]:
    number = page.number or 1
    if total is None:
        numbers = {"first": 1, "prev": number - 1} | ({"next": number + 1} if more else {})
        return {relation: {"page": there, "per_page": page.size} for relation, there in numbers.items() if there}
    last = last_page(total, page.size)
    numbers = {"first": 1, "prev": min(number - 1, last), "next": number + 1, "last": last}
    return {
        relation: {"page": number, "per_page": page.size} for relation, number in numbers.items() if 1 <= number <= last
    }


def _by_cursor(page: Page, following: str | None) -> dict[str, dict[str, object]]:
    places: dict[str, dict[str, object]] = {"first": {"per_page": page.size}} if page.cursor else {}
    return places | ({"next": {"per_page": page.size, "cursor": following}} if following else {})
