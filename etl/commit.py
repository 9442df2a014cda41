"""A prepared block committed: one transaction, exactly once, whoever does it and however often."""

from __future__ import annotations

import time

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError, OperationalError

from etl import ledger
from etl.blocks import Piece, reread_block
from etl.keys import reject_repeats, taken_keys
from etl.ledger import Totals
from etl.prepare import Done, Job, Prepared, counted, judged
from etl.problems import Contradicted
from etl.write import unique_sets


def commit(engine: Engine, job: Job, block: Prepared) -> Done:
    """Commit a block, unless that was done before. Raises Contradicted, and Superseded when the attempt is over."""
    began = time.perf_counter()
    if block.contradiction is not None:
        raise block.contradiction
    try:
        totals = _commit_as(engine, job, block)
    except IntegrityError as error:
        if not job.in_order and _declares_unique(job):
            # Which row came first in the file is not known where a later block may have been committed before.
            raise Contradicted("order", "a value that may not repeat stands in two blocks") from error
        totals = _commit_as(engine, job, _without_taken_keys(engine, job, block.piece))
    except OperationalError as error:
        schema = job.plan.schema
        if job.writer.too_long_to_index(error) and schema.key and not schema.key_declared:
            raise Contradicted("key", "a value is longer than the database keeps in an index") from error
        raise
    return Done(block.piece, totals, block.seconds, time.perf_counter() - began)


def _commit_as(engine: Engine, job: Job, block: Prepared) -> Totals:
    """One transaction: the line that says that the block is done, its rows, its rejects."""
    connected = engine.connect().execution_options(writes=True)
    with connected as connection, job.writer.at_hand(connection, block.packed), connection.begin():
        ledger.refuse_superseded(connection, job.load, job.attempt)
        if not ledger.mark_done(connection, job.load, block.piece, block.totals):
            return ledger.totals_of_block(connection, job.load, block.piece.number)
        if block.packed is not None:
            job.writer.take(connection, job.staging, block.packed)
        ledger.keep_rejects(connection, job.load, block.rejects)
    return block.totals


def _declares_unique(job: Job) -> bool:
    """Whether a value that repeats costs its row; a key that was only guessed gives way."""
    schema = job.plan.schema
    return any(columns != schema.key or schema.key_declared for columns in unique_sets(schema))


def _without_taken_keys(engine: Engine, job: Job, piece: Piece) -> Prepared:
    """The block once more, without the rows whose key an earlier block has: they are rejected."""
    block = reread_block(job.source, job.plan.layout, piece)
    cleaned, parsed = judged(block, job.plan, job.writer)
    for columns in unique_sets(job.plan.schema):
        with engine.connect().execution_options(writes=True) as connection, connection.begin() as look:
            taken = taken_keys(connection, job.writer, job.staging, cleaned.rows, columns)
            look.rollback()
        reject_repeats(cleaned, taken, columns, job.plan.schema, parsed.raw)
    totals = counted(block, cleaned, parsed, job)
    packed = cleaned.rows if len(cleaned.rows) else None
    return Prepared(piece, packed, cleaned.rejects, totals)
