"""One switch for all threads: ``NEONLIKE_NUM_THREADS``, or ``set_num_threads``.

Kernels run in Numba's pool. BLAS runs with one thread beside it, since two
pools slow each other down; without Numba kernels the threads go to BLAS.
Nothing happens before a backend is made.
"""

from __future__ import annotations

import functools
import importlib
import logging
import os
import sys
from typing import Any

VARIABLE = "NEONLIKE_NUM_THREADS"
_KERNELS = "neonlike.kernels.numba._threads"  # loaded with the compiled kernels
logger = logging.getLogger(__name__)

_chosen: int | None = None
_blas_limit: Any = None
_blas_follows = False


def available_threads() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def get_num_threads() -> int:
    """Return the number of threads that kernels use."""
    if _chosen is not None:
        return _chosen
    text = os.environ.get(VARIABLE)
    if not text:
        return available_threads()
    if not text.isdigit() or int(text) < 1:
        raise ValueError(f"{VARIABLE} must be a number of threads, 1 or more, got {text!r}")
    return min(int(text), available_threads())


def set_num_threads(number: int) -> None:
    """Use ``number`` threads from now on; overrides ``NEONLIKE_NUM_THREADS``.

    Raises:
        ValueError: less than one thread, or more than there are cores.
    """
    global _chosen
    cores = available_threads()
    if not 1 <= number <= cores:
        raise ValueError(f"the number of threads must be from 1 to {cores}, got {number}")
    _chosen = number
    _tell_kernels()
    if _blas_follows:
        _limit_blas(number)


def enter_kernel_set(compiled: bool) -> None:
    """Share out the threads for a backend with compiled kernels, or with NumPy's only."""
    global _blas_follows
    _blas_follows = not compiled
    if compiled:
        importlib.import_module(_KERNELS)
        _tell_kernels()
    _limit_blas(1 if compiled else get_num_threads())


def leave_kernel_set() -> None:
    """Give BLAS back the threads it had before ``enter_kernel_set``."""
    global _blas_limit, _blas_follows
    _blas_follows = False
    if _blas_limit is not None:
        _blas_limit.restore_original_limits()
        _blas_limit = None


def adopt_thread() -> None:
    """Give the calling Python thread the number of threads; Numba keeps it for each by itself."""
    if not _blas_follows:
        _tell_kernels()


def _tell_kernels() -> None:
    pool = sys.modules.get(_KERNELS)
    if pool is not None:
        pool.set_num_threads(get_num_threads())


@functools.cache
def _blas_libraries() -> Any:
    """The BLAS libraries loaded so far: NumPy's. Looking for them costs milliseconds."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


def _limit_blas(number: int) -> None:
    global _blas_limit
    if _blas_limit is not None:
        _blas_limit.restore_original_limits()
    _blas_limit = _blas_libraries().limit(limits=number)
