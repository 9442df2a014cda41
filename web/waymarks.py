"""Where pages begin: what reading one page teaches about the next, so that a page far behind needs no counting."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

MOST_USERS = 1000
MARKS_EACH = 100

Mark = tuple[int, int | None]
START: Mark = (0, None)


@dataclass(frozen=True)
class Waymarks:
    """For each user marks: so many tasks stand before those whose ids are lower. True until a task comes or goes."""

    _known: OrderedDict[int, tuple[int, tuple[Mark, ...]]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def nearest(self, owner: int, version: int, offset: int) -> Mark:
        """The mark at `offset` or before it, seen when the user's tasks were the same."""
        kept_version, marks = self._known.get(owner, (version, ()))
        return max((mark for mark in marks if mark[0] <= offset and kept_version == version), default=START)

    def add(self, owner: int, version: int, mark: Mark) -> None:
        """Remember a mark; those of another version are forgotten."""
        with self._lock:
            kept_version, marks = self._known.pop(owner, (version, ()))
            if kept_version != version:
                marks = ()
            self._known[owner] = version, (*(known for known in marks if known != mark), mark)[-MARKS_EACH:]
            if len(self._known) > MOST_USERS:
                self._known.popitem(last=False)
