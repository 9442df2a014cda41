"""The loop: plan, take a block, clean it, commit it, the next; then publish. Everything else is called from here.

What is atomic: a block's rows, its rejects and the line that says it is done are one transaction; publishing is one
more. So a load that was killed goes on behind its last committed block, and nobody sees a part of a table.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.exc import IntegrityError

from database import database_url, migrate, open_engine, writing
from etl import ledger, publish
from etl.blocks import Piece, Place, cut, reread_block, start_of
from etl.infer import plain_name
from etl.keys import reject_repeats, taken_keys
from etl.ledger import Totals
from etl.locks import table_lock
from etl.options import Options
from etl.parse import WHOLE
from etl.plan import (
    Plan,
    cleaning_of,
    make_plan,
    plan_from_json,
    reread,
    too_noisy,
    widened,
    with_trailing_column,
    without_key,
)
from etl.prepare import Job, Prepared, judged
from etl.problems import Contradicted, Refused
from etl.source import Source, open_source
from etl.table_schema import to_frictionless
from etl.workers import prepared, worker_count
from etl.write import Writer, table_for, unique_sets, writer_for

log = logging.getLogger("etl")

# A plan is contradicted at most once by types, key, encoding and trailing delimiters each, and once more by what
# those changed; the last resort is text, which nothing contradicts.
MOST_PLANS = 8

# Why a column is text needs no telling when nobody would expect anything else.
SELF_EVIDENT = ("words", "no values", "--text", "--type", "declared in the schema", "")


@dataclass
class Outcome:
    """What a load did. state: "published", or "refused" when --strict or --max-rejects kept it from being so."""

    load: int
    table: str
    state: str
    plan: Plan
    totals: Totals
    seconds: float
    source: Source
    error: str | None = None
    notes: list[str] = field(default_factory=list)


Progress = Callable[[int, int, Totals], None]  # bytes done, bytes in all, what is counted so far


class _Run:
    """One load from its plan to its end."""

    def __init__(self, engine: Engine, source: Source, options: Options, table: str, progress: Progress) -> None:
        self.engine, self.source, self.options, self.table, self.progress = engine, source, options, table, progress
        self.writer: Writer = writer_for(engine.dialect.name)
        self.totals = Totals()
        self.load = 0
        self.asked: str | None = None  # what to do with a table that is there, before that was looked up
        self.staging: Table
        self.place: Place
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
        with writing(self.engine) as connection:
            for load in [*loads, *ledger.given_up(connection)]:
                if load.id != self.load:
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
        self.place = start_of(self.plan.layout, self.source)
        log.info("load %d into %s begins: %s", self.load, self.table, self.source.path)
        log_plan(self.plan)

    def _facts(self) -> dict[str, Any]:
        layout = self.plan.layout
        dialect = {
            "delimiter": layout.dialect.delimiter,
            "quote": layout.dialect.quote,
            "escape": layout.dialect.escape,
            "encoding": self.source.original if self.source.encoding == "utf-8" else self.source.encoding,
            "header": layout.header is not None,
            "newline": "\r" if layout.dialect.newline == "cr" else "\n",
        }
        kept = {"given": self.options.that_matter(), "plan": self.plan.as_json(), "head": self._head_checksum()}
        schema = to_frictionless(self.plan.schema)
        return {"dialect": dialect, "schema": schema, "options": json.loads(json.dumps(kept))}

    def _head_checksum(self) -> int:
        """Of what lies before the first block: title, comments and header."""
        return zlib.crc32(self.source.read(0, start_of(self.plan.layout, self.source).offset))

    def _make_staging(self, connection: Connection) -> None:
        self.staging = table_for(self.plan.schema, publish.staging_name(self.load), self.engine.dialect.name)
        self.staging.create(connection)

    def _resume(self, found: Any) -> bool:
        """Go on behind the last committed block of `found`, if the source is still the one it was."""
        plan = plan_from_json(found.options["plan"], self.options)
        self.source.encoding = plan.encoding
        with self.engine.connect() as connection:
            done = ledger.done_blocks(connection, found.id)
        self.plan, self.load = plan, found.id
        changed = self._head_checksum() != found.options["head"]
        if changed or any(zlib.crc32(self.source.read(line.offset, line.length)) != line.checksum for line in done):
            log.info("the source has changed since load %d was interrupted; beginning anew", found.id)
            self.source.encoding = "utf-8" if not self.source.told else self.source.encoding
            return False
        self.staging = table_for(plan.schema, publish.staging_name(self.load), self.engine.dialect.name)
        for line in done:
            self.totals.add(ledger.totals_of_line(line))
        self.place = ledger.place_behind(done[-1]) if done else start_of(plan.layout, self.source)
        log.info("load %d goes on behind block %d", self.load, self.place.number - 1)
        log_plan(self.plan)
        return True

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
        workers = worker_count(self.options.workers, self.source.size - self.place.offset)
        with block_folder(self.engine, self.load) as folder:
            job = Job(self.source, self.plan, self.staging, self.writer, folder)
            blocks = cut(self.source, self.plan.layout, self.place, self.options.chunk_size)
            with contextlib.closing(prepared(blocks, job, workers)) as ready:
                for block in ready:
                    if block.contradiction is not None:
                        raise block.contradiction
                    self._commit(block)
                    if self.options.too_many(self.totals.rows_rejected, max(self.totals.rows_read, 1000)):
                        return

    def _commit(self, block: Prepared) -> None:
        """One transaction: the block's rows, its rejects, and the line that says it is done."""
        began = time.perf_counter()
        try:
            self._commit_as(block)
        except IntegrityError:
            self._commit_as(self._without_taken_keys(block.piece))
        log.info(
            "block %d: bytes %d to %d, rows %d, loaded %d, rejected %d, cells blanked %d, prepared in %.3f s, "
            "committed in %.3f s",
            block.piece.number, block.piece.offset, block.piece.next_offset, block.totals.rows_read,
            block.totals.rows_loaded, block.totals.rows_rejected, block.totals.cells_blanked, block.seconds,
            time.perf_counter() - began,
        )  # fmt: skip

    def _commit_as(self, block: Prepared) -> None:
        connected = self.engine.connect().execution_options(writes=True)
        with connected as connection, self.writer.at_hand(connection, block.packed), connection.begin():
            if block.packed is not None:
                self.writer.take(connection, self.staging, block.packed)
            ledger.keep_rejects(connection, self.load, block.rejects)
            ledger.mark_done(connection, self.load, block.piece, block.totals)
        self.totals.add(block.totals)
        self.progress(block.piece.next_offset, self.source.size, self.totals)

    def _without_taken_keys(self, piece: Piece) -> Prepared:
        """The block once more, without the rows whose key an earlier block has: they are rejected."""
        block = reread_block(self.source, self.plan.layout, piece)
        cleaned, parsed = judged(block, self.plan)
        for columns in unique_sets(self.plan.schema):
            with self.engine.connect().execution_options(writes=True) as connection, connection.begin() as look:
                taken = taken_keys(connection, self.writer, self.staging, cleaned.rows, columns)
                look.rollback()
            reject_repeats(cleaned, taken, columns, self.plan.schema, parsed.raw)
        totals = ledger.totals_of(block, cleaned, int((parsed.repaired != WHOLE).sum()))
        packed = cleaned.rows if len(cleaned.rows) else None
        return Prepared(piece, packed, cleaned.rejects, totals)

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
        elif contradiction.subject == "trailing":
            self.plan = with_trailing_column(self.source, self.options, self.table, self.plan)
        else:
            self.plan = reread(self.source, self.options, self.table, contradiction)
        self.plan = self._suited(self.plan)
        self.totals = Totals()
        self.place = start_of(self.plan.layout, self.source)
        with writing(self.engine) as connection:
            publish.drop_staging(connection, self.load)
            ledger.start_over(connection, self.load, self._facts())
            self._make_staging(connection)
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

    def publish(self) -> None:
        with writing(self.engine) as connection:
            # Somebody may have made a table of that name while this load was running.
            publish.how_to_publish(connection, self.table, self.source.path, self.asked)
            publish.publish(connection, self.writer, self.staging, self.table, self.plan.schema, self.options.if_exists)
            ledger.finish(connection, self.load, "published", self.totals, notes=_notes(self))
        log.info("load %d is published as %s", self.load, self.table)

    def give_up(self, error: str) -> None:
        """End the load for good; the table is as it was."""
        with writing(self.engine) as connection:
            publish.drop_staging(connection, self.load)
            ledger.finish(connection, self.load, "failed", self.totals, error=error, notes=_notes(self))
        log.error("load %d failed: %s", self.load, error)


