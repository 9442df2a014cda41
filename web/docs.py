"""The API reference for people: a viewer that is part of the package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flask import Blueprint, Response

from web.sent_files import sent

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = Blueprint("docs", __name__)

VIEWER = Path(__file__).parent / "static" / "swagger-ui"
# Nothing from elsewhere, and no script or style that stands in a page itself.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@bp.get("/docs")
def docs() -> ResponseReturnValue:
    """The API reference, as a page."""
    return _file("docs.html")


@bp.get("/docs/<name>")
def docs_file(name: str) -> ResponseReturnValue:
    """What the page of the API reference consists of."""
    return _file(name)


def _file(name: str) -> Response:
    response = sent(VIEWER, name)
    response.headers["Content-Security-Policy"] = POLICY
    return response
