"""The plain executor: blocks prepared here or in worker processes, committed here or, on a server, by those."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from sqlalchemy import Engine

from database import take_over_wal
from etl.blocks import Block
from etl.commit import commit
from etl.memory import settled
from etl.prepare import Done, Job, Prepared, prepare, prepare_sent
from etl.workers import each_block, worker_count

# So much of the file is loaded before the WAL is taken over.
WAL_BYTES = 8 << 20


class LocalExecutor:
    """workers: as asked for; None is found out. size: bytes of the source."""

    def __init__(self, engine: Engine, workers: int | None, size: int) -> None:
        self.engine, self.workers = engine, workers
        # A server takes blocks from all workers at once; a SQLite file has one writer, this process.
        self.in_order = engine.dialect.name == "sqlite" or worker_count(workers, size) == 1

    def committed(self, blocks: Iterable[Block], job: Job, size: int) -> Generator[Done, None, None]:
        """Every block, committed, told of in the order given. Raises Contradicted."""
        workers = worker_count(self.workers, size)
        with block_folder(self.engine, job.load) as folder, settled():
            job = replace(job, folder=folder)
            if job.in_order or workers == 1:
                done = self._committed_here(_prepared(blocks, job, workers), job)
            else:
                # Connections that came with the fork are the parent's.
                at_start = partial(self.engine.dispose, close=False)
                done = each_block(blocks, workers, partial(self._load_block, job), at_start)
            with contextlib.closing(done):
                yield from done

    def _committed_here(self, ready: Generator[Prepared, None, None], job: Job) -> Generator[Done, None, None]:
        behind = 0
        with contextlib.closing(ready):
            for block in ready:
                yield commit(self.engine, job, block)
                behind += block.piece.length
                if behind >= WAL_BYTES:
                    take_over_wal(self.engine)
                    behind = 0

    def _load_block(self, job: Job, block: Block) -> Done:
        """A block by a worker, from the source to the database."""
        return commit(self.engine, job, prepare_sent(block, job))


def _prepared(blocks: Iterable[Block], job: Job, workers: int) -> Generator[Prepared, None, None]:
    """Every block, ready, in order."""
    if workers > 1:
        return each_block(blocks, workers, partial(prepare_sent, job=job))
    return (prepare(block, job) for block in blocks)


def folder_of(engine: Engine, load: int) -> Path:
    """Where the packed blocks of a load are put for a moment."""
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
