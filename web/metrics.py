"""How many requests of which kind there were and how long they took, over all workers, for Prometheus."""

from __future__ import annotations

import hmac
import os
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response, current_app, request

from web.errors import InvalidToken, Refusal
from web.sessions import sent_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.typing import ResponseReturnValue

bp = Blueprint("metrics", __name__)

FORWARDING = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


def observer(app: Flask) -> Callable[[str, str, int, float], None]:
    """What counts and times the requests of `app`, told of each: method, route, status, seconds."""
    # Where the workers' numbers come together is decided when this is imported, by a variable of main.py's.
    from prometheus_client import CollectorRegistry, Histogram

    registry = CollectorRegistry()
    durations = Histogram(
        "http_request_duration_seconds",
        "Time from a request's arrival to its answer.",
        ["method", "route", "status"],
        registry=registry,
        buckets=BUCKETS,
    )
    duration_of = lru_cache(durations.labels)  # one for each kind of request there is; none is made up by clients
    app.extensions["metrics"] = registry

    def observe(method: str, route: str, status: int, seconds: float) -> None:
        duration_of(method if method in METHODS else "other", route, status).observe(seconds)

    return observe


@bp.get("/metrics")
def metrics() -> ResponseReturnValue:
    """Counts and times of all requests, in Prometheus' text format."""
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

    _refuse_strangers()
    return Response(generate_latest(_numbers()), content_type=CONTENT_TYPE_LATEST)


def _numbers() -> Any:
    from prometheus_client import CollectorRegistry
    from prometheus_client.multiprocess import MultiProcessCollector

    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return current_app.extensions["metrics"]
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return registry


def _refuse_strangers() -> None:
    token = current_app.config["METRICS_TOKEN"]
    if token is None:
        if not _from_this_machine():
            raise Refusal(403, "Set METRICS_TOKEN to read the metrics from another machine.")
    elif not hmac.compare_digest(sent_token().encode(), token.encode()):
        raise InvalidToken


def _from_this_machine() -> bool:
    # What came through a proxy on this machine looks as if it came from here.
    if any(name in request.headers for name in FORWARDING):
        return False
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
