"""The number of threads of kernels, known before Numba is loaded.

Numba's pool runs all threads. But loading Numba takes a third of a second, and with one thread
many networks need none of it.
"""

from __future__ import annotations

import logging
import os
from typing import Any

# A waiting OpenMP thread spins for some 10 us, which covers the gap between two kernels (a region
# costs 5 us, not 50), then sleeps: longer spinning takes the cores from BLAS and other processes.
# GNU OpenMP reads this when Numba loads it, at the first parallel kernel.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "5000")

logger = logging.getLogger(__name__)

_number: int | None = None
_numba: Any = None


def set_num_threads(number: int) -> None:
    """Use ``number`` threads, or as many as Numba's pool has."""
    global _number
    _number = number
    if _numba is not None:
        pool = int(_numba.config.NUMBA_NUM_THREADS)
        if pool < number:
            logger.warning("NUMBA_NUM_THREADS=%d limits the threads to %d", pool, pool)
            _number = pool
        _numba.set_num_threads(_number)


def get_num_threads() -> int:
    """The number of threads that the next kernel uses: as many as set, else as Numba says."""
    if _number is not None:
        return _number
    numba_is_loaded()
    return int(_numba.get_num_threads())


def numba_is_loaded() -> None:
    """Give Numba its number of threads, if one was set."""
    global _numba
    if _numba is not None:
        return
    import numba

    _numba = numba
    if _number is not None:
        set_num_threads(_number)
