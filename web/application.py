"""Flask without what this API has no use for, and what surrounds every answer: an id, headers, the log, the metrics.

Hooks before and after each request would do the same in three times the time: every header that they set is checked and
copied, every hook looked up and asked whether it is a coroutine. Around the app it is done once, on plain lists.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import orjson
from flask import Flask, Response, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.routing import MapAdapter

from web import headers, request_log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flask import Request

    from web.request_log import Note


class Json(DefaultJSONProvider):
    """How a dict is answered."""

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """What views and `jsonify` give, written by orjson, which takes a fifth of the time."""
        body = orjson.dumps(self._prepare_response_obj(args, kwargs), option=orjson.OPT_APPEND_NEWLINE)
        return Response(body, mimetype=self.mimetype)


class Application(Flask):
    """The web app."""

    json_provider_class = Json

    def surround(self, observe: Callable[[str, str, int, float], None], note: Note | None) -> None:
        """Say who counts and times each request, and who writes it to the log, if anybody."""
        self._observe, self._note = observe, note

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself: none here is a coroutine."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """What finds the route, the same for every host that a request may name."""
        if request is None:
            return super().create_url_adapter(None)
        environ = request.environ
        scheme, method, query = environ["wsgi.url_scheme"], environ["REQUEST_METHOD"], environ.get("QUERY_STRING", "")
        return MapAdapter(self.url_map, "", environ.get("SCRIPT_NAME") or "/", "", scheme, request.path, method, query)

    def wsgi_app(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request, and give the answer what every one gets."""
        began = time.perf_counter()
        request_id = environ["taskmill.request_id"] = request_log.id_of(environ)
        method, https = environ["REQUEST_METHOD"], environ["wsgi.url_scheme"] == "https"

        def start(status: str, said: list[tuple[str, str]], *more: Any) -> Any:
            _read_to_the_end(environ)
            if method == "OPTIONS":  # there is no content
                said = [header for header in said if header[0] != "Content-Type"]
            said.append(("X-Request-ID", request_id))
            headers.secure(said, https=https)
            seconds, rule = time.perf_counter() - began, request.url_rule
            self._observe(method, rule.rule if rule else "none", int(status[:3]), seconds)
            if self._note:
                self._note(request_id, method, request.path, status[:3], seconds)
            return start_response(status, said, *more)

        return super().wsgi_app(environ, start)


def _read_to_the_end(environ: dict[str, Any]) -> None:
    """Read what a refusal left unread: the server would close the connection, perhaps before the answer was seen."""
    if environ.get("CONTENT_LENGTH") or "HTTP_TRANSFER_ENCODING" in environ:
        with suppress(RequestEntityTooLarge, ClientDisconnected):
            request.get_data()
