"""Compressed files: known by how they begin, whatever their name, and unpacked piece by piece."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any

import pyarrow as pa

from etl.problems import Refused

PIECE = 1 << 20

# How each kind begins.
KINDS = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}


def compression_of(head: bytes) -> str | None:
    """The kind of a file that begins so; None when it is not compressed."""
    return next((kind for magic, kind in KINDS.items() if head.startswith(magic)), None)


def unpacked(kind: str, file: IO[bytes], name: str) -> Iterator[bytes]:
    """The bytes of a compressed file from the first to the last. Raises Refused."""
    try:
        plain = _only_member(zipfile.ZipFile(file), name) if kind == "zip" else OPENERS[kind](file)
        while piece := plain.read(PIECE):
            yield piece
    except (EOFError, OSError, ValueError, lzma.LZMAError, zlib.error, zipfile.BadZipFile, RuntimeError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's fault, not the file's
        raise Refused(f"{name} is a damaged or cut-off {kind} file ({str(error).rstrip('.')}).") from error


def _zstd(file: IO[bytes]) -> Any:
    return pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd")


OPENERS: dict[str, Callable[[IO[bytes]], Any]] = {
    "gzip": gzip.open,
    "bzip2": bz2.open,
    "xz": lzma.open,
    "zstd": _zstd,
}


def _only_member(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    members = [info.filename for info in archive.infolist() if not info.is_dir()]
    if "[Content_Types].xml" in members or "mimetype" in members:
        raise Refused(f"{name} is a spreadsheet or an office document; save the sheet as CSV first.")
    members = [one for one in members if not one.startswith("__MACOSX/") and not one.endswith(".DS_Store")]
    if len(members) != 1:
        raise Refused(f"{name} holds {len(members)} files; unpack it and name the one to load.")
    return archive.open(members[0])
