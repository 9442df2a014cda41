"""Memory while blocks are loaded: what was freed is kept for the next block, and what stays is not looked at again."""

from __future__ import annotations

import contextlib
import ctypes
import gc
from collections.abc import Iterator

# The numbers of glibc's <malloc.h>.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
LARGEST_KEPT = 32 << 20  # bytes; the most that glibc takes
MOST_KEPT = 64 << 20


def keep_freed_memory() -> None:
    """Let arrays of a block's size come from memory that is at hand, in this process and those forked from it.

    By default each is mapped anew and filled with zeros by the kernel, which costs a tenth of a load. Where the C
    library is another one, nothing is changed.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # not glibc; on Windows there is no library without a name
        return
    mallopt(M_MMAP_THRESHOLD, LARGEST_KEPT)
    mallopt(M_TRIM_THRESHOLD, MOST_KEPT)


@contextlib.contextmanager
def settled() -> Iterator[None]:
    """Spare the objects that are there now, most of them the imports', from collections of garbage.

    Those would go through all of them again and again, and in a forked process that copies the pages they lie in: a
    tenth of a load.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
