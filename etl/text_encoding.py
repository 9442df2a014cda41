"""How a file's text is encoded, seen in its bytes, and the same text in UTF-8."""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Iterable

MIXED = "utf-8, cp1252 where invalid"

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def mark_of(head: bytes) -> tuple[bytes, str | None]:
    """The byte order mark that the text begins with, and the encoding that it tells."""
    return next(((mark, encoding) for mark, encoding in BOMS if head.startswith(mark)), (b"", None))


def guess_wide(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a byte order mark shows by where its NUL bytes are."""
    if len(head) < 4 or b"\x00" not in head:
        return None
    nul = [head[place::4].count(0) / max(1, len(head[place::4])) for place in range(4)]
    if nul[3] > 0.9 and nul[2] > 0.9 and nul[0] < 0.1:
        return "utf-32-le"
    if nul[0] > 0.9 and nul[1] > 0.9 and nul[3] < 0.1:
        return "utf-32-be"
    even, odd = (nul[0] + nul[2]) / 2, (nul[1] + nul[3]) / 2
    if odd > 0.3 and even < odd / 4:
        return "utf-16-le"
    if even > 0.3 and odd < even / 4:
        return "utf-16-be"
    return None


def to_utf8(data: bytes, encoding: str) -> bytes:
    """`data` in UTF-8. Raises UnicodeDecodeError when the encoding is "utf-8" and the bytes are not."""
    if data.isascii():
        return data
    if encoding == "utf-8":
        data.decode("utf-8")
        return data
    if encoding == "cp1252":
        return _from_cp1252(data)
    return b"".join(map(_line_to_utf8, data.splitlines(keepends=True)))


def to_utf8_in_any_case(data: bytes, encoding: str) -> bytes:
    """The same for a part of a file of which not all is known yet: no bytes contradict the encoding."""
    return to_utf8(data, MIXED if encoding == "utf-8" else encoding)


def _line_to_utf8(line: bytes) -> bytes:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return _from_cp1252(line)
    return line


def _from_cp1252(data: bytes) -> bytes:
    # The five bytes that cp1252 leaves open become the C1 controls, as the WHATWG Encoding Standard has it.
    return data.decode("cp1252", "c1").encode("utf-8")


def _c1(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "".join(map(chr, error.object[error.start : error.end])), error.end


codecs.register_error("c1", _c1)


def decide_encoding(pieces: Iterable[bytes]) -> str:
    """The encoding of a file that is not UTF-8 throughout, decided on all of it.

    A file with more lines in valid multi-byte UTF-8 than invalid ones is UTF-8 that somebody appended to, and only
    its invalid lines are cp1252; any other is cp1252.
    """
    valid = invalid = 0
    rest = b""
    for piece in itertools.chain(pieces, [b"\n"]):
        lines = (rest + piece).splitlines(keepends=True)
        rest = b"" if lines[-1].endswith((b"\n", b"\r")) else lines.pop()
        for line in lines:
            if not line.isascii():
                try:
                    line.decode("utf-8")
                    valid += 1
                except UnicodeDecodeError:
                    invalid += 1
    return MIXED if valid > invalid else "cp1252"
