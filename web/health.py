"""Whether the process lives and whether it can do its work, for those who watch over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from database import applied_revisions, branch_head
from web.errors import RETRY_SECONDS, problem
from web.extensions import db

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = Blueprint("health", __name__)

# Of the code that runs: meanwhile the files of the next version may stand in its place.
NEEDED = branch_head("api")


@bp.get("/healthz")
def alive() -> ResponseReturnValue:
    """The process answers."""
    return {"status": "ok"}


@bp.get("/readyz")
def ready() -> ResponseReturnValue:
    """The database answers, and its tables are those of this version, or of a later one that is taking over."""
    if max(applied_revisions(db.engine, "api"), default="") < NEEDED:
        return problem(503, "The database has another schema.", headers=[("Retry-After", str(RETRY_SECONDS))])
    return {"status": "ok"}
