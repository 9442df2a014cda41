"""A block made ready to be committed: parsed, cleaned and packed, in this process or in a worker."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Table

from etl import tasks_of
from etl.blocks import Block, Piece, reread_block, with_text
from etl.clean import Cleaned, Reject, clean
from etl.keys import without_repeats
from etl.ledger import Totals, totals_of
from etl.limits import without_nul
from etl.parse import WHOLE, Parsed, parse
from etl.plan import Plan
from etl.problems import Contradicted
from etl.source import Source
from etl.write import Writer

Measure = Callable[[Cleaned, int], bytes]  # what is judged, the block's number


@dataclass(frozen=True)
class Job:
    """What every block of a load needs.

    attempt: what etl_loads must still say when a block is committed. in_order: they are committed in the file's order.
    folder: where packed blocks may be put for a moment. measure: for the profile that --report asks for.
    """

    source: Source
    plan: Plan
    staging: Table
    writer: Writer
    load: int
    attempt: str
    in_order: bool
    folder: Path = Path()
    measure: Measure | None = None


@dataclass
class Prepared:
    """One block, ready. packed: its rows in the writer's own form, None when there are none.

    contradiction: the guess that this block proves wrong; then the rest counts for nothing.
    """

    piece: Piece
    packed: Any = None
    rejects: list[Reject] = field(default_factory=list)
    totals: Totals = field(default_factory=Totals)
    contradiction: Contradicted | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Done:
    """One block, committed. prepared, committed: seconds."""

    piece: Piece
    totals: Totals
    prepared: float
    committed: float


def judged(block: Block, plan: Plan, writer: Writer) -> tuple[Cleaned, Parsed]:
    """The block read and judged. Raises Contradicted."""
    parsed = parse(block, plan.layout, plan.schema.names())
    cleaned = clean(parsed, plan.schema, plan.cleaning)
    if cleaned.contradictions:
        shown = "; ".join(f"{name}: {text!r} in line {line}" for name, (text, line) in cleaned.contradictions.items())
        raise Contradicted("types", shown, cleaned.contradictions)
    if not writer.KEEPS_NUL and b"\x00" in parsed.data:
        without_nul(cleaned, parsed.raw)
    without_repeats(cleaned, plan.schema, parsed.raw)
    if plan.cleaning.tasks:
        tasks_of.judge(cleaned, parsed.raw)
    return cleaned, parsed


def counted(block: Block, cleaned: Cleaned, parsed: Parsed, job: Job) -> Totals:
    """What the block adds to the account and, if asked for, to the profile."""
    totals = totals_of(block, cleaned, int((parsed.repaired != WHOLE).sum()))
    if job.measure is not None:
        totals.measured = job.measure(cleaned, block.piece.number)
    return totals


def prepare(block: Block, job: Job) -> Prepared:
    """The block, ready to be committed."""
    began = time.perf_counter()
    try:
        cleaned, parsed = judged(block, job.plan, job.writer)
    except Contradicted as contradiction:
        return Prepared(block.piece, contradiction=contradiction)
    packed = job.writer.pack(cleaned.rows, job.staging, job.folder) if len(cleaned.rows) else None
    totals = counted(block, cleaned, parsed, job)
    return Prepared(block.piece, packed, cleaned.rejects, totals, None, time.perf_counter() - began)


def prepare_sent(block: Block, job: Job) -> Prepared:
    """The same of a block that was sent without its bytes, for a worker process."""
    return prepare(with_text(job.source, block), job)


def prepare_piece(piece: Piece, job: Job) -> Prepared:
    """The same from the block's place alone, for a worker on another machine."""
    return prepare(reread_block(job.source, job.plan.layout, piece), job)
