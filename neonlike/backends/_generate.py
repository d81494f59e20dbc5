"""Making and dropping the current backend (spec backend 2)."""

from __future__ import annotations

import atexit
import logging
from numbers import Integral
from typing import Any

import numpy as np

from neonlike._object import NervanaObject, NoBackend
from neonlike.backends._cpu import Backend
from neonlike.backends._exclusive import exclusive
from neonlike.backends._threads import enter_kernel_set, leave_kernel_set

logger = logging.getLogger(__name__)


@exclusive
def gen_backend(
    backend: str = "cpu",
    rng_seed: int | None = None,
    datatype: Any = np.float32,
    batch_size: int = 0,
    stochastic_round: Any = False,
    device_id: int = 0,
    max_devices: int = 0,
    compat_mode: str | None = None,
    deterministic_update: Any = None,
    deterministic: Any = None,
    default_dtype: Any = None,
    numerics: str = "fast",
) -> Any:
    """Make a backend the current one and return it.

    The current backend is ``NervanaObject.be``, shared by layers, optimizers,
    iterators and so on; an earlier one is cleaned up first.

    Args:
        backend: ``'cpu'`` (Numba kernels), ``'reference'`` (NumPy kernels), or
            ``'mkl'`` (same as ``'cpu'``).
        rng_seed: None or an int in [0, 2**32 - 1].
        datatype: ``np.float16``, ``np.float32`` or ``np.float64``.
        batch_size: batch size, ``be.bsz``; 0: to be set there before layers are allocated.
        stochastic_round: accepted for neon's GPU scripts, no effect.
        device_id: accepted for neon's GPU scripts, no effect.
        max_devices: accepted for neon's GPU scripts, no effect.
        compat_mode: None or ``'caffe'``.
        deterministic_update: deprecated, no effect.
        deterministic: deprecated, no effect.
        default_dtype: neon 1.x's name of ``datatype``.
        numerics: ``'fast'`` lets convolutions use the quickest algorithm, whose rounding errors
            may reach some 1e-5 of the largest output; ``'strict'`` sums the products directly.

    Raises:
        TypeError: a batch size or seed that is no integer.
        ValueError: unknown backend, dtype, mode or numerics, negative batch size or seed.
        RuntimeError: another Python thread is at work with the current backend.

    Example:
        >>> from neonlike.backends import gen_backend
        >>> be = gen_backend("cpu", batch_size=128, rng_seed=0)
        >>> be.bsz
        128
    """
    _warn_deprecated(deterministic_update=deterministic_update, deterministic=deterministic)
    if default_dtype is not None:
        logger.warning("gen_backend(default_dtype=...) is neon 1.x's name of datatype")
        datatype = default_dtype
    if NervanaObject.be is not None:
        cleanup_backend()
    else:
        atexit.unregister(_drop_backend)
        atexit.register(_drop_backend)
    _check_name(backend)
    _check_batch_size(batch_size)
    be = Backend.allocate_backend(
        backend,
        rng_seed=rng_seed,
        default_dtype=datatype,
        compat_mode=compat_mode,
        numerics=numerics,
    )
    logger.info("Backend: %s, RNG seed: %s", backend, rng_seed)
    enter_kernel_set(compiled=be.kernels.__name__.endswith("numba"))
    NervanaObject.be = be
    be.bsz = batch_size
    return be


@exclusive
def cleanup_backend() -> None:
    """Drop the current backend, if there is one.

    Raises:
        RuntimeError: another Python thread is at work with it.
    """
    _drop_backend()


def _drop_backend() -> None:
    if NervanaObject.be is not None:
        NervanaObject.be.cleanup_backend()
        leave_kernel_set()
        NervanaObject.be = NoBackend()


def _warn_deprecated(**given: Any) -> None:
    for name, value in given.items():
        if value:
            logger.warning("gen_backend(%s=...) is deprecated and has no effect", name)


def _check_batch_size(batch_size: Any) -> None:
    if not isinstance(batch_size, Integral):
        raise TypeError(f"batch_size must be an integer, got {batch_size!r}")
    if batch_size < 0:
        raise ValueError(f"batch_size must not be negative, got {batch_size}")


def _check_name(backend: Any) -> None:
    choices = Backend.backend_choices()
    if backend == "gpu":
        raise ValueError(
            "neonlike runs on CPUs: there is no 'gpu' backend, use backend='cpu' "
            f"(backend must be one of {tuple(choices)})"
        )
    if not isinstance(backend, str) or backend not in choices:
        raise ValueError(f"backend must be one of {tuple(choices)}, got {backend!r}")
