"""The executor for a cluster: the same blocks, each read again, cleaned and committed by a worker of Dask.

The client cuts the file and hands out places; rows never pass through it. A worker commits what it made in one
transaction with the block's line in etl_blocks. The line is unique, so Dask may run a task any number of times;
and it belongs to the attempt that etl_loads names, so a task that outlives its client or its plan commits nothing.
"""

from __future__ import annotations

import collections
import contextlib
import logging
import time
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import Any

from distributed import Client, Future, KilledWorker
from sqlalchemy import URL, Engine, make_url
from sqlalchemy.exc import SQLAlchemyError

from database import open_engine
from etl import stopping
from etl.blocks import Block, Piece
from etl.commit import commit
from etl.plan import Plan
from etl.prepare import Done, Job, Measure, Prepared, prepare_piece
from etl.problems import Contradicted, Interrupted, Refused, Superseded, plainly
from etl.publish import staging_name
from etl.source import Source, open_again, reachable_name
from etl.write import table_for, writer_for

# Blocks under way for each thread of a worker: one that it works on, and two that wait or are done before their turn.
AHEAD = 3
# How often a block is tried again, perhaps on another worker, before the load is given up.
RETRIES = 3

WITHOUT_PROJECT = "has not this project: start it in the project's folder, with the same packages"

# Seconds: between two looks at whether to stop; between two counts of the workers; for the scheduler to answer; without
# any worker.
PATIENCE, RECOUNT, CONNECT, DESERTED = 0.2, 5, 10, 60


@dataclass(frozen=True)
class Order:
    """What a worker needs to know of a load. database: its URL. name: of the source, as any machine finds it."""

    database: str
    name: str
    start: int
    size: int
    encoding: str
    plan: Plan
    load: int
    attempt: str
    in_order: bool
    measure: Measure | None


class DaskExecutor:
    """A connection to a cluster. Raises Refused when there is none. Close it when done."""

    in_order = False

    def __init__(self, scheduler: str, database: URL) -> None:
        self.scheduler, self.database = scheduler, database
        _log_into_our_log()
        try:
            self.client = Client(scheduler, timeout=CONNECT, name="process_csv", set_as_default=False)
        except (OSError, ValueError) as error:
            raise Refused(f"No Dask scheduler answers at {scheduler}.") from error
        try:
            self.client.wait_for_workers(1, timeout=CONNECT)
        except TimeoutError:
            self.close()
            raise Refused(f"The Dask scheduler at {scheduler} has no workers.") from None
        self.threads, self.counted = 0, -float(RECOUNT)

    def close(self) -> None:
        with contextlib.suppress(OSError, TimeoutError):
            self.client.close(timeout=CONNECT)

    def committed(self, blocks: Iterable[Block], job: Job, size: int) -> Generator[Done, None, None]:
        """Every block, committed, told of in the order given. Raises Contradicted."""
        order = Order(
            self.database.render_as_string(hide_password=False), reachable_name(job.source.name), job.source.start,
            job.source.size, job.source.encoding, job.plan, job.load, job.attempt, job.in_order, job.measure,
        )  # fmt: skip
        self._ask_workers(order)
        waiting: collections.deque[Future] = collections.deque()
        try:
            for block in blocks:
                waiting.append(self._submit(prepare_block if job.in_order else load_block, order, block.piece))
                while len(waiting) >= self._room():
                    yield self._done(order, waiting.popleft())
            while waiting:
                yield self._done(order, waiting.popleft())
        finally:
            with contextlib.suppress(Exception):  # what can't be cancelled any more can't commit either
                self.client.cancel(list(waiting))

    def _ask_workers(self, order: Order) -> None:
        """Refuse a cluster without the code, or whose workers don't reach the file, before anything is begun on it."""
        try:
            self.client.run_on_scheduler(has_the_project)
        except Exception as error:  # whatever it is that keeps it from reading a function of ours
            raise Interrupted(f"The Dask scheduler at {self.scheduler} {WITHOUT_PROJECT}") from error
        for address, answer in self.client.run(can_take_part, order, on_error="return").items():
            if isinstance(answer, Interrupted):
                raise Interrupted(f"The worker at {address} can't take part: {answer}") from answer
            if isinstance(answer, Exception) and not isinstance(answer, OSError):  # which is one that has just died
                raise Interrupted(f"The worker at {address} {WITHOUT_PROJECT}") from answer

    def _submit(self, task: Any, *arguments: Any) -> Future:
        return self.client.submit(task, *arguments, pure=False, retries=RETRIES)

    def _room(self) -> int:
        """How many blocks may be under way."""
        if time.monotonic() - self.counted >= RECOUNT:
            self.threads, self.counted = sum(self.client.nthreads().values()), time.monotonic()
        return max(1, self.threads * AHEAD)

    def _done(self, order: Order, future: Future) -> Done:
        if order.in_order:
            future = self._submit(commit_block, order, future)
        try:
            outcome = self._result(future)
        except KilledWorker as error:
            raise Interrupted("A block cost several workers their lives, perhaps for want of memory") from error
        except CancelledError as error:
            raise Interrupted(f"The Dask scheduler at {self.scheduler} has forgotten a block") from error
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _result(self, future: Future) -> Any:
        """What a task gives back; neither a request to stop nor a cluster that is gone is waited out."""
        deserted = time.monotonic() + DESERTED
        while True:
            stopping.check()
            try:
                return future.result(timeout=PATIENCE)
            # Dask raises the second one when the result comes at the very moment at which the time runs out
            # (https://github.com/dask/distributed/issues/8514); the result is there at the next look.
            except (TimeoutError, UnboundLocalError):
                if self.client.status != "running":
                    raise Interrupted(f"The Dask scheduler at {self.scheduler} is gone") from None
            if time.monotonic() > deserted:
                if not self.client.nthreads():
                    raise Interrupted(f"The Dask scheduler at {self.scheduler} has no workers any more")
                deserted = time.monotonic() + DESERTED


