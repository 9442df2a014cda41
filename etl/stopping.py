"""A request to stop, from Ctrl-C or SIGTERM: noted at once, and followed where a block ends.

An exception out of a signal handler may come in the middle of anything, a lock of the standard library included. So
the handler only notes the request; a second one is not so patient.
"""

from __future__ import annotations

import signal
from types import FrameType

from etl.problems import Stopped

_requested = False


def listen() -> None:
    """Note Ctrl-C and SIGTERM from now on."""
    signal.signal(signal.SIGINT, _note)
    signal.signal(signal.SIGTERM, _note)


def _note(_signal: int, _frame: FrameType | None) -> None:
    global _requested
    if _requested:
        raise KeyboardInterrupt
    _requested = True


def check() -> None:
    """Raise Stopped when there was a request."""
    if _requested:
        raise Stopped
