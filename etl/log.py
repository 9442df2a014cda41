"""The loader's log file: every step, every block's figures, and the stack trace of every failure."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

from database import ROOT

log = logging.getLogger("etl")

FILE = ROOT / "logs" / "process_csv.log"
BYTES, KEPT = 5 << 20, 5


class LogFile(RotatingFileHandler):
    """A log that can't be written, as on a full disk, stops no load. failure: why it isn't complete."""

    failure: OSError | None = None

    def handleError(self, record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            self.failure = error
        else:
            super().handleError(record)

    def close(self) -> None:
        try:
            super().close()
        except OSError as error:
            self.failure = error


def open_log(path: str | None, level: str) -> AbstractContextManager[LogFile]:
    """Log into a file of at most 5 MiB, five older ones kept, while the context lasts. Raises OSError."""
    file = Path(path) if path else FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    handler = LogFile(file, maxBytes=BYTES, backupCount=KEPT, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(message)s"))
    log.setLevel(level.upper())
    log.propagate = False
    return _closing(handler)


@contextmanager
def _closing(handler: LogFile) -> Iterator[LogFile]:
    log.addHandler(handler)
    try:
        yield handler
    finally:
        log.removeHandler(handler)
        handler.close()
