"""The plain executor: blocks prepared here or in worker processes, and committed by this process, one after another."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Engine

from database import take_over_wal
from etl.blocks import Block
from etl.commit import commit
from etl.prepare import Done, Job
from etl.workers import prepared, worker_count

# So much of the file is loaded before the WAL is taken over.
WAL_BYTES = 8 << 20


class LocalExecutor:
    """workers: as asked for; None is found out."""

    in_order = True

    def __init__(self, engine: Engine, workers: int | None) -> None:
        self.engine, self.workers = engine, workers

    def committed(self, blocks: Iterable[Block], job: Job, size: int) -> Generator[Done, None, None]:
        """Every block, committed, in the order given. Raises Contradicted."""
        workers = worker_count(self.workers, size)
        with block_folder(self.engine, job.load) as folder:
            job = replace(job, folder=folder)
            with contextlib.closing(prepared(blocks, job, workers)) as ready:
                behind = 0
                for block in ready:
                    yield commit(self.engine, job, block)
                    behind += block.piece.length
                    if behind >= WAL_BYTES:
                        take_over_wal(self.engine)
                        behind = 0


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
