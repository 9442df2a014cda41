"""How a CSV file is written, and the bytes that can mean something in it."""

from __future__ import annotations

from dataclasses import dataclass

LF, CR, SPACE, BACKSLASH = 10, 13, 32, 92


@dataclass(frozen=True)
class Dialect:
    """How a file is written.

    delimiter: one ASCII character, or "" for a single column. quote: '"', "'" or "" for none. escape: "\\\\" or ""
    (quotes are doubled then). newline: "lf" (LF and CRLF) or "cr" (CR as well). blanks: runs of blanks delimit.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    newline: str = "lf"
    blanks: bool = False
