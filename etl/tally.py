"""What is counted of a load while its blocks are committed and, with --report, measured."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any

from etl.ledger import Totals

if TYPE_CHECKING:
    from etl.prepare import Measure
    from etl.profile_parts import Profile
    from etl.table_schema import Schema


class Tally:
    """All that is counted of one load. began: when, in seconds since 1970, less for a break that it has had."""

    def __init__(self, schema: Schema, began: float, *, report: bool) -> None:
        self.totals = Totals()
        self.rows_before = 0  # how many of them an earlier run had read
        self.began = began
        self.profile = _empty_profile(schema) if report else None

    def add(self, totals: Totals) -> None:
        """A block that is committed."""
        self.totals.add(totals)
        if self.profile is not None and totals.measured is not None:
            self.profile.add(totals.measured, totals.done_at - self.began, self.totals.rows_read)

    def goes_on(self) -> None:
        """All that an earlier run has committed is added."""
        self.rows_before = self.totals.rows_read
        if self.profile is not None:
            self.began = time.time() - self.profile.points[-1][0]

    def measure(self, source_bytes: int) -> Measure | None:
        """What measures a block, where that is wanted."""
        if self.profile is None:
            return None
        from etl.measure import every_nth, measured

        kinds = tuple(column.type for column in self.profile.schema.fields)
        return functools.partial(measured, kinds=kinds, every=every_nth(source_bytes))

    def profile_json(self) -> dict[str, Any] | None:
        """The profile, where one is made."""
        return None if self.profile is None else self.profile.as_json()


def _empty_profile(schema: Schema) -> Profile:
    from etl.profile_parts import Profile  # what it needs is not imported without --report

    return Profile(schema)
