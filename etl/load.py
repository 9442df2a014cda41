"""One load from the outside: its source, its database, its lock, its run (etl/run.py) and its end (etl/ending.py)."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import URL, Engine

from database import database_url, migrate, open_engine, sqlite_path
from etl import ending, publish, tasks_of
from etl.ledger import Totals
from etl.local_engine import LocalExecutor
from etl.locks import same_database, table_lock
from etl.names import plain_name
from etl.options import Options
from etl.plan import Plan
from etl.problems import Refused, UsageError
from etl.run import Executor, Progress, Run
from etl.source import Source, open_source


@dataclass
class Outcome:
    """What a load did. state: "published", or "refused" when --strict or --max-rejects kept it from being so.

    seconds: of this run; rows_before: how many rows an earlier one had read.
    """

    load: int
    table: str
    state: str
    plan: Plan
    totals: Totals
    rows_before: int
    seconds: float
    source: Source
    error: str | None = None
    notes: list[str] = field(default_factory=list)
    profile: dict[str, Any] | None = None


def load(options: Options, progress: Progress) -> Outcome:
    """Load one source into its table. Raises Refused; anything else that is raised leaves a load to be resumed."""
    began = time.perf_counter()
    url = database_url(options.database)
    with contextlib.ExitStack() as stack:
        if options.engine == "dask":
            refuse_sqlite(url)
        source = stack.enter_context(
            contextlib.closing(open_source(options.source, options.encoding, shared=options.engine == "dask"))
        )
        engine = open_engine(url)
        stack.callback(engine.dispose)
        executor = stack.enter_context(_executor(options, engine, source))
        migrate(engine, "loader")
        options, table = _target(engine, source, options)
        stack.enter_context(table_lock(engine, table))
        stack.enter_context(same_database(engine))
        return _load_locked(engine, source, options, table, progress, began, executor)


def refuse_sqlite(url: URL) -> None:
    """A cluster writes at once from several machines. Raises UsageError."""
    if sqlite_path(url) is not None:
        raise UsageError(
            "--engine dask needs PostgreSQL, for a SQLite file lies on one machine and has one writer; see --db."
        )


def _executor(options: Options, engine: Engine, source: Source) -> contextlib.AbstractContextManager[Executor]:
    if options.engine == "local":
        return contextlib.nullcontext(LocalExecutor(engine, options.workers, source.size))
    from etl.dask_engine import DaskExecutor

    return contextlib.closing(DaskExecutor(str(options.scheduler), engine.url))


def _target(engine: Engine, source: Source, options: Options) -> tuple[Options, str]:
    """The table to load into, and the options with what it decides."""
    if options.tasks_of is None:
        return options, table_name(source, options)
    options = tasks_of.options_for(options, source)
    migrate(engine, "api")
    with engine.connect() as connection:
        return options, f"tasks of {tasks_of.user(connection, str(options.tasks_of)).username}"


def _load_locked(
    engine: Engine, source: Source, options: Options, table: str, progress: Progress, began: float, executor: Executor
) -> Outcome:
    asked = options.if_exists
    with engine.connect() as connection:
        if options.tasks_of is not None:
            tasks_of.refuse_once_more(connection, table, source, asked)
        how = "append" if options.tasks_of else publish.how_to_publish(connection, table, source.path, asked)
        options = replace(options, if_exists=how)
    run = Run(engine, source, options, table, executor)
    run.begin()
    try:
        with engine.connect() as connection:
            publish.check_target(connection, table, run.plan.schema, options.if_exists)
        run.run(progress)
        refusal = ending.refusal(run)
        if refusal is None:
            ending.publish_load(run, asked)
        else:
            ending.give_up(run, refusal)
    except Refused as refused:
        ending.give_up(run, str(refused))
        raise
    state = "published" if refusal is None else "refused"
    seconds, tally = time.perf_counter() - began, run.tally
    return Outcome(
        run.load, table, state, run.plan, tally.totals, tally.rows_before, seconds, source, refusal, ending.notes(run),
        tally.profile_json(),
    )  # fmt: skip


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
