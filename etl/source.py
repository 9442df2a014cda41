"""Bytes: open a file, a URL or standard input, decompress it, find its encoding, and read ranges of it.

Whatever comes in, what goes out is one range of bytes that can be read again at any offset, and in which line
ends, delimiters and quotes are single ASCII bytes. Compressed input, URLs, standard input and encodings that don't
have that property are spooled to a temporary file without a name, so that a killed process leaves nothing. What
workers elsewhere are to read is not spooled: they read the file or the URL itself.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import os
import re
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from etl.problems import Refused
from etl.remote import RemoteFile, is_url, pieces_of, without_password

PIECE = 1 << 20
HEAD = 1 << 16

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

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

MIXED = "utf-8, cp1252 where invalid"
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
    bom, marked = next(((bom, found) for bom, found in BOMS if head.startswith(bom)), (b"", None))
    found = encoding or marked or _guess_wide(head)
    if found in ("utf-16", "utf-32"):  # which byte comes first is told by the mark, or by where the NULs are
        found = marked or _guess_wide(head) or f"{found}-le"
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


def _refuse_compressed(name: str, head: bytes) -> None:
    kind = next((kind for magic, kind, _opener in COMPRESSIONS if head.startswith(magic)), None)
    if kind is not None:
        raise Refused(f"{name} is compressed ({kind}), and {SHARED}; unpack it first.")


def _decompressed(file: IO[bytes], name: str, shared: bool) -> tuple[IO[bytes], str | None]:
    head = os.pread(file.fileno(), 6, 0)
    opened = next(((kind, opener) for magic, kind, opener in COMPRESSIONS if head.startswith(magic)), None)
    if opened is None:
        return file, None
    if shared:
        _refuse_compressed(name, head)
    kind, opener = opened
    file.seek(0)
    with file:
        try:
            plain = opener(file, name)
            return _spooled(iter(lambda: plain.read(PIECE), b"")), kind
        except (EOFError, OSError, ValueError, lzma.LZMAError, zlib.error, zipfile.BadZipFile, RuntimeError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's fault, not the file's
            raise Refused(f"{name} is a damaged or cut-off {kind} file ({str(error).rstrip('.')}).") from error


def _open_zip(file: IO[bytes], name: str) -> IO[bytes]:
    archive = zipfile.ZipFile(file)
    names = [info.filename for info in archive.infolist() if not info.is_dir()]
    if "[Content_Types].xml" in names or "mimetype" in names:
        raise Refused(f"{name} is a spreadsheet or an office document; save the sheet as CSV first.")
    names = [member for member in names if not member.startswith("__MACOSX/") and not member.endswith(".DS_Store")]
    if len(names) != 1:
        raise Refused(f"{name} holds {len(names)} files; unpack it and name the one to load.")
    return archive.open(names[0])


def _open_zstd(file: IO[bytes], name: str) -> IO[bytes]:
    import zstandard

    class _WholeFrames(io.RawIOBase):
        """zstandard's reader takes a cut-off frame for the end of the file; this one doesn't."""

        def __init__(self) -> None:
            self.decompressor = zstandard.ZstdDecompressor().decompressobj()
            self.complete = True

        def read(self, size: int = -1) -> bytes:
            while piece := file.read(PIECE):
                out = b""
                while piece:
                    self.complete = False
                    try:
                        out += self.decompressor.decompress(piece)
                    except zstandard.ZstdError as error:
                        raise ValueError(str(error)) from error
                    piece = b""
                    if self.decompressor.eof:
                        self.complete = True
                        piece = self.decompressor.unused_data
                        self.decompressor = zstandard.ZstdDecompressor().decompressobj()
                if out:
                    return out
            if not self.complete:
                raise EOFError("the last frame is not complete")
            return b""

    return _WholeFrames()  # type: ignore[return-value]


def _gzip(file: IO[bytes], name: str) -> IO[bytes]:
    return gzip.GzipFile(fileobj=file)  # type: ignore[return-value]


def _bzip2(file: IO[bytes], name: str) -> IO[bytes]:
    return bz2.BZ2File(file)


def _xz(file: IO[bytes], name: str) -> IO[bytes]:
    return lzma.LZMAFile(file)


COMPRESSIONS: tuple[tuple[bytes, str, Callable[[IO[bytes], str], IO[bytes]]], ...] = (
    (b"\x1f\x8b", "gzip", _gzip),
    (b"BZh", "bzip2", _bzip2),
    (b"\xfd7zXZ\x00", "xz", _xz),
    (b"\x28\xb5\x2f\xfd", "zstd", _open_zstd),
    (b"PK\x03\x04", "zip", _open_zip),
    (b"PK\x05\x06", "zip", _open_zip),
)


def _refuse_foreign(name: str, head: bytes) -> None:
    for magic, what in FOREIGN:
        if head.startswith(magic):
            raise Refused(f"{name} is no CSV file but {what}.")


def _refuse_binary(name: str, head: bytes) -> None:
    # Text has tabs, line ends, now and then a form feed or an escape; a stray NUL is a damaged cell.
    odd = sum(head.count(bytes([code])) for code in range(32) if code not in (9, 10, 12, 13, 27))
    if odd > max(3, len(head) // 20):
        raise Refused(f"{name} is binary, not text.")


def _guess_wide(head: bytes) -> str | None:
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


def _transcode(source: Source, encoding: str) -> None:
    """Replace the source's bytes by the same text in UTF-8."""

    def pieces() -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        offset = source.start
        try:
            while piece := source.read(offset, PIECE):
                offset += len(piece)
                yield decoder.decode(piece).encode("utf-8", "strict")
            yield decoder.decode(b"", True).encode("utf-8", "strict")
        except UnicodeError as error:
            raise Refused(f"{source.name} is not {encoding} throughout ({error}); see --encoding.") from error

    spool = _spooled(pieces())
    source.file.close()
    source.file, source.start, source.encoding = spool, 0, "utf-8"
    source.size = os.fstat(spool.fileno()).st_size


def to_utf8(data: bytes, encoding: str) -> bytes:
    """`data` in UTF-8. Raises UnicodeDecodeError when the encoding is "utf-8" and the bytes are not."""
    if data.isascii():
        return data
    if encoding == "utf-8":
        data.decode("utf-8")
        return data
    if encoding == "cp1252":
        return _from_cp1252(data)
    return b"\n".join(map(_line_to_utf8, data.split(b"\n")))


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


def decide_encoding(source: Source) -> str:
    """The encoding of a file that is not UTF-8 throughout, decided on all of it.

    A file with more lines in valid multi-byte UTF-8 than invalid ones is UTF-8 that somebody appended to, and only
    its invalid lines are cp1252; any other is cp1252.
    """
    valid = invalid = 0
    offset, rest = source.start, b""
    while piece := source.read(offset, PIECE):
        offset += len(piece)
        lines = (rest + piece).split(b"\n")
        rest = lines.pop() if offset < source.size else b""
        for line in lines:
            if not line.isascii():
                try:
                    line.decode("utf-8")
                    valid += 1
                except UnicodeDecodeError:
                    invalid += 1
    return MIXED if valid > invalid else "cp1252"
