"""JSON as an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from flask import Response

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment


JSON = "application/json"


class JsonAnswer(Response):
    """JSON that is written already, and goes out as it is.

    Werkzeug copies and checks the headers of each response once more when it is sent, and wraps its body: a tenth of
    the time of a short request, for the sake of what none of these has.
    """

    def __init__(self, body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        super().__init__(body, status, headers, mimetype=JSON)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send it."""
        if environ["REQUEST_METHOD"] == "HEAD" or self.status_code == 304:
            return super().__call__(environ, start_response)
        start_response(self.status, self.headers.to_wsgi_list())
        return [self.data]


def as_json(answer: Any) -> bytes:
    """JSON, and the line end that files have."""
    return orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE)
