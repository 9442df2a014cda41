"""Files sent as they are; what a request binds them to is refused in the API's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, send_from_directory
from werkzeug.exceptions import PreconditionFailed

if TYPE_CHECKING:
    from pathlib import Path


def sent(folder: Path, name: str) -> Response:
    """A file of a folder, or the part of it that was asked for."""
    response = send_from_directory(folder, name)
    if response.status_code == 412:  # it would be sent under this status nevertheless
        response.close()
        raise PreconditionFailed
    return response
