"""The fields of request bodies: what each may hold, for pydantic and in JSON Schema."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from models import PRIORITIES, STATUSES
from task_rules import LONGEST_DESCRIPTION, LONGEST_LABEL, LONGEST_TITLE, MOST_LABELS, once_each, read_instant
from web.names import NAME_RULE, NAME_SCHEMA, is_name, normal_name
from web.times import Instant

HALF_A_PAIR = "This holds half of a surrogate pair, which is no character."


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
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:  # UTF-8 has bytes for all else
        return True
    return False


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