def _log_into_our_log() -> None:
    """What Dask tells goes into the log file; the terminal is for one line."""
    theirs = logging.getLogger("distributed")
    theirs.handlers = logging.getLogger("etl").handlers[:]
    theirs.propagate = False


# ---- what runs on a worker ----


def has_the_project() -> bool:
    """Nothing but to be found."""
    return True


def can_take_part(order: Order) -> None:
    """Whether this worker reads the source and reaches the database. Raises Interrupted."""
    with _told_plainly(), _at_work(order) as (engine, _job), engine.connect():
        pass


def load_block(order: Order, piece: Piece) -> Done | Exception:
    """A block, from the source to the database. What no other try would change is given back, not raised."""
    with _told_plainly():
        try:
            with _at_work(order) as (engine, job):
                return commit(engine, job, prepare_piece(piece, job))
        except (Contradicted, Refused, Superseded) as verdict:
            return verdict


def prepare_block(order: Order, piece: Piece) -> Prepared | Exception:
    """The first half of load_block, where blocks are committed in the file's order."""
    with _told_plainly():
        try:
            with _at_work(order) as (_engine, job):
                return prepare_piece(piece, job)
        except Refused as verdict:
            return verdict


def commit_block(order: Order, block: Prepared | Exception) -> Done | Exception:
    """The second half."""
    if isinstance(block, Exception):
        return block
    with _told_plainly():
        try:
            with _at_work(order) as (engine, job):
                return commit(engine, job, block)
        except (Contradicted, Refused, Superseded) as verdict:
            return verdict


@contextlib.contextmanager
def _at_work(order: Order) -> Iterator[tuple[Engine, Job]]:
    """The database and the source, opened for one block: nothing is left open on a worker."""
    url = make_url(order.database)
    dialect = url.get_backend_name()
    staging = table_for(order.plan.schema, staging_name(order.load), dialect)
    source: Source = open_again(order.name, order.start, order.size, order.encoding)
    with contextlib.closing(source):
        engine = open_engine(url)
        try:
            job = Job(
                source, order.plan, staging, writer_for(dialect), order.load, order.attempt, order.in_order,
                measure=order.measure,
            )  # fmt: skip
            yield engine, job
        finally:
            engine.dispose()


@contextlib.contextmanager
def _told_plainly() -> Iterator[None]:
    """Failures of a disk or a database as one that can travel, and that another try may mend."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise Interrupted(f"the database failed: {cause}") from None
    except OSError as error:
        raise Interrupted(plainly(error)) from None
