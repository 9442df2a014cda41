"""A load from its plan to its last block: begin or take up, have every block committed, begin again when a guess was
wrong. Who prepares and commits the blocks is the executor's matter: etl/local_engine.py; the end is etl/ending.py's.

What is atomic: a block's rows, its rejects and the line that says it is done are one transaction; publishing is one
more. So a load that was killed goes on with the blocks that have no line, and nobody sees a part of a table.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import time
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Table

from database import writing
from etl import discard, indexes, ledger, publish
from etl.blocks import Block, Place, cut, start_of
from etl.declared import cleaning_of
from etl.ledger import Totals
from etl.local_engine import folder_of
from etl.locks import table_lock
from etl.notes import log_plan
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
from etl.prepare import Done, Job
from etl.problems import Contradicted, Refused
from etl.resume import facts_of, fingerprint_of, head_checksum, kept_plan, still_there
from etl.source import Source
from etl.tally import Tally
from etl.write import Writer, table_for, writer_for

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
    """One load from its plan to its last block."""

    def __init__(self, engine: Engine, source: Source, options: Options, table: str, executor: Executor) -> None:
        self.engine, self.source, self.options, self.table, self.executor = engine, source, options, table, executor
        self.stamp = source.stamp()
        self.writer: Writer = writer_for(engine.dialect.name)
        self.load = 0
        self.attempt = ""  # a block of another one is not committed any more
        self.in_order = executor.in_order
        self.plan: Plan
        self.staging: Table
        self.tally: Tally
        self.gaps: list[tuple[Place, int]]  # what has no line yet: where it begins, and the offset where it ends

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
        self._nothing_done(time.time())
        log.info("load %d into %s begins: %s", self.load, self.table, self.source.path)
        log_plan(self.plan)

    def _nothing_done(self, began: float) -> None:
        self.tally = Tally(self.plan.schema, began, report=self.options.report is not None)
        self.gaps = [(start_of(self.plan.layout, self.source), self.source.size)]

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
        self._nothing_done(found.started_at.timestamp())
        if head_checksum(self.source, self.plan) != found.options["head"] or not self._take_up():
            log.info("the source has changed since load %d was interrupted; beginning anew", found.id)
            self.source.encoding = "utf-8" if not self.source.told else self.source.encoding
            self.in_order = self.executor.in_order
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
                if self.tally.profile is not None and line.measured is None:
                    log.info("load %d was begun without --report", self.load)
                    return False
                if line.offset > place.offset:
                    self.gaps.append((place, line.offset))
                self.tally.add(ledger.totals_of_line(line))
                place = ledger.place_behind(line)
            last = ledger.last_number(connection, self.load)
        self.tally.goes_on()
        self.gaps.append((replace(place, number=last + 1), self.source.size))
        return True

    # -- running --

    def run(self, progress: Progress) -> None:
        """Load every block that is not yet done. A contradicted guess begins again with a better plan."""
        for _attempt in range(MOST_PLANS):
            try:
                self._load_blocks(progress)
                self._check_noise()
            except Contradicted as contradiction:
                log.info("a guess was wrong, beginning again: %s", contradiction)
                self._replan(contradiction)
            else:
                return
        raise AssertionError("a load without guesses was contradicted")

    def _load_blocks(self, progress: Progress) -> None:
        job = Job(
            self.source, self.plan, self.staging, self.writer, self.load, self.attempt, self.in_order,
            measure=self.tally.measure(self.source.size),
        )  # fmt: skip
        left = sum(end - place.offset for place, end in self.gaps)
        totals = self.tally.totals
        progress(self.gaps[0][0].offset, self.source.size, totals)
        with contextlib.closing(self.executor.committed(self._missing(), job, left)) as done:
            for block in done:
                self.tally.add(block.totals)
                progress(block.piece.next_offset, self.source.size, totals)
                _log_block(block)
                if self.options.too_many(totals.rows_rejected, max(totals.rows_read, 1000)):
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

    def _suited(self, plan: Plan) -> Plan:
        """The plan for the table that the rows are to be merged into."""
        with self.engine.connect() as connection:
            schema = publish.adapted(connection, self.table, plan.schema, self.options.if_exists)
        return replace(plan, schema=schema, cleaning=cleaning_of(self.options, schema))

    def _check_noise(self) -> None:
        noisy = too_noisy(self.plan.schema, self.tally.totals.noise, self.tally.totals.values)
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
        self._nothing_done(self.tally.began)
        with writing(self.engine, long=True) as connection:
            ledger.hold(connection, self.load)
            publish.drop_staging(connection, self.load)
            ledger.start_over(connection, self.load, self._facts())
            self._make_staging(connection)
        discard.remove(self.engine)
        log_plan(self.plan)


def _log_block(block: Done) -> None:
    log.info(
        "block %d: bytes %d to %d, rows %d, loaded %d, rejected %d, cells blanked %d, prepared in %.3f s, "
        "committed in %.3f s",
        block.piece.number, block.piece.offset, block.piece.next_offset, block.totals.rows_read,
        block.totals.rows_loaded, block.totals.rows_rejected, block.totals.cells_blanked, block.prepared,
        block.committed,
    )  # fmt: skip
