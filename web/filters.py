"""The parameters of a list that say which tasks it holds -> conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from models import PRIORITIES, STATUSES
from task_rules import MOST_LABELS, read_instant
from web.parameters import refusal
from web.search import LONGEST_SEARCH, contains
from web.shown import task_labels, tasks
from web.times import Instant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement

FILTERS = ("status", "priority", "label", "due_before", "due_after", "q")


def conditions(given: Mapping[str, Sequence[str]], owner: int, dialect: str) -> list[ColumnElement[bool]]:
    """What the parameters ask of each of `owner`'s tasks; none where they ask nothing."""
    asked: list[ColumnElement[bool]] = []
    if "status" in given:
        asked.append(tasks.c.status == one_of("status", given, STATUSES))
    if "priority" in given:
        asked.append(tasks.c.priority == one_of("priority", given, PRIORITIES))
    if "due_before" in given:
        asked.append(tasks.c.due_at < _instant("due_before", given))
    if "due_after" in given:
        asked.append(tasks.c.due_at >= _instant("due_after", given))
    # No task has more than MOST_LABELS: with one more asked for, there is none.
    keys = dict.fromkeys(_label_key(label) for label in given.get("label", ()))
    asked += [_labelled(key, owner) for key in list(keys)[: MOST_LABELS + 1]]
    return asked + contains(_words(given), owner, dialect)


def one_of(name: str, given: Mapping[str, Sequence[str]], known: Sequence[str]) -> str:
    """The parameter `name`, which is one of the values known."""
    value = given[name][0]
    if value not in known:
        raise refusal(name, f"This must be one of {', '.join(known)}.")
    return value


def _instant(name: str, given: Mapping[str, Sequence[str]]) -> Instant:
    # A plus sign that was not escaped arrives as a blank; the one between date and time is none.
    day, rest = given[name][0][:11], given[name][0][11:]
    instant = read_instant(day + rest.replace(" ", "+"))
    if instant is None:
        raise refusal(name, "This must be a time with its offset, like 2026-11-23T10:00:00Z, from 1970 to 9999.")
    return instant


def _label_key(label: str) -> str:
    if not label.strip() or "\0" in label:
        raise refusal("label", "No label is blank or holds a NUL character.")
    return label.strip().casefold()


def _labelled(key: str, owner: int) -> ColumnElement[bool]:
    found = select(task_labels.c.task_id).where(task_labels.c.user_id == owner, task_labels.c.label_key == key)
    return tasks.c.id.in_(found)


def _words(given: Mapping[str, Sequence[str]]) -> str:
    q = given.get("q", [""])[0]
    if len(q) > LONGEST_SEARCH or "\0" in q:
        raise refusal("q", f"This can have at most {LONGEST_SEARCH} characters, and no NUL among them.")
    return q
