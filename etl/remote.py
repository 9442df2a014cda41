"""Sources behind a URL (s3://, gs://, https:// and whatever else fsspec knows): streamed, or read by ranges."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from etl.problems import Refused

PIECE = 1 << 20
# A block's neighbours are asked for together with it, and what is read from front to back in large pieces.
MARGIN = 1 << 16
AHEAD = 16 << 20

Answer = TypeVar("Answer")


def is_url(name: str) -> bool:
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", name) is not None


def without_password(url: str) -> str:
    """The URL as it may be kept and shown."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


class RemoteFile:
    """A file behind a URL that is read by ranges. Raises Refused when there is none, OSError when it can't be read."""

    def __init__(self, url: str) -> None:
        self.url = without_password(url)
        self.system, self.path = _located(url)
        size = _opening(self.url, lambda: self.system.size(self.path))
        if size is None:
            raise Refused(f"{self.url} doesn't say how long it is; fetch it first.")
        self.size = int(size)
        self.begin, self.window = 0, b""

    def pread(self, length: int, offset: int) -> bytes:
        """Up to `length` bytes from `offset`."""
        end = min(offset + length, self.size)
        if not self.begin <= offset <= end <= self.begin + len(self.window):
            self._fetch(offset, end)
        return self.window[offset - self.begin : max(offset, end) - self.begin]

    def _fetch(self, offset: int, end: int) -> None:
        goes_on = self.window and self.begin <= offset <= self.begin + len(self.window)
        begin = max(0, offset - MARGIN)
        end = min(self.size, max(end, offset + AHEAD if goes_on else 0) + MARGIN)
        try:
            found = self.system.cat_file(self.path, begin, end) if begin < end else b""
        except Exception as error:  # each kind of storage has exceptions of its own
            raise OSError(f"{self.url} can't be read: {_first_line(error)}") from error
        if len(found) != max(0, end - begin):
            raise Refused(f"{self.url} can't be read in parts, or changes while it is read; fetch it first.")
        self.begin, self.window = begin, found

    def close(self) -> None:
        self.window = b""


def pieces_of(url: str) -> Iterator[bytes]:
    """The bytes behind a URL from the first to the last."""
    shown = without_password(url)
    system, path = _located(url)
    with _opening(shown, lambda: system.open(path, "rb")) as file:
        while True:
            try:
                piece = file.read(PIECE)
            except Exception as error:
                raise OSError(f"{shown} can't be read: {_first_line(error)}") from error
            if not piece:
                return
            yield piece


def _located(url: str) -> tuple[Any, str]:
    try:
        import fsspec
    except ModuleNotFoundError:
        raise Refused("The package fsspec is missing: pip install -r requirements-dask.txt.") from None
    return _opening(without_password(url), lambda: fsspec.core.url_to_fs(url))


def _opening(shown: str, attempt: Callable[[], Answer]) -> Answer:
    try:
        return attempt()
    except ImportError as error:
        missing = getattr(error.__cause__, "name", None) or error.name or str(error)
        raise Refused(f"{shown} needs the package {missing}: pip install {missing}.") from error
    except FileNotFoundError:
        raise Refused(f"{shown} doesn't exist.") from None
    except Exception as error:
        raise Refused(f"{shown} can't be read: {_first_line(error)}.") from error


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
