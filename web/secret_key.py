"""The random key that signs tokens when none is configured: made once, the same for every process."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path


def shared_key(path: Path) -> str:
    """The key in `path`; the first process to ask makes it, readable by the owner alone."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _offer_key(path)
    return path.read_text(encoding="ascii", errors="replace").strip()


def _offer_key(path: Path) -> None:
    # A link appears whole or not at all, and never replaces: of several processes one wins, and no one
    # reads half a key. mkstemp makes the file with mode 0600.
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".jwt_secret_key.")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()
