"""The end of a load whose blocks are all committed: published in one transaction, or given up without a trace."""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy import Connection

from database import writing
from etl import discard, indexes, ledger, publish, tasks_of
from etl.notes import notes_of
from etl.problems import Interrupted
from etl.resume import still_there
from etl.run import Run

log = logging.getLogger("etl")


def refusal(run: Run) -> str | None:
    """Why the load is not to be published, if so."""
    options, totals = run.options, run.tally.totals
    if options.too_many(totals.rows_rejected, totals.rows_read):
        return f"{totals.rows_rejected} rows were rejected, more than --max-rejects {options.max_rejects} allows"
    if options.strict and (totals.rows_rejected or totals.cells_blanked):
        return (
            f"{totals.rows_rejected} rows were rejected and {totals.cells_blanked} cells blanked, "
            "and --strict allows none"
        )
    return None


def publish_load(run: Run, asked: str | None) -> None:
    """Let everybody see what was loaded. asked: what --if-exists said, before it was looked up what there is."""
    _refuse_changed_source(run)
    wanted = indexes.asked_indexes(run.plan.schema, run.options.indexes)
    if wanted and run.options.if_exists == "replace":
        # Beforehand, so that readers of the table aren't kept waiting.
        with writing(run.engine, long=True) as connection:
            ledger.hold(connection, run.load)
            indexes.make(connection, run.writer, run.staging.name, wanted, run.load)
    with writing(run.engine, long=True) as connection:
        ledger.hold(connection, run.load)
        if run.options.tasks_of is not None:
            tasks_of.publish(connection, run.staging, run.options.tasks_of)
        else:
            _publish_table(connection, run, wanted, asked)
        ledger.finish(connection, run.load, "published", run.tally.totals, shared=run.options.share, **_told(run))
    log.info("load %d is published as %s", run.load, run.table)
    discard.remove(run.engine)


def give_up(run: Run, error: str) -> None:
    """End the load for good; the table is as it was."""
    with writing(run.engine, long=True) as connection:
        ledger.hold(connection, run.load)
        publish.drop_staging(connection, run.load)
        ledger.finish(connection, run.load, "failed", run.tally.totals, error=error, **_told(run))
    log.error("load %d failed: %s", run.load, error)
    discard.remove(run.engine)


def notes(run: Run) -> list[str]:
    """What a reader of the summary should know."""
    return notes_of(run.plan, run.tally.totals, run.source.encoding)


def _told(run: Run) -> dict[str, Any]:
    """What etl_loads keeps for those who look at the load."""
    profile = run.tally.profile_json()
    return {"notes": notes(run)} | ({} if profile is None else {"profile": profile})


def _refuse_changed_source(run: Run) -> None:
    """Where somebody wrote into the file meanwhile, what is committed must still be what stands there."""
    if run.source.stamp() == run.stamp:
        return
    with run.engine.connect() as connection:
        for line in ledger.done_blocks(connection, run.load):
            if not still_there(run.source, line):
                raise Interrupted(f"{run.source.name} has changed while it was read")


def _publish_table(connection: Connection, run: Run, wanted: list[indexes.Columns], asked: str | None) -> None:
    # Somebody may have made a table of that name while this load was running.
    publish.how_to_publish(connection, run.table, run.source.path, asked)
    publish.publish(connection, run.writer, run.staging, run.table, run.plan.schema, run.options.if_exists)
    indexes.make(connection, run.writer, run.table, wanted, run.load)
