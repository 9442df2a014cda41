"""What came with a request: strictly JSON, and refused field by field where it is not what is wanted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from flask import request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.http import parse_options_header

from web.errors import Faults, Refusal, printable
from web.fields import HALF_A_PAIR
from web.json_answer import JSON
from web.strict_json import NotJson, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LARGEST_BODY = 1024 * 1024
MOST_FAULTS = 100

# How pydantic's findings read to a person; the braces take what it says about the limit.
SENTENCES = {
    "missing": "This field is required.",
    "extra_forbidden": "There is no such field.",
    "string_type": "This must be a string.",
    "string_unicode": HALF_A_PAIR,
    "string_too_short": "This must have {min_length} or more characters.",
    "string_too_long": "This can have at most {max_length} characters.",
    "list_type": "This must be a list.",
    "too_long": "This can have at most {max_length} entries.",
    "too_short": "This must have at least {min_length} entry.",
    "int_type": "This must be a whole number.",
    "model_type": "This must be an object.",
    "model_attributes_type": "This must be an object.",
    "union_tag_invalid": "This must be one of {expected_tags}.",
    "union_tag_not_found": "This field is required.",
    "literal_error": "This must be one of {expected}.",
}

Body = TypeVar("Body", bound=BaseModel)


def read(model: type[Body]) -> Body:
    """The request's body as `model`: 415 when it isn't JSON, 400 when it is broken, 422 when it says nonsense."""
    value = json_of_request()
    if not isinstance(value, dict):
        raise Refusal(422, "The body must be a JSON object.")
    try:
        return model.model_validate(_with_printable_names(value))
    except ValidationError as error:
        raise _refusal(error) from error


def ahead(model: type[Body]) -> Callable[[], Body]:
    """Gives the request's body as `model`, which was read already, or refuses it only now."""
    try:
        body = read(model)
    except HTTPException as refusal:
        return partial(_refuse, refusal)
    return lambda: body


def _refuse(refusal: HTTPException) -> NoReturn:
    raise refusal


def json_of_request() -> Any:
    """The JSON that came with the request, whatever it says."""
    _require_json()
    try:
        return parse(_received())
    except NotJson as error:
        raise Refusal(400, str(error)) from error


def _with_printable_names(value: Any) -> Any:
    if isinstance(value, dict):
        return {printable(name): _with_printable_names(content) for name, content in value.items()}
    return [_with_printable_names(content) for content in value] if isinstance(value, list) else value


def _require_json() -> None:
    if request.content_type != JSON and not _is_json(*parse_options_header(request.content_type)):
        raise Refusal(415, "Send the body as JSON in UTF-8, with the header Content-Type: application/json.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Refusal(415, "Send the body as it is, without a Content-Encoding.")


def _is_json(mimetype: str, parameters: Mapping[str, str]) -> bool:
    return mimetype.lower() == JSON and parameters.get("charset", "utf-8").lower() in ("utf-8", "utf8")


def _received() -> bytes:
    # A body sent in chunks says no length, and is cut off at the limit without a word.
    body = request.get_data()
    if len(body) > LARGEST_BODY:
        raise RequestEntityTooLarge
    return body


def _refusal(error: ValidationError) -> Refusal:
    faults: Faults = {}
    for finding in error.errors(include_url=False, include_input=False)[:MOST_FAULTS]:
        faults.setdefault(_field(finding), []).append(_sentence(finding))
    return Refusal(422, f"The body has faults in: {', '.join(faults)}.", faults=faults)


def _field(finding: ErrorDetails) -> str:
    """Where the fault is, like `labels[3]` or `operations[3].title`."""
    parts = list(finding["loc"])
    if parts[0] == "operations" and len(parts) > 3:
        # What the operation is, and that a task's fields stand in its `task`, goes without saying.
        del parts[2 : 4 if parts[3] == "task" and len(parts) > 4 else 3]
    if finding["type"].startswith("union_tag"):
        parts.append("op")
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{printable(part)}" for part in parts)
    return place.removeprefix(".")


def _sentence(finding: ErrorDetails) -> str:
    kind = finding["type"]
    if finding.get("ctx", {}).get("field_type") == "Value":
        kind = f"string_{kind}"  # so pydantic calls a text that it measures behind another check
    sentence = SENTENCES.get(kind)
    return sentence.format(**finding.get("ctx", {})) if sentence else finding["msg"]
