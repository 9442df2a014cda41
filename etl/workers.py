"""Blocks worked on in other processes; what becomes of them is given back in the file's order.

Workers are forked: they have the source, the plan and the imports already, and get only where a block's records lie.
What they give back is small: the rows go through a file, or from the worker straight into the database.
"""

from __future__ import annotations

import collections
import multiprocessing
import os
import signal
import sys
import warnings
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from etl import stopping
from etl.blocks import Block, without_text
from etl.problems import Interrupted

# A file that is smaller than this is done before workers would have started.
WORTHWHILE_BYTES = 12 << 20
# Blocks under way for each worker: one that it works on and one that waits.
AHEAD = 2

# Seconds between two looks at whether to stop.
PATIENCE = 0.2

Result = TypeVar("Result")

_work: Callable[[Block], Any] | None = None


def worker_count(wanted: int | None, size: int) -> int:
    """How many worker processes a source of `size` bytes gets; 1 is none beside this one."""
    if not sys.platform.startswith("linux"):
        return 1  # forking is not safe elsewhere
    return wanted or (len(os.sched_getaffinity(0)) if size >= WORTHWHILE_BYTES else 1)


def each_block(
    blocks: Iterable[Block], workers: int, work: Callable[[Block], Result], at_start: Callable[[], object] | None = None
) -> Generator[Result, None, None]:
    """What `work` makes of every block, in order. at_start: is called once in each worker.

    Raises Interrupted when a worker dies, and whatever `work` raises.
    """
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("fork"), _begin, (work, at_start))
    waiting: collections.deque[Future[Result]] = collections.deque()
    try:
        for block in blocks:
            waiting.append(_submit(pool, block))
            if len(waiting) >= workers * AHEAD:
                yield _result(waiting.popleft(), pool)
        while waiting:
            yield _result(waiting.popleft(), pool)
    except BrokenProcessPool as broken:
        raise Interrupted("A worker process was killed, perhaps for want of memory") from broken
    finally:
        _end(pool)


def _result(future: Future[Result], pool: ProcessPoolExecutor) -> Result:
    """What the worker gives back; neither a request to stop nor a dead worker is waited out."""
    while True:
        stopping.check()
        try:
            return future.result(timeout=PATIENCE)
        except TimeoutError:
            # One that was killed while it wrote its answer would leave the pool waiting for the rest of it.
            if not all(process.is_alive() for process in list((pool._processes or {}).values())):
                raise BrokenProcessPool from None


def _submit(pool: ProcessPoolExecutor, block: Block) -> Future[Any]:
    with warnings.catch_warnings():
        # Python warns of forking beside threads; ours are the idle ones of numerical libraries.
        warnings.simplefilter("ignore", DeprecationWarning)
        return pool.submit(_worked_on, without_text(block))


def _end(pool: ProcessPoolExecutor) -> None:
    """Stop the workers now; what they still prepare is of no use."""
    processes = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()


def _begin(work: Callable[[Block], Any], at_start: Callable[[], object] | None) -> None:
    global _work
    _work = work
    # Ctrl-C reaches every process of a terminal; the parent ends the workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _end_with_parent()
    if at_start is not None:
        at_start()


def _end_with_parent() -> None:
    """Ask the kernel to end this process when the parent is killed."""
    import ctypes

    terminate_with_parent = 1  # PR_SET_PDEATHSIG
    ctypes.CDLL(None).prctl(terminate_with_parent, signal.SIGKILL)


def _worked_on(block: Block) -> Any:
    assert _work is not None
    return _work(block)
