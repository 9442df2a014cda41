"""JSON as RFC 8259 and RFC 7493 mean it: UTF-8, no doubled keys, no NaN, no bottomless nesting."""

from __future__ import annotations

import json
from typing import Any

DEEPEST = 100


class NotJson(ValueError):
    """The text is not strict JSON; the message is a sentence that says why."""


def parse(text: bytes) -> Any:
    """The value that `text` stands for; NotJson where it stands for none, or not for one alone."""
    try:
        value = json.loads(
            text.decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse_constant, parse_int=_number
        )
    except NotJson:
        raise
    except RecursionError as error:
        raise NotJson(f"The JSON is nested deeper than {DEEPEST} levels.") from error
    except UnicodeDecodeError as error:
        raise NotJson(f"Byte {error.start + 1} of the body is not UTF-8.") from error
    except json.JSONDecodeError as error:
        raise NotJson(f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from error
    _refuse_depth(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise NotJson("An object in the JSON has the same key twice.")
    return made


def _refuse_constant(name: str) -> None:
    raise NotJson(f"{name} is not JSON.")


def _number(digits: str) -> int | float:
    # Python refuses to make an int of thousands of digits; no field takes one anyway.
    return int(digits) if len(digits) < 100 else float(digits)


def _refuse_depth(value: Any) -> None:
    level = _containers([value])
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _containers(outer)]
        if not level:
            return
    raise NotJson(f"The JSON is nested deeper than {DEEPEST} levels.")


def _containers(value: dict[str, Any] | list[Any]) -> list[Any]:
    within = value.values() if isinstance(value, dict) else value
    return [inner for inner in within if isinstance(inner, (dict, list))]
