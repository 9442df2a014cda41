"""The loader's log file: every step, every block's figures, and the stack trace of every failure."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

from database import ROOT

log = logging.getLogger("etl")

FILE = ROOT / "logs" / "process_csv.log"
BYTES, KEPT = 5 << 20, 5


def open_log(path: str | None, level: str) -> AbstractContextManager[None]:
    """Log into a file of at most 5 MiB, five older ones kept, while the context lasts. Raises OSError."""
    file = Path(path) if path else FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(file, maxBytes=BYTES, backupCount=KEPT, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(message)s"))
    log.setLevel(level.upper())
    log.propagate = False
    return _closing(handler)


@contextmanager
def _closing(handler: logging.Handler) -> Iterator[None]:
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        handler.close()
