"""Flask without what this API has no use for, and what surrounds every answer: an id, headers, the log, the metrics.

Hooks before and after each request would do the same in three times the time: every header that they set is checked and
copied, every hook looked up and asked whether it is a coroutine. Around the app it is done once, on plain lists.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from flask import Flask, request
from werkzeug.exceptions import ClientDisconnected, NotFound, RequestEntityTooLarge
from werkzeug.routing import MapAdapter

from web import headers, request_log
from web.json_answer import JsonAnswer, as_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flask import Request, Response
    from flask.typing import ResponseReturnValue

    from web.request_log import Note


class Application(Flask):
    """The web app."""

    def surround(self, observe: Callable[[str, str, int, float], None], note: Note | None) -> None:
        """Say who counts and times each request, and who writes it to the log, if anybody."""
        self._observe, self._note = observe, note

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself: none here is a coroutine."""
        return func

    def make_response(self, rv: ResponseReturnValue) -> Response:
        """The answer of a view: a dict, alone or with a status and perhaps headers, or what Flask makes one of."""
        body, *more = rv if isinstance(rv, tuple) else (rv,)
        return JsonAnswer(as_json(body), *more) if isinstance(body, dict) else super().make_response(rv)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """What finds the route, the same for every host that a request may name."""
        if request is None:
            return super().create_url_adapter(None)
        environ = request.environ
        path = environ.get("PATH_INFO", "")
        if not path.startswith("/") or path.startswith("//"):  # the router would take `//tasks` for `/tasks`
            raise NotFound
        scheme, method, query = environ["wsgi.url_scheme"], environ["REQUEST_METHOD"], environ.get("QUERY_STRING", "")
        return MapAdapter(self.url_map, "", environ.get("SCRIPT_NAME") or "/", "", scheme, request.path, method, query)

    # Flask looks for hooks of the app and of each blueprint at every request, also where there are none at all.

    def preprocess_request(self) -> ResponseReturnValue | None:
        """Call what is to be called before a request, if anything is."""
        return super().preprocess_request() if self.before_request_funcs or self.url_value_preprocessors else None

    def do_teardown_request(self, *error: BaseException | None) -> None:
        """Call what is to be called after a request, if anything is."""
        if self.teardown_request_funcs:
            super().do_teardown_request(*error)

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
