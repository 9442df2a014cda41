"""What is logged of a request, and the id that its answer and every one of its log lines bear."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
import uuid
from typing import TYPE_CHECKING
from urllib.parse import quote

from flask import Response, g, has_request_context, request

if TYPE_CHECKING:
    from flask import Flask

USABLE_ID = re.compile("[A-Za-z0-9._-]{1,64}")

log = logging.getLogger("taskmill")


class WithRequestId(logging.Filter):
    """Gives each line the id of the request that it was written for, or a dash."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every line passes."""
        record.request_id = g.get("request_id", "-") if has_request_context() else "-"
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


def register(app: Flask, *, access_log: bool) -> None:
    """Give each request of `app` an id and, if wished, a line in the log."""
    app.logger = log
    app.before_request(_begin)
    app.after_request(_answer_id)
    if access_log:
        app.after_request(_note)


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if USABLE_ID.fullmatch(given) else uuid.uuid4().hex
    g.began = time.perf_counter()


def _answer_id(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    if request.method == "OPTIONS":
        response.headers.pop("Content-Type", None)  # there is no content
    return response


def _note(response: Response) -> Response:
    milliseconds = (time.perf_counter() - g.began) * 1000
    # Quoted, so that no path can write a line of its own.
    log.info("%s %s %s %.1f ms", request.method, quote(request.path), response.status_code, milliseconds)
    return response
