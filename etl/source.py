"""Bytes: open a file, a URL or standard input, and read ranges of it.

Whatever comes in, what goes out is one range of bytes that can be read again at any offset, and in which line
ends, delimiters and quotes are single ASCII bytes. Compressed input, URLs, standard input and encodings that don't
have that property are spooled to a temporary file without a name, so that a killed process leaves nothing. What
workers elsewhere are to read is not spooled: they read the file or the URL itself.
"""

from __future__ import annotations

import codecs
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from etl.compression import compression_of, unpacked
from etl.problems import Refused
from etl.remote import RemoteFile, is_url, pieces_of, without_password
from etl.text_encoding import guess_wide, mark_of

PIECE = 1 << 20
HEAD = 1 << 16

# How the bytes of what is certainly no CSV file begin.
FOREIGN = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"GIF8", "a GIF picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\x00", "a SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Office file; save the sheet as CSV first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
)

SHARED = "the workers of a cluster read the file itself, each its part"


@dataclass
class Source:
    """Bytes that can be read again at any offset. Close it when done.

    name: as the user gave it. path: absolute, a URL, or "-" for standard input. start: where the text begins, behind
    a byte order mark. size: the end of the text. encoding: of the bytes that `read` gives. told: True when the
    user or a byte order mark said so. original: what the encoding was before spooling.
    """

    name: str
    path: str
    file: IO[bytes] | RemoteFile
    start: int
    size: int
    encoding: str
    told: bool
    original: str
    compression: str | None = None

    def read(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`; fewer only at the end."""
        pieces = []
        while length > 0 and (piece := _pread(self.file, length, offset)):
            pieces.append(piece)
            offset += len(piece)
            length -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def pieces(self) -> Iterator[bytes]:
        """All of it, piece by piece."""
        offset = self.start
        while piece := self.read(offset, PIECE):
            yield piece
            offset += len(piece)

    def stamp(self) -> tuple[int, ...]:
        """What changes when somebody writes into the file; nothing does in one that is read by URL."""
        if isinstance(self.file, RemoteFile):
            return ()
        found = os.fstat(self.file.fileno())
        return found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def close(self) -> None:
        self.file.close()

    def stem(self) -> str:
        """The file's name without folders and endings, for a table's name; "stdin" for standard input."""
        if self.path == "-":
            return "stdin"
        path = Path(unquote(re.split("[?#]", self.path)[0]) if is_url(self.path) else self.path)
        if path.suffix.lower() in (".gz", ".bz2", ".xz", ".zst", ".zip"):
            path = path.with_suffix("")
        return path.stem


def open_source(name: str, encoding: str | None = None, *, shared: bool = False) -> Source:
    """Open `name` (a path, a URL, or "-" for standard input). Raises Refused for what can't be a table.

    shared: workers elsewhere are to read the same bytes, so what would have to be spooled is refused.
    """
    if name.startswith("file://"):
        name = unquote(urlsplit(name).path)
    file, compression = _opened(name, shared), None
    try:
        if not isinstance(file, RemoteFile):
            file, compression = _decompressed(file, name, shared)
        return _described(name, file, compression, encoding, shared)
    except BaseException:
        file.close()
        raise


def reachable_name(name: str) -> str:
    """A source's name for a process with another working directory, perhaps on another machine."""
    return name if is_url(name) else str(Path(name).absolute())


def open_again(name: str, start: int, size: int, encoding: str) -> Source:
    """A shared source that was opened and described elsewhere. Raises OSError, and Refused."""
    file = RemoteFile(name) if is_url(name) else Path(name).open("rb")  # noqa: SIM115 - the Source closes it
    return Source(name, _absolute(name), file, start, size, encoding, True, encoding)


def _described(
    name: str, file: IO[bytes] | RemoteFile, compression: str | None, encoding: str | None, shared: bool
) -> Source:
    size = file.size if isinstance(file, RemoteFile) else os.fstat(file.fileno()).st_size
    head = _pread(file, HEAD, 0)
    if isinstance(file, RemoteFile):
        _refuse_compressed(name, head)
    if not head:
        raise Refused(f"{name} is empty.")
    _refuse_foreign(name, head)
    bom, marked = mark_of(head)
    found = encoding or marked or guess_wide(head)
    if found in ("utf-16", "utf-32"):  # which byte comes first is told by the mark, or by where the NULs are
        found = marked or guess_wide(head) or f"{found}-le"
    source = Source(
        name, _absolute(name), file, len(bom), size, "utf-8", found is not None, found or "utf-8", compression
    )
    if found in (None, "utf-8", "ascii"):
        _refuse_binary(name, head)
    elif found == "cp1252":
        source.encoding = "cp1252"
    elif shared:
        raise Refused(f"{name} is {found}, and {SHARED}; convert it to UTF-8 first.")
    else:
        _transcode(source, found)
    return source


def _absolute(name: str) -> str:
    if is_url(name):
        return without_password(name)
    return "-" if name == "-" else str(Path(name).resolve())


def _pread(file: IO[bytes] | RemoteFile, length: int, offset: int) -> bytes:
    return file.pread(length, offset) if isinstance(file, RemoteFile) else os.pread(file.fileno(), length, offset)


def _opened(name: str, shared: bool) -> IO[bytes] | RemoteFile:
    if is_url(name):
        return RemoteFile(name) if shared else _spooled(pieces_of(name))
    if name == "-" and not shared:
        return _spooled(iter(lambda: sys.stdin.buffer.read(PIECE), b""))
    if name == "-":
        raise Refused(f"Standard input can't be loaded on a cluster, for {SHARED}.")
    path = Path(name)
    if path.is_dir():
        raise Refused(f"{name} is a folder; name a file in it.")
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise Refused(f"{name} doesn't exist.") from None
    except OSError as error:
        raise Refused(f"{name} can't be read: {error.strerror}.") from error
    if not file.seekable():
        with file:
            if shared:
                raise Refused(f"{name} is no file but a pipe, and {SHARED}.")
            return _spooled(iter(lambda: file.read(PIECE), b""))
    return file


def _spooled(pieces: Iterator[bytes]) -> IO[bytes]:
    spool = tempfile.TemporaryFile(prefix="process_csv-")  # noqa: SIM115 - the Source closes it
    try:
        for piece in pieces:
            spool.write(piece)
        spool.flush()
    except BaseException:
        spool.close()
        raise
    return spool


def _decompressed(file: IO[bytes], name: str, shared: bool) -> tuple[IO[bytes], str | None]:
    head = os.pread(file.fileno(), HEAD, 0)
    kind = compression_of(head)
    if kind is None:
        return file, None
    if shared:
        _refuse_compressed(name, head)
    file.seek(0)
    with file:
        return _spooled(unpacked(kind, file, name)), kind


def _refuse_compressed(name: str, head: bytes) -> None:
    kind = compression_of(head)
    if kind is not None:
        raise Refused(f"{name} is compressed ({kind}), and {SHARED}; unpack it first.")


def _refuse_foreign(name: str, head: bytes) -> None:
    for magic, what in FOREIGN:
        if head.startswith(magic):
            raise Refused(f"{name} is no CSV file but {what}.")


def _refuse_binary(name: str, head: bytes) -> None:
    # Text has tabs, line ends, now and then a form feed or an escape; a stray NUL is a damaged cell.
    odd = sum(head.count(bytes([code])) for code in range(32) if code not in (9, 10, 12, 13, 27))
    if odd > max(3, len(head) // 20):
        raise Refused(f"{name} is binary, not text.")


def _transcode(source: Source, encoding: str) -> None:
    """Replace the source's bytes by the same text in UTF-8."""

    def pieces() -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        try:
            for piece in source.pieces():
                yield decoder.decode(piece).encode("utf-8", "strict")
            yield decoder.decode(b"", True).encode("utf-8", "strict")
        except UnicodeError as error:
            raise Refused(f"{source.name} is not {encoding} throughout ({error}); see --encoding.") from error

    spool = _spooled(pieces())
    source.file.close()
    source.file, source.start, source.encoding = spool, 0, "utf-8"
    source.size = os.fstat(spool.fileno()).st_size
