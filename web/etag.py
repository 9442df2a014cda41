"""Preconditions: If-Match and If-None-Match, after RFC 9110."""

from __future__ import annotations

from typing import Any

from flask import request
from werkzeug.datastructures import ETags
from werkzeug.http import parse_etags

from web.errors import Faults, Refusal
from web.json_answer import JsonAnswer, as_json
from web.shown import etag, etag_of


def header(task: dict[str, Any]) -> dict[str, str]:
    """The header that says which state of a task was answered or made."""
    return _header(etag(task))


def _header(tag: str) -> dict[str, str]:
    return {"ETag": f'"{tag}"'}


def answer(task: dict[str, Any]) -> JsonAnswer:
    """A task with its ETag; 304 when the client has it already."""
    body = as_json(task)
    tag = etag_of(body)
    response = JsonAnswer(body, headers=_header(tag))
    if "If-None-Match" in request.headers and request.if_none_match.contains_weak(tag):
        response.status_code = 304
        response.set_data(b"")
        del response.headers["Content-Type"]
    return response


def refuse_if_stale(task: dict[str, Any]) -> None:
    """412 when the task is not in a state that the request's headers name."""
    if "If-Match" in request.headers:
        refuse_unless(request.if_match, task, {"If-Match": ["The task has changed."]})
    if "If-None-Match" in request.headers and request.if_none_match.contains_weak(etag(task)):
        raise Refusal(412, "The task is in the state that If-None-Match names.")


def refuse_unless(wanted: ETags, task: dict[str, Any], faults: Faults) -> None:
    """412 unless the task's ETag is among those wanted."""
    if not wanted.contains(etag(task)):
        raise Refusal(412, f"Task {task['id']} has changed; read it again.", faults=faults)


def parse(text: str) -> ETags:
    """The value of If-Match."""
    return parse_etags(text)
