"""`/openapi.json`: the description of the API, made from the routes, their docstrings and the models of bodies."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

from flask import Blueprint, current_app
from pydantic.json_schema import models_json_schema

from web import answers
from web.dataset_descriptions import DATASETS
from web.descriptions import ACCOUNTS, JSON, OPERATION
from web.export import CSV, NDJSON
from web.parameters import LARGEST_ID
from web.task_descriptions import TASKS

if TYPE_CHECKING:
    from flask import Flask
    from flask.typing import ResponseReturnValue
    from pydantic import BaseModel
    from werkzeug.routing import Rule

    from web.descriptions import Answer, Description

bp = Blueprint("openapi", __name__)

VERSION = "1.0.0"
PROBLEM = "application/problem+json"
DESCRIPTIONS = {**ACCOUNTS, **TASKS, **DATASETS, **OPERATION}
IMPLICIT_METHODS = {"HEAD", "OPTIONS"}  # every GET answers HEAD, and every path OPTIONS

TAGS = {
    "accounts": "Who somebody is, and how long they are logged in.",
    "tasks": "What the caller has to do.",
    "data": "Tables that the loader has filled, and what it says of them.",
    "operation": "What those look at who keep it running, and these pages.",
}
REFUSALS = {
    400: "The body is not strict JSON, or a parameter or header can't be used.",
    401: "There is no valid token, or its session has ended.",
    403: "It is not allowed.",
    404: "There is nothing there, or it belongs to somebody else.",
    406: "None of the media types that Accept names is offered.",
    409: "It is taken, or was changed at the same moment.",
    412: "It has changed since: its ETag is another one now.",
    413: "The body is larger than 1 MiB.",
    415: "The body is not said to be application/json.",
    422: "The body is JSON, but its fields are wrong; `errors` says which and why.",
    429: "That was too often. Retry-After says when to try again.",
    503: "The database can't be used just now. Retry-After says when to try again.",
}
HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": {
        "description": "The id of this request, in the log too; the client's own where it sent one.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
    },
    "WWW-Authenticate": {"description": "How to authenticate.", "schema": {"type": "string"}},
    "Retry-After": {"description": "In so many seconds.", "schema": {"type": "integer", "minimum": 1}},
}
REFUSAL_HEADERS = {401: ["WWW-Authenticate"], 429: ["Retry-After"], 503: ["Retry-After"]}

SECURITY_SCHEMES = {
    "access_token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "From POST /login."},
    "refresh_token": {"type": "apiKey", "in": "cookie", "name": "refresh_token", "description": "From POST /login."},
    "metrics_token": {"type": "http", "scheme": "bearer", "description": "The setting METRICS_TOKEN."},
}


@bp.get("/openapi.json")
def openapi() -> ResponseReturnValue:
    """This description of the API, in OpenAPI 3.1."""
    document = current_app.extensions.get("openapi")
    if document is None:
        document = current_app.extensions["openapi"] = document_of(current_app)
    return document


def document_of(app: Flask) -> dict[str, Any]:
    """The whole description of `app`."""
    paths: dict[str, dict[str, Any]] = {}
    for rule in sorted(described(app), key=lambda rule: rule.rule):
        for method in sorted((rule.methods or set()) - IMPLICIT_METHODS):
            view = app.view_functions[rule.endpoint]
            paths.setdefault(_path(rule), {})[method.lower()] = _operation(rule, method, view)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Taskmill", "version": VERSION, "description": "Accounts, their tasks, and loaded tables."},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "headers": HEADERS,
            "responses": {str(status): _refusal(status) for status in REFUSALS},
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def described(app: Flask) -> list[Rule]:
    """The routes of the API. The page for people is a client of it."""
    return [rule for rule in app.url_map.iter_rules() if not rule.endpoint.startswith("pages.")]


def _path(rule: Rule) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)


def _operation(rule: Rule, method: str, view: Any) -> dict[str, Any]:
    said = DESCRIPTIONS[f"{method} {_path(rule)}"]
    summary, _, more = inspect.cleandoc(view.__doc__ or "").partition("\n")
    refusals = _refusals(rule, said, needs_token=hasattr(view, "needs_token"))
    operation: dict[str, Any] = {
        "operationId": f"{rule.endpoint.partition('.')[2]}_{method.lower()}",
        "tags": [said.tag],
        "summary": summary,
        "description": more.strip(),
        "parameters": [*_path_parameters(rule), *said.parameters],
        "security": said.security or ([{"access_token": []}] if hasattr(view, "needs_token") else []),
        "responses": {str(status): _answer(answer) for status, answer in said.answers.items()}
        | {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(refusals)},
    }
    if said.body:
        content = {"schema": _reference(said.body)} | ({"example": said.example} if said.example else {})
        operation["requestBody"] = {"required": True, "content": {JSON: content}}
    return operation


def _refusals(rule: Rule, said: Description, *, needs_token: bool) -> set[int]:
    return {
        *said.refusals,
        *((401,) if needs_token else ()),
        *((404,) if rule.arguments else ()),
        *((400, 413, 415, 422) if said.body else ()),
        *((400,) if said.parameters else ()),
        *((503,) if said.uses_database else ()),
    }


def _path_parameters(rule: Rule) -> list[dict[str, Any]]:
    """An id is a number; any other place in a path is one of the files behind it."""
    an_id = {"type": "integer", "format": "int64", "minimum": 1, "maximum": LARGEST_ID}
    return [
        {"name": name, "in": "path", "required": True, "schema": an_id if name.endswith("_id") else {"type": "string"}}
        for name in sorted(rule.arguments)
    ]


def _answer(answer: Answer) -> dict[str, Any]:
    media = answer.media or ({JSON: {"schema": _model(answer)}} if answer.model else {})
    media = media | ({kind: {"schema": {"type": "string"}} for kind in (CSV, NDJSON)} if answer.streamed else {})
    if answer.example is not None:
        media = {kind: content | {"example": answer.example} for kind, content in media.items()}
    headers = {"X-Request-ID": {"$ref": "#/components/headers/X-Request-ID"}} | answer.headers
    return {"description": answer.description, "headers": headers} | ({"content": media} if media else {})


def _refusal(status: int) -> dict[str, Any]:
    names = ["X-Request-ID", *REFUSAL_HEADERS.get(status, [])]
    return {
        "description": REFUSALS[status],
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
        "content": {PROBLEM: {"schema": _reference(answers.Problem)}},
    }


def _model(answer: Answer) -> dict[str, Any]:
    assert answer.model is not None
    one = _reference(answer.model)
    return {"type": "array", "items": one} if answer.many else one


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _schemas() -> dict[str, Any]:
    """The schemas of all models that are spoken of."""
    models: dict[type[BaseModel], None] = {answers.Problem: None}
    for said in DESCRIPTIONS.values():
        models |= dict.fromkeys(answer.model for answer in said.answers.values() if answer.model)
        models |= {said.body: None} if said.body else {}
    wanted = [(model, "validation") for model in models]
    _, defined = models_json_schema(wanted, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    return dict(defined["$defs"])
