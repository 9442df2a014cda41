"""What an address may say: query parameters, and ids in paths."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter

from web.errors import Refusal, printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LARGEST_ID = 2**63 - 1


# Of these a list may ask for several at once, or for nothing in particular.
REPEATED, EMPTY = ("label",), ("q", "column")


def read(*known: str) -> dict[str, list[str]]:
    """The query parameters: each known, given once and not empty, where nothing else is said above."""
    given: dict[str, list[str]] = {}
    if not request.query_string:
        return given
    for name, values in request.args.lists():
        if name not in known:
            raise refusal(name, "There is no such parameter here.")
        if len(values) > 1 and name not in REPEATED:
            raise refusal(name, "This parameter can be given only once.")
        if not all(values) and name not in EMPTY:
            raise refusal(name, "This parameter is empty.")
        given[name] = values
    return given


def refusal(name: str, sentence: str) -> Refusal:
    """The refusal of a query parameter."""
    shown = printable(name)
    return Refusal(400, f"The parameter {shown} can't be used.", faults={shown: [sentence]})


def whole_number(given: Mapping[str, Sequence[str]], name: str, *, default: int, highest: int | None = None) -> int:
    """The parameter `name` as a number from 1 up to `highest`."""
    text = given.get(name, [str(default)])[0]
    # Nobody has 10^18 of anything: how much more it is doesn't matter.
    number = int(text.lstrip("0")[:19] or "0") if re.fullmatch("[0-9]+", text) else 0
    if number < 1 or (highest is not None and number > highest):
        limits = "1 or more" if highest is None else f"from 1 to {highest}"
        raise refusal(name, f"This must be a whole number, {limits}.")
    return number


class RowId(BaseConverter):
    """An id in a path: ASCII digits without leading zeros, up to 64 bits. Anything else is no such path."""

    regex = "[1-9][0-9]*"

    def to_python(self, value: str) -> int:
        """The id as a number."""
        # werkzeug's own ValidationError would let methods that the path lacks answer 405.
        if len(value) > 19 or int(value) > LARGEST_ID:
            raise NotFound
        return int(value)
