"""What is logged of a request, and the id that its answer and every one of its log lines bear."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flask import has_request_context, request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Note = Callable[[str, str, str, str, float], None]

USABLE_ID = re.compile("[A-Za-z0-9._-]{1,64}")

log = logging.getLogger("taskmill")


class WithRequestId(logging.Filter):
    """Gives each line the id of the request that it was written for, or a dash."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every line passes."""
        record.request_id = request.environ.get("taskmill.request_id", "-") if has_request_context() else "-"
        return True


class JsonLines(logging.Formatter):
    """One JSON object a line, for programs."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03}Z",
            "level": record.levelname,
            "request_id": getattr(record, "request_id", "-"),
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line)


def start_logging(log_format: str, log_level: str) -> None:
    """Send the log to stderr in the given format; said again, it only changes the format and level."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(WithRequestId())
    formatter = (
        JsonLines()
        if log_format == "json"
        else logging.Formatter("%(asctime)s %(levelname)s [%(request_id)s] %(message)s")
    )
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    log.handlers = [handler]
    log.setLevel(log_level.upper())
    log.propagate = False


def id_of(environ: Mapping[str, Any]) -> str:
    """The id of a request: its sender's, where that can be used."""
    given = environ.get("HTTP_X_REQUEST_ID")
    return given if given is not None and USABLE_ID.fullmatch(given) else os.urandom(16).hex()


def noter(log_format: str) -> Note:
    """What writes the access log's line of a request: its id, method, path, status and seconds.

    The lines look like all others. `logging` would make them too, in six times the time.
    """
    line = (
        '{{"time":"{}.{:03}Z","level":"INFO","request_id":"{}","message":"{} {} {} {:.1f} ms"}}\n'
        if log_format == "json"
        else "{},{:03} INFO [{}] {} {} {} {:.1f} ms\n"
    )
    shown = "%Y-%m-%dT%H:%M:%S" if log_format == "json" else "%Y-%m-%d %H:%M:%S"
    second_as_text = lru_cache(maxsize=2)(lambda second: time.strftime(shown, time.gmtime(second)))

    def note(request_id: str, method: str, path: str, status: str, seconds: float) -> None:
        if not log.isEnabledFor(logging.INFO):
            return
        moment = time.time()
        second = int(moment)
        # Quoted, so that no path can write a line of its own. One write, so that no other line comes between.
        said = (quote(method), quote(path), status, seconds * 1000)
        sys.stderr.write(line.format(second_as_text(second), int((moment - second) * 1000), request_id, *said))

    return note