def folder_of(engine: Engine, load: int) -> Path:
    name = hashlib.sha256(f"{engine.url}\0{load}\0{os.getuid()}".encode()).hexdigest()[:24]
    return Path(tempfile.gettempdir()) / f"process_csv-{name}-blocks"


@contextlib.contextmanager
def block_folder(engine: Engine, load: int) -> Iterator[Path]:
    """A folder for packed blocks; gone when the load ends, and what a killed one left is gone with it."""
    folder = folder_of(engine, load)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def load(options: Options, progress: Progress) -> Outcome:
    """Load one source into its table. Raises Refused; anything else that is raised leaves a load to be resumed."""
    began = time.perf_counter()
    source = open_source(options.source, options.encoding)
    try:
        engine = open_engine(database_url(options.database))
        try:
            table = table_name(source, options)
            migrate(engine, "loader")
            with table_lock(engine, table):
                return _load_locked(engine, source, options, table, progress, began)
        finally:
            engine.dispose()
    finally:
        source.close()


def _load_locked(
    engine: Engine, source: Source, options: Options, table: str, progress: Progress, began: float
) -> Outcome:
    asked = options.if_exists
    with engine.connect() as connection:
        options = replace(options, if_exists=publish.how_to_publish(connection, table, source.path, options.if_exists))
    run = _Run(engine, source, options, table, progress)
    run.asked = asked
    run.begin()
    try:
        with engine.connect() as connection:
            publish.check_target(connection, table, run.plan.schema, options.if_exists)
        run.run()
        refusal = run.refusal()
        if refusal is None:
            run.publish()
        else:
            run.give_up(refusal)
    except Refused as refused:
        run.give_up(str(refused))
        raise
    state = "published" if refusal is None else "refused"
    return Outcome(
        run.load, table, state, run.plan, run.totals, time.perf_counter() - began, source, refusal, _notes(run)
    )


