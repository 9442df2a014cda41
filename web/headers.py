"""Headers that every answer bears, those that open the API to pages from elsewhere, and trust in proxies' headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, current_app, request
from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from web.settings import Settings

SECURITY = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
# An answer can say otherwise: a page has files of its own, a token is not to be kept at all.
UNLESS_SAID = (
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cache-Control", "private, no-cache"),
)
HTTPS_ONLY = ("Strict-Transport-Security", "max-age=31536000")

SHOWN_TO_PAGES = "ETag, Link, Location, Retry-After, WWW-Authenticate, X-Request-ID, X-Total-Count"
TAKEN_FROM_PAGES = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-ID"


def register(app: Flask, chosen: Settings) -> None:
    """Trust proxies and open `app` to pages, as the settings say."""
    if chosen.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=chosen.trusted_proxies, x_proto=chosen.trusted_proxies, x_host=0
        )
    if chosen.cors_origins:
        app.config["CORS_ORIGINS"] = chosen.cors_origins
        app.after_request(_open_to_pages)


def secure(said: list[tuple[str, str]], *, https: bool) -> None:
    """Add to the headers of an answer what all answers bear."""
    names = {name for name, _ in said}
    said += SECURITY
    said += [header for header in UNLESS_SAID if header[0] not in names]
    if https:
        said.append(HTTPS_ONLY)


def _open_to_pages(response: Response) -> Response:
    """Let pages of the origins in CORS_ORIGINS call the API (https://fetch.spec.whatwg.org/#http-cors-protocol)."""
    response.vary.add("Origin")
    origin, allowed = request.headers.get("Origin"), current_app.config["CORS_ORIGINS"]
    if origin is None or not (origin in allowed or "*" in allowed):
        return response
    headers = response.headers
    headers["Access-Control-Allow-Origin"] = origin if origin in allowed else "*"
    if origin in allowed:  # a page that is named may send the refresh cookie; just any page may not
        headers["Access-Control-Allow-Credentials"] = "true"
    headers["Access-Control-Expose-Headers"] = SHOWN_TO_PAGES
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        headers["Access-Control-Allow-Methods"] = headers.get("Allow", "")
        headers["Access-Control-Allow-Headers"] = TAKEN_FROM_PAGES
        headers["Access-Control-Max-Age"] = "600"
    return response
