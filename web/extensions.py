"""The extensions, made once here and bound to an app in create_app; and how a request's transaction begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import current_app, g, has_request_context, request
from flask_jwt_extended import JWTManager
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session

from database import BUSY_SECONDS, configure, engine_options
from models import Base
from web import direct, writes

if TYPE_CHECKING:
    from flask import Flask
    from sqlalchemy import URL, Connection, Engine

READING_METHODS = ("GET", "HEAD", "OPTIONS")


class RequestSession(Session):
    """A session that begins as a writer in a request that may write."""

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:
        """The engine; in POST, PUT, PATCH and DELETE the one whose transactions wait their turn to write."""
        engine = super().get_bind(*args, **kwargs)
        if not has_request_context() or request.method in READING_METHODS:
            return engine
        request.get_data()  # a slow client must not hold the write lock while its body arrives
        return current_app.extensions["writing_engine"]


# What was committed is answered as it was written, without asking the database again.
db = SQLAlchemy(metadata=Base.metadata, session_options={"class_": RequestSession, "expire_on_commit": False})
jwt = JWTManager()


def bind_database(app: Flask, url: URL) -> None:
    """Let `db` use the database at `url` in `app`. Nothing is opened yet."""
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _patient(engine_options(url), url)
    db.init_app(app)
    with app.app_context():
        configure(db.engine)
        direct.bind(app, db.engine)
        writes.bind(app, db.engine)
        # Made once: a session has a connection for each engine that it is given, and would wait for itself.
        app.extensions["writing_engine"] = db.engine.execution_options(writes=True)


def _patient(options: dict[str, Any], url: URL) -> dict[str, Any]:
    # SQLite gives up on another one's lock after BUSY_SECONDS; PostgreSQL would wait for ever.
    if url.get_backend_name() == "postgresql" and "options" not in url.query:
        options["connect_args"]["options"] = f"-c lock_timeout={int(BUSY_SECONDS * 1000)}"
    return options


def caller_id() -> int:
    """The id of the account whose token came with this request."""
    return int(g.caller.user_id)