def _notes(run: _Run) -> list[str]:
    notes = list(run.plan.notes)
    if run.totals.headers_skipped:
        notes.append(f"skipped the header line {run.totals.headers_skipped} more times")
    if run.totals.repaired:
        notes.append(f"{run.totals.repaired} rows had too many or too few fields, and were repaired or rejected")
    if run.source.encoding != "utf-8" and not any(note.startswith("read as") for note in notes):
        notes.append(f"read as {run.source.encoding}")
    told = {note.partition(" is ")[0] for note in notes}
    for column in run.plan.schema.fields:
        surprising = column.type == "text" and column.reason not in SELF_EVIDENT
        if column.name not in told and (surprising or "would set such" in column.reason):
            notes.append(f"{column.name} is {column.type}: {column.reason}")
    return notes


def log_plan(plan: Plan) -> None:
    layout = plan.layout
    log.info(
        "dialect: delimiter %r, quote %r, escape %r, line ends %s; encoding %s; %s; data from line %d",
        layout.dialect.delimiter, layout.dialect.quote, layout.dialect.escape, layout.dialect.newline, plan.encoding,
        "no header" if layout.header is None else "header", layout.line,
    )  # fmt: skip
    for note in plan.notes:
        log.info("note: %s", note)
    for column in plan.schema.fields:
        log.info(
            "column %s (%r): %s, because %s", column.name, column.original, column.type, column.reason or "declared"
        )
    log.info("primary key: %s", ", ".join(plan.schema.key) or "row_number")


def table_name(source: Source, options: Options) -> str:
    """The table to load into: as asked, else after the file."""
    if options.table is not None:
        name = plain_name(options.table) if '"' in options.table or not options.table.strip() else options.table.strip()
        if not name or len(name.encode()) > 60:
            raise Refused(f"--table {options.table!r} is no name for a table.")
    else:
        name = plain_name(source.stem()) or "data"
        if name[0].isdigit():
            name = f"t_{name}"
    publish.refuse_own_tables(name)
    return name


def fingerprint_of(source: Source, options: Options) -> str:
    """What a resumed load must have in common with the interrupted one: source, size and options."""
    told = json.dumps([source.path, source.size, source.original, options.that_matter()], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()
