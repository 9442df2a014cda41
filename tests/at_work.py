"""Clients at work side by side; the benchmarks have theirs at work so too, and need nothing else of the tests."""

from __future__ import annotations

import threading
from contextlib import contextmanager


@contextmanager
def at_work(clients):
    """Each of them runs in a thread of its own, until the end of the block."""
    stop = threading.Event()
    threads = [threading.Thread(target=client.run, args=[stop]) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
