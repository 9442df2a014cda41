"""Which names people can have, and when two names are the same."""

from __future__ import annotations

import re
import unicodedata

from models import username_key

SHORTEST, LONGEST = 3, 80
NAME_RULE = f"This must have {SHORTEST} to {LONGEST} characters: letters, digits and any of . _ - @"

# The same for JSON Schema, with three letters that marks can't merge with each other. Some letters and marks are
# none of these any more in their NFKC spelling, or can't be seen.
NOT_IN_NAMES = (
    r"\u013f\u0140\u034f\u037a\u0488\u0489\u115f\u1160\u17b4\u17b5\u180b-\u180f\u1abe\u20d0-\u20ff\u3164"
    r"\ua670-\ua672\ufc5e-\ufc63\ufdfa\ufdfb\ufe00-\ufe0f\ufe70-\ufe7e\uffa0"
)
NAME_SCHEMA = {
    "type": "string",
    "maxLength": LONGEST,
    "pattern": rf"^(?!.*[{NOT_IN_NAMES}])(?:[\p{{L}}\p{{Nd}}._@-]\p{{M}}*){{{SHORTEST},{LONGEST}}}$",
}

# Letters and marks that leave no trace on the screen: with them two names could look the same.
INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def normal_name(name: str) -> str:
    """The name as it is kept: one spelling for what looks the same (Unicode NFKC)."""
    return unicodedata.normalize("NFKC", name)


def is_name(name: str) -> bool:
    """Whether an account can have this name, given in its kept spelling."""
    return (
        SHORTEST <= len(name) <= LONGEST
        and not unicodedata.category(name[0]).startswith("M")
        and not INVISIBLE.search(name)
        and all(_belongs(character) for character in name)
    )


def _belongs(character: str) -> bool:
    # Marks are the vowels of many scripts.
    return character in "._-@" or unicodedata.category(character) in ("Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Mn", "Mc")


def name_key(name: str) -> str:
    """What is compared: two names with the same key are the same name. No name has the key ''."""
    if len(name) > LONGEST * 4:  # longer than any spelling of a name, and dear to normalise
        return ""
    return username_key(name) if is_name(normal_name(name)) else ""
