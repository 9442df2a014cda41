"""Request bodies, said once: read strictly from JSON, and refused field by field."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args

from flask import request
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails, PydanticCustomError
from werkzeug.exceptions import RequestEntityTooLarge

from models import PRIORITIES, STATUSES
from task_rules import LONGEST_DESCRIPTION, LONGEST_LABEL, LONGEST_TITLE, MOST_LABELS, once_each, read_instant
from web.errors import Faults, Refusal, printable
from web.names import NAME_RULE, NAME_SCHEMA, is_name, normal_name
from web.strict_json import NotJson, parse
from web.times import Instant

LARGEST_BODY = 1024 * 1024
MOST_FAULTS = 100

HALF_A_PAIR = "This holds half of a surrogate pair, which is no character."

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


def _storable(text: str) -> str:
    if "\0" in text:
        raise PydanticCustomError("nul", "This holds a NUL character.")
    if _has_surrogate(text):
        raise PydanticCustomError("surrogate", HALF_A_PAIR)
    return text


def _trimmed(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _a_name(text: str) -> str:
    name = normal_name(text)
    if not is_name(name):
        raise PydanticCustomError("name", NAME_RULE)
    return name


def _an_instant(value: Any) -> Instant:
    instant = read_instant(value) if isinstance(value, str) else None
    if instant is None:
        raise PydanticCustomError(
            "instant", "This must be a time with its offset, like 2026-11-23T10:00:00Z, from 1970 to 9999."
        )
    return instant


def _encodable(value: Any) -> Any:
    # What UTF-8 has no bytes for becomes NUL, which no name or password that was ever kept holds.
    return "\0" if _has_surrogate(value) else value


def _has_surrogate(value: Any) -> bool:
    return isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value)


TEXT_SCHEMA = {"type": "string", "pattern": r"^[^\u0000]*$"}  # NUL is no character that a database keeps


def text_schema(shortest: int, longest: int) -> dict[str, Any]:
    """JSON Schema for text of that many characters."""
    return TEXT_SCHEMA | {"minLength": shortest, "maxLength": longest}


def trimmed_schema(longest: int) -> dict[str, Any]:
    """JSON Schema for text that is more than blanks."""
    return text_schema(1, longest) | {"pattern": r"^[^\u0000]*[^\u0000\s\u001c-\u001f\u0085][^\u0000]*$"}


Text = Annotated[str, AfterValidator(_storable), WithJsonSchema(TEXT_SCHEMA)]
Name = Annotated[Text, AfterValidator(_a_name), WithJsonSchema(NAME_SCHEMA)]
Password = Annotated[Text, Field(min_length=8, max_length=128), WithJsonSchema(text_schema(8, 128))]
Guess = Annotated[str, BeforeValidator(_encodable)]
Title = Annotated[
    Text,
    BeforeValidator(_trimmed),
    Field(min_length=1, max_length=LONGEST_TITLE),
    WithJsonSchema(trimmed_schema(LONGEST_TITLE)),
]
Description = Annotated[
    Text, Field(max_length=LONGEST_DESCRIPTION), WithJsonSchema(text_schema(0, LONGEST_DESCRIPTION))
]
Status = Literal["pending", "in_progress", "completed"]
Priority = Literal["low", "normal", "high", "urgent"]
Label = Annotated[
    Text,
    BeforeValidator(_trimmed),
    Field(min_length=1, max_length=LONGEST_LABEL),
    WithJsonSchema(trimmed_schema(LONGEST_LABEL)),
]
Labels = Annotated[list[Label], Field(max_length=MOST_LABELS), AfterValidator(once_each)]
INSTANT_SCHEMA = {"type": "string", "format": "date-time", "pattern": r"^(19[7-9]\d|[2-9]\d{3})-"}
DueAt = Annotated[Instant, BeforeValidator(_an_instant), WithJsonSchema(INSTANT_SCHEMA)]

assert get_args(Status) == STATUSES
assert get_args(Priority) == PRIORITIES


class StrictBody(BaseModel):
    """A body whose fields are all known and have exactly their types."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Registration(StrictBody):
    """A new account."""

    username: Name
    password: Password


class Credentials(StrictBody):
    """Somebody who says who they are. What no account could have is simply wrong, not malformed."""

    username: Guess
    password: Guess


class PasswordChange(StrictBody):
    """The password that is, to show who asks, and the one that shall be."""

    current_password: Guess
    new_password: Password


class Confirmation(StrictBody):
    """The password again, before something that can't be undone."""

    password: Guess


class NewTask(StrictBody):
    """A task to be made."""

    title: Title
    description: Description = ""
    status: Status = "pending"
    priority: Priority = "normal"
    due_at: DueAt | None = None
    labels: Labels = []


def _without_defaults(schema: dict[str, Any]) -> None:
    for field in schema["properties"].values():
        field.pop("default", None)


class TaskChange(StrictBody):
    """The fields of a task that change; those left out stay as they are."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    # What GET answered can be edited and sent back: these are taken and ignored.
    KEPT: ClassVar = ("id", "created_at", "updated_at", "completed_at")

    # The defaults are never used: only the fields that were given count.
    title: Title = ""
    description: Description = ""
    status: Status = "pending"
    priority: Priority = "normal"
    due_at: DueAt | None = None
    labels: Labels = []
    id: Any = None
    created_at: Any = None
    updated_at: Any = None
    completed_at: Any = None

    def given(self) -> dict[str, Any]:
        """The fields to change, with their new values."""
        return {field: getattr(self, field) for field in self.model_fields_set if field not in self.KEPT}


class Creation(StrictBody):
    """A task to be made, among others."""

    op: Literal["create"]
    task: NewTask


class Update(StrictBody):
    """A task to be changed, among others."""

    op: Literal["update"]
    id: int
    task: TaskChange
    if_match: Text | None = None


class Deletion(StrictBody):
    """A task to be deleted, among others."""

    op: Literal["delete"]
    id: int
    if_match: Text | None = None


Operation = Annotated[Creation | Update | Deletion, Field(discriminator="op")]


class Bulk(StrictBody):
    """Operations that are done in this order, all or none."""

    operations: Annotated[list[Operation], Field(min_length=1, max_length=1000)]


def read(model: type[Body]) -> Body:
    """The request's body as `model`: 415 when it isn't JSON, 400 when it is broken, 422 when it says nonsense."""
    value = received_json()
    if not isinstance(value, dict):
        raise Refusal(422, "The body must be a JSON object.")
    try:
        return model.model_validate(_with_printable_names(value))
    except ValidationError as error:
        raise _refusal(error) from error


def received_json() -> Any:
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
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype != "application/json" or charset not in ("utf-8", "utf8"):
        raise Refusal(415, "Send the body as JSON in UTF-8, with the header Content-Type: application/json.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Refusal(415, "Send the body as it is, without a Content-Encoding.")


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
