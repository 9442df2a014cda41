"""What the C library does with memory that was freed: keep it, for the next block asks for the same again."""

from __future__ import annotations

import ctypes

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
