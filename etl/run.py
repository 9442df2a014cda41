"""A load from its plan to its end: begin or take up, have every block committed, begin again when a guess was wrong,
publish. Who prepares and commits the blocks is the executor's matter: etl/local_engine.py.

What is atomic: a block's rows, its rejects and the line that says it is done are one transaction; publishing is one
more. So a load that was killed goes on with the blocks that have no line, and nobody sees a part of a table.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import shutil
import time
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Connection, Engine, Table

from database import writing
from etl import discard, indexes, ledger, publish, tasks_of
from etl.blocks import Block, Place, cut, start_of
from etl.declared import cleaning_of
from etl.ledger import Totals
from etl.local_engine import folder_of
from etl.locks import table_lock
from etl.notes import log_plan, notes_of
from etl.options import Options
from etl.plan import (
    Plan,
    make_plan,
    reread,
    too_noisy,
    widened,
    with_trailing_column,
    without_key,
)
from etl.prepare import Done, Job, Measure
from etl.problems import Contradicted, Interrupted, Refused
from etl.resume import facts_of, fingerprint_of, head_checksum, kept_plan, still_there
from etl.source import Source
from etl.write import Writer, table_for, writer_for

if TYPE_CHECKING:
    from etl.profile_parts import Profile

log = logging.getLogger("etl")

# A plan is contradicted at most once by types, key, encoding, trailing delimiters and order each, and once more by what
# those changed; the last resort is text, which nothing contradicts.
MOST_PLANS = 9

Progress = Callable[[int, int, Totals], None]  # bytes done, bytes in all, what is counted so far


class Executor(Protocol):
    """Who prepares and commits the blocks of a load. in_order: always one after the other, as the file has them."""

    in_order: bool

    def committed(self, blocks: Iterable[Block], job: Job, size: int) -> Generator[Done, None, None]:
        """Every block, committed, in the order given; `size`: their bytes in all. Raises Contradicted."""


class Run:
    """One load from its plan to its end. asked: what --if-exists said, before it was looked up what there is."""

    def __init__(
        self, engine: Engine, source: Source, options: Options, table: str, progress: Progress, executor: Executor,
        asked: str | None,
    ) -> None:  # fmt: skip
        self.engine, self.source, self.options, self.table, self.progress = engine, source, options, table, progress
        self.executor = executor
        self.stamp = source.stamp()
        self.writer: Writer = writer_for(engine.dialect.name)
        self.totals = Totals()
        self.rows_before = 0  # how many of them an earlier run had read
        self.load = 0
        self.profile: Profile | None = None
        self.clock = time.time()  # when the load began, less for a break that it has had
        self.attempt = ""  # a block of another one is not committed any more
        self.in_order = executor.in_order
        self.asked = asked
        self.staging: Table
        self.gaps: list[tuple[Place, int]]  # what has no line yet: where it begins, and the offset where it ends
        self.plan: Plan

    # -- beginning --

    def begin(self) -> None:
        """Take up the load that an earlier run of the same command left, or begin a new one."""
        fingerprint = fingerprint_of(self.source, self.options)
        with writing(self.engine) as connection:
            loads = ledger.interrupted(connection, self.table)
        found = next((load for load in loads if load.fingerprint == fingerprint), None)
        if found is not None and not self.options.restart and self._resume(found):
            loads = [load for load in loads if load.id != found.id]
        else:
            self.plan = self._suited(make_plan(self.source, self.options, self.table))
            self._new_load(fingerprint)
        with writing(self.engine, long=True) as connection:
            for load in loads:
                self._abandon(connection, load)
            for load in ledger.given_up(connection):
                # One that runs has its lock, however long ago it began.
                with contextlib.suppress(Refused), table_lock(self.engine, load.table_name):
                    self._abandon(connection, load)

    def _abandon(self, connection: Connection, load: Any) -> None:
        if load.id != self.load:
            ledger.hold(connection, load.id)
            publish.drop_staging(connection, load.id)
            shutil.rmtree(folder_of(self.engine, load.id), ignore_errors=True)
            ledger.abandon(connection, load.id)

    def _new_load(self, fingerprint: str) -> None:
        with writing(self.engine) as connection:
            facts = {
                "table_name": self.table,
                "source": self.source.path,
                "source_bytes": self.source.size,
                "fingerprint": fingerprint,
            }
            self.load = ledger.begin(connection, facts | self._facts())
            self._make_staging(connection)
        self.clock, self.profile = time.time(), self._empty_profile()
        self.gaps = [(start_of(self.plan.layout, self.source), self.source.size)]
        log.info("load %d into %s begins: %s", self.load, self.table, self.source.path)
        log_plan(self.plan)

    def _facts(self) -> dict[str, Any]:
        self.attempt = uuid.uuid4().hex
        return facts_of(self.source, self.plan, self.options, self.attempt, in_order=self.in_order)

    def _make_staging(self, connection: Connection) -> None:
        self.staging = table_for(self.plan.schema, publish.staging_name(self.load), self.engine.dialect.name)
        self.staging.create(connection)

    def _resume(self, found: Any) -> bool:
        """Go on with the blocks of `found` that have no line yet, if the source is still the one it was."""
        self.plan = kept_plan(found.options["plan"], self.options)
        self.load = found.id
        indexes.asked_indexes(self.plan.schema, self.options.indexes)
        self.source.encoding = self.plan.encoding
        self.in_order = found.options.get("in_order", True)
        self.attempt = uuid.uuid4().hex
        with writing(self.engine) as connection:
            ledger.take_over(connection, found.id, self.attempt)
        self.clock, self.profile = found.started_at.timestamp(), self._empty_profile()
        if head_checksum(self.source, self.plan) != found.options["head"] or not self._take_up():
            log.info("the source has changed since load %d was interrupted; beginning anew", found.id)
            self.source.encoding = "utf-8" if not self.source.told else self.source.encoding
            self.totals, self.in_order = Totals(), self.executor.in_order
            return False
        self.staging = table_for(self.plan.schema, publish.staging_name(self.load), self.engine.dialect.name)
        log.info("load %d goes on behind block %d", self.load, self.gaps[-1][0].number - 1)
        if len(self.gaps) > 1:
            log.info("%d gaps before it are to be filled", len(self.gaps) - 1)
        log_plan(self.plan)
        return True

    def _take_up(self) -> bool:
        """Find what is left to do; False when the bytes of a committed block have changed."""
        place, self.gaps = start_of(self.plan.layout, self.source), []
        with self.engine.connect() as connection:
            for line in ledger.done_blocks(connection, self.load):
                if not still_there(self.source, line):
                    return False
                if self.profile is not None and line.measured is None:
                    log.info("load %d was begun without --report", self.load)
                    return False
                if line.offset > place.offset:
                    self.gaps.append((place, line.offset))
                self._add(ledger.totals_of_line(line))
                place = ledger.place_behind(line)
            last = ledger.last_number(connection, self.load)
        if self.profile is not None:
            self.clock = time.time() - self.profile.points[-1][0]
        self.gaps.append((replace(place, number=last + 1), self.source.size))
        self.rows_before = self.totals.rows_read
        return True

    # -- measuring --

    def _empty_profile(self) -> Profile | None:
        if self.options.report is None:
            return None
        from etl.profile_parts import Profile  # what it needs is not imported without --report

        return Profile(self.plan.schema)

    def _measure(self) -> Measure | None:
        if self.profile is None:
            return None
        from etl.measure import every_nth, measured

        kinds = tuple(column.type for column in self.plan.schema.fields)
        return functools.partial(measured, kinds=kinds, every=every_nth(self.source.size))

    def _add(self, totals: Totals) -> None:
        """A block that is committed, to all that is counted."""
        self.totals.add(totals)
        if self.profile is not None and totals.measured is not None:
            self.profile.add(totals.measured, totals.done_at - self.clock, self.totals.rows_read)

    def profile_json(self) -> dict[str, Any] | None:
        return None if self.profile is None else self.profile.as_json()

    # -- running --

    def run(self) -> None:
        """Load every block that is not yet done. A contradicted guess begins again with a better plan."""
        for _attempt in range(MOST_PLANS):
            try:
                self._load_blocks()
                self._check_noise()
            except Contradicted as contradiction:
                log.info("a guess was wrong, beginning again: %s", contradiction)
                self._replan(contradiction)
            else:
                return
        raise AssertionError("a load without guesses was contradicted")

    def _load_blocks(self) -> None:
        job = Job(
            self.source, self.plan, self.staging, self.writer, self.load, self.attempt, self.in_order,
            measure=self._measure(),
        )  # fmt: skip
        left = sum(end - place.offset for place, end in self.gaps)
        self.progress(self.gaps[0][0].offset, self.source.size, self.totals)
        with contextlib.closing(self.executor.committed(self._missing(), job, left)) as done:
            for block in done:
                self._count(block)
                if self.options.too_many(self.totals.rows_rejected, max(self.totals.rows_read, 1000)):
                    return

    def _missing(self) -> Iterator[Block]:
        """The blocks that have no line yet; their numbers go on behind the highest there is."""
        number = self.gaps[-1][0].number
        for place, end in self.gaps:
            for block in cut(
                self.source, self.plan.layout, replace(place, number=number), self.options.chunk_size, end
            ):
                yield block
                number = block.piece.number + 1

    def _count(self, block: Done) -> None:
        self._add(block.totals)
        self.progress(block.piece.next_offset, self.source.size, self.totals)
        log.info(
            "block %d: bytes %d to %d, rows %d, loaded %d, rejected %d, cells blanked %d, prepared in %.3f s, "
            "committed in %.3f s",
            block.piece.number, block.piece.offset, block.piece.next_offset, block.totals.rows_read,
            block.totals.rows_loaded, block.totals.rows_rejected, block.totals.cells_blanked, block.prepared,
            block.committed,
        )  # fmt: skip

    def _suited(self, plan: Plan) -> Plan:
        """The plan for the table that the rows are to be merged into."""
        with self.engine.connect() as connection:
            schema = publish.adapted(connection, self.table, plan.schema, self.options.if_exists)
        return replace(plan, schema=schema, cleaning=cleaning_of(self.options, schema))

    def _check_noise(self) -> None:
        noisy = too_noisy(self.plan.schema, self.totals.noise, self.totals.values)
        if noisy:
            example = ("words or impossible dates in more than a quarter of the values", 0)
            raise Contradicted("types", f"too much noise in {', '.join(noisy)}", dict.fromkeys(noisy, example))

    def _replan(self, contradiction: Contradicted) -> None:
        if contradiction.subject == "types":
            self.plan = widened(self.source, self.plan, self.options, contradiction.examples)
        elif contradiction.subject == "key":
            self.plan = without_key(self.plan, contradiction.detail)
        elif contradiction.subject == "order":
            self.in_order = True
        elif contradiction.subject == "trailing":
            self.plan = with_trailing_column(self.source, self.options, self.table, self.plan)
        else:
            self.plan = reread(self.source, self.options, self.table, contradiction)
        self.plan = self._suited(self.plan)
        self.totals, self.rows_before, self.profile = Totals(), 0, self._empty_profile()
        self.gaps = [(start_of(self.plan.layout, self.source), self.source.size)]
        with writing(self.engine, long=True) as connection:
            ledger.hold(connection, self.load)
            publish.drop_staging(connection, self.load)
            ledger.start_over(connection, self.load, self._facts())
            self._make_staging(connection)
        discard.remove(self.engine)
        log_plan(self.plan)

    # -- ending --

    def refusal(self) -> str | None:
        """Why the load is not to be published, if so."""
        rejected = self.totals.rows_rejected
        if self.options.too_many(rejected, self.totals.rows_read):
            return f"{rejected} rows were rejected, more than --max-rejects {self.options.max_rejects} allows"
        if self.options.strict and (rejected or self.totals.cells_blanked):
            return (
                f"{rejected} rows were rejected and {self.totals.cells_blanked} cells blanked, and --strict allows none"
            )
        return None

    def notes(self) -> list[str]:
        return notes_of(self.plan, self.totals, self.source.encoding)

    def _told(self) -> dict[str, Any]:
        """What etl_loads keeps for those who look at the load."""
        return {"notes": self.notes()} | ({} if self.profile is None else {"profile": self.profile.as_json()})

    def _refuse_changed_source(self) -> None:
        """Where somebody wrote into the file meanwhile, what is committed must still be what stands there."""
        if self.source.stamp() == self.stamp:
            return
        with self.engine.connect() as connection:
            for line in ledger.done_blocks(connection, self.load):
                if not still_there(self.source, line):
                    raise Interrupted(f"{self.source.name} has changed while it was read")

    def publish(self) -> None:
        self._refuse_changed_source()
        asked = indexes.asked_indexes(self.plan.schema, self.options.indexes)
        if asked and self.options.if_exists == "replace":
            # Beforehand, so that readers of the table aren't kept waiting.
            with writing(self.engine, long=True) as connection:
                ledger.hold(connection, self.load)
                indexes.make(connection, self.writer, self.staging.name, asked, self.load)
        with writing(self.engine, long=True) as connection:
            ledger.hold(connection, self.load)
            if self.options.tasks_of is not None:
                tasks_of.publish(connection, self.staging, self.options.tasks_of)
            else:
                self._publish_table(connection, asked)
            ledger.finish(connection, self.load, "published", self.totals, shared=self.options.share, **self._told())
        log.info("load %d is published as %s", self.load, self.table)
        discard.remove(self.engine)

    def _publish_table(self, connection: Connection, asked: list[indexes.Columns]) -> None:
        # Somebody may have made a table of that name while this load was running.
        publish.how_to_publish(connection, self.table, self.source.path, self.asked)
        publish.publish(connection, self.writer, self.staging, self.table, self.plan.schema, self.options.if_exists)
        indexes.make(connection, self.writer, self.table, asked, self.load)

    def give_up(self, error: str) -> None:
        """End the load for good; the table is as it was."""
        with writing(self.engine, long=True) as connection:
            ledger.hold(connection, self.load)
            publish.drop_staging(connection, self.load)
            ledger.finish(connection, self.load, "failed", self.totals, error=error, **self._told())
        log.error("load %d failed: %s", self.load, error)
        discard.remove(self.engine)
