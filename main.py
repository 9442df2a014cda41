"""Assembles the web app: create_app() for servers and tests, `python main.py` to serve it."""

from __future__ import annotations

import argparse
import os
import random
import signal
import socket
import sys
import tempfile
import threading
import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError

from database import INSTANCE, migrate, open_engine
from web import (
    accounts,
    commands,
    datasets,
    docs,
    errors,
    headers,
    health,
    limits,
    loads,
    metrics,
    openapi,
    pages,
    reader,
    request_log,
    settings,
    tasks,
)
from web.application import Application
from web.extensions import bind_database, db, jwt
from web.parameters import RowId
from web.received import LARGEST_BODY
from web.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Flask
    from granian.server import MPServer
    from sqlalchemy import Engine

# Enough that requests waiting for a lock don't keep the others from being answered.
THREADS = 12

_server: MPServer | None = None


def create_app(config: Mapping[str, str] | None = None) -> Flask:
    """The web app on a database that is up to date; what `config` says wins over the environment."""
    app = assemble(settings.read({**os.environ, **(config or {})}))
    with app.app_context():
        bring_up_to_date(db.engine)
    return app


def bring_up_to_date(engine: Engine) -> None:
    """The tables of both halves: what was loaded is read here, and where nothing was, there is nothing to read."""
    for branch in ("api", "loader"):
        migrate(engine, branch)


def assemble(chosen: Settings) -> Flask:
    """The web app; opens nothing yet."""
    app = Application(__name__, static_folder=None, instance_path=str(INSTANCE))
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_BODY + 1,  # one more, to tell a body that was cut off there from one that fits
        METRICS_TOKEN=chosen.metrics_token,
        JWT_SECRET_KEY=chosen.jwt_secret_key,
        JWT_ACCESS_TOKEN_EXPIRES=timedelta(minutes=chosen.access_token_minutes),
        JWT_REFRESH_TOKEN_EXPIRES=timedelta(days=chosen.refresh_token_days),
        JWT_REFRESH_COOKIE_NAME="refresh_token",
        JWT_REFRESH_COOKIE_PATH="/token",
        JWT_COOKIE_SAMESITE="Strict",  # which is also why no CSRF token is needed
        JWT_COOKIE_CSRF_PROTECT=False,
        JWT_COOKIE_SECURE=chosen.cookie_secure,
        JWT_SESSION_COOKIE=False,
    )
    app.url_map.merge_slashes = False
    app.url_map.converters["row_id"] = RowId
    request_log.start_logging(chosen.log_format, chosen.log_level)
    app.logger = request_log.log
    note = request_log.noter(chosen.log_format) if chosen.access_log else None
    app.surround(metrics.observer(app), note)
    headers.register(app, chosen)
    bind_database(app, chosen.database_url)
    reader.register(app, chosen.dataset_seconds)
    jwt.init_app(app)
    limits.register(app, chosen)
    errors.register(app)
    commands.register(app)
    for resource in (accounts, tasks, datasets, loads, health, metrics, docs, openapi, pages):
        app.register_blueprint(resource.bp)
    return app


def main() -> int:
    """Serve until told to stop. 0 after that, 1 when it can't begin, 2 for wrong usage."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # to be ended is no failure, however it is said
    try:
        return _prepare_and_serve()
    except KeyboardInterrupt:
        return 0


def _prepare_and_serve() -> int:
    try:
        chosen = settings.read({**os.environ, **_options()})
        address = _free_address(chosen.host, chosen.port)
        engine = open_engine(chosen.database_url)
        bring_up_to_date(engine)
        engine.dispose()
    except (ValueError, OSError) as error:
        return _give_up(str(error))
    except SQLAlchemyError as error:
        return _give_up(f"The database {chosen.database_url} can't be used: {getattr(error, 'orig', None) or error}")
    shown_host = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
    print(f"Taskmill is at http://{shown_host}:{chosen.port} (Ctrl-C ends it)", file=sys.stderr, flush=True)
    _serve(replace(chosen, host=address))
    return 0


def _options() -> dict[str, str]:
    """The command line, in the names that the environment uses."""
    parser = argparse.ArgumentParser(description="Serve Taskmill's API.", allow_abbrev=False)
    parser.add_argument("--host", help="the address to listen at (HOST, 127.0.0.1)")
    parser.add_argument("--port", type=_up_to(65_535), help="the port to listen at (PORT, 5000)")
    parser.add_argument("--workers", type=_up_to(256), help="how many processes answer (WORKERS, one per core up to 4)")
    given = vars(parser.parse_args())
    return {name.upper(): str(value) for name, value in given.items() if value is not None}


def _up_to(highest: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not 1 <= int(text) <= highest:
            raise ValueError
        return int(text)

    return number


def _give_up(reason: str) -> int:
    print(" ".join(reason.split()), file=sys.stderr)
    return 1


def _free_address(host: str, port: int) -> str:
    """The numeric address of `host`, having seen that nobody listens there.

    The server opens its socket so that workers can share it; another server would share it silently.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = min(found)  # IPv4 first, where a name has both
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise OSError(f"{host} port {port} can't be used ({error.strerror}); choose another with --port.") from error
    return str(address[0])


def _serve(chosen: Settings) -> None:
    try:
        from granian.server import MPServer
    except ImportError:
        _serve_in_one_process(chosen)
        return
    global _server
    server = _server = MPServer("taskmill", **_server_options(chosen))
    # Whoever stops the whole group stops the workers too: that they end is then no failure.
    server.on_shutdown(lambda: server.interrupt_children.clear() if server.interrupt_signal else None)
    with tempfile.TemporaryDirectory(prefix="taskmill-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder  # here the workers' numbers come together
        server.serve(target_loader=load_worker, wrap_loader=False)


def _server_options(chosen: Settings) -> dict[str, Any]:
    from granian.constants import Interfaces
    from granian.log import LogLevels

    return {
        "address": chosen.host,
        "port": chosen.port,
        "interface": Interfaces.WSGI,
        "workers": chosen.workers,
        "blocking_threads": THREADS,
        "respawn_failed_workers": True,
        "workers_kill_timeout": chosen.shutdown_seconds,
        "log_level": LogLevels.error,
        "websockets": False,
    }


def load_worker() -> Flask:
    """What runs in each worker before it answers."""
    # Ctrl-C reaches every process of a terminal; the first one alone heeds it, and lets the workers finish.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # until it answers requests it can end at once
    if _server is not None and _server.interrupt_signal:
        sys.exit()  # told to end right after the fork, when the first process's own handler took the signal
    threading.Thread(target=_end_with_parent, args=[os.getppid()], daemon=True).start()
    return _tidied(assemble(settings.read(os.environ)))


def _tidied(app: Flask) -> Flask:
    """The app, with a thread that removes what has run out."""
    threading.Thread(target=_tidy_hourly, args=[app], daemon=True).start()
    return app


def _tidy_hourly(app: Flask) -> None:
    while True:
        time.sleep(random.uniform(1800, 5400))
        try:
            with app.app_context():
                commands.forget_expired(db.engine)
        except SQLAlchemyError as error:
            app.logger.warning("What has run out could not be removed: %s", getattr(error, "orig", None) or error)


def _end_with_parent(parent: int) -> None:
    # A first process that was killed can't stop its workers; they would keep the port for ever.
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


def _serve_in_one_process(chosen: Settings) -> None:
    """The way where granian can't be installed: threads alone, no workers."""
    import waitress

    waitress.serve(_tidied(assemble(chosen)), host=chosen.host, port=chosen.port, threads=THREADS)


if __name__ == "__main__":
    sys.exit(main())
