"""Names for tables and columns, made of what a file calls them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

RESERVED = frozenset(("row_number", "rowid", "oid", "_rowid_", "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"))
NAME_LENGTH = 60  # PostgreSQL cuts names at 63 bytes


def column_names(header: Sequence[str]) -> list[str]:
    """Names for the database: letters and digits of every script, lower case, the rest "_"; unique, not reserved."""
    taken: set[str] = set()
    names = []
    for position, written in enumerate(header, start=1):
        name = plain_name(written) or f"column_{position}"
        names.append(_unique(name, taken))
        taken.add(names[-1])
    return names


def plain_name(written: str) -> str:
    """One name without blanks and punctuation; "" when nothing is left."""
    composed = unicodedata.normalize("NFC", written).lower()
    kept = "".join(char if _belongs(char) else "_" for char in composed)
    name = re.sub("_+", "_", kept).strip("_")
    while len(name.encode()) > NAME_LENGTH:
        name = name[:-1]
    return name


def _belongs(char: str) -> bool:
    # letters, their combining marks, and digits
    return unicodedata.category(char)[0] in "LMN"


def _unique(name: str, taken: set[str]) -> str:
    number, candidate = 1, name
    while candidate in taken or candidate in RESERVED:
        number += 1
        candidate = f"{name}_{number}"
    return candidate
