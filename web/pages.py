"""The page for people: one shell and the files that make it up. What it shows it asks the API for, like any client."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Blueprint, make_response, render_template

from web.sent_files import sent

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = Blueprint("pages", __name__, template_folder="templates")

STATIC = Path(__file__).parent / "static"
# Nothing from elsewhere, no script or style that stands in a page itself, and no text that becomes markup: only the
# templates of lit-html do, and those hold no data.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types lit-html"
)
# A file's address holds the version of all files, so that what is kept is never out of date.
FOR_EVER = "public, max-age=31536000, immutable"


@bp.get("/")
def index() -> ResponseReturnValue:
    """The page."""
    base = f"static/{_version()}"
    response = make_response(render_template("page.html", base=base, modules=[f"{base}/{name}" for name in _modules()]))
    response.headers["Content-Security-Policy"] = POLICY
    return response


@bp.get("/static/<version>/<path:name>")
def static_file(version: str, name: str) -> ResponseReturnValue:
    """A file of the page. Pages of another version, left open or answered by another worker, get today's."""
    response = sent(STATIC, name)
    response.headers["Cache-Control"] = FOR_EVER if version == _version() else "no-cache"
    return response


@cache
def _version() -> str:
    """What the files hold, in short."""
    digest = blake2b(digest_size=8)
    for path in sorted(path for path in STATIC.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(STATIC)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def _modules() -> list[str]:
    """Every script of the page: asked for at once, instead of one import after another."""
    folders = ("page", "lit-html", "lit-html/directives")
    return [str(path.relative_to(STATIC)) for folder in folders for path in sorted((STATIC / folder).glob("*.js"))]
