"""What Taskmill sends of its own accord, against what Werkzeug would send."""

import pytest
from flask import Response
from werkzeug.test import EnvironBuilder, run_wsgi_app

from web.json_answer import JsonAnswer

HEADERS = {"ETag": '"abc"', "Location": "/tasks/7", "Vary": "Accept", "Link": '</tasks?page=2>; rel="next"'}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
@pytest.mark.parametrize("status", [200, 201, 304])
@pytest.mark.parametrize("body", [b"{}\n", '{"name":"é"}'.encode(), b""])
def test_an_answer_is_sent_as_werkzeug_would_send_it(method, status, body):
    environ = EnvironBuilder(method=method).get_environ()
    plain = Response(body, status, HEADERS, mimetype="application/json")
    plain.set_cookie("refresh_token", "x")
    quick = JsonAnswer(body, status, HEADERS)
    quick.set_cookie("refresh_token", "x")
    assert sent(quick, environ) == sent(plain, environ)


def sent(answer, environ):
    """The body, the status and the headers, in their order."""
    parts, status, headers = run_wsgi_app(answer, environ)
    return b"".join(parts), status, list(headers)
