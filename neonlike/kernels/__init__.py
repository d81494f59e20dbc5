"""Kernel sets: the arithmetic of neonlike, as pure functions on ndarrays.

Each set is a package with the same module names, function names and
signatures, so that the reference set is the oracle of the fast one. Index
letters, fixed throughout: N batch; C input channels; D, H, W input depth,
height, width; K filters (output channels); T, R, S filter depth, height,
width; M, P, Q output depth, height, width.

A kernel writes into an ``out`` argument, allocates nothing large (scratch
comes from the caller's buffer pool), checks nothing and knows nothing above.
"""

from __future__ import annotations

import importlib
import logging
import os
from types import ModuleType

SETS = ("numba", "reference")
logger = logging.getLogger(__name__)


def load(name: str) -> ModuleType:
    """Import and return a kernel set.

    With ``NEONLIKE_JIT=0`` in the environment the reference set stands in for
    the Numba set, and the log says so.

    Args:
        name: ``"numba"``, ``"reference"``, or the dotted path of a module with
            the same functions, which may be anybody's.

    Raises:
        ValueError: there is no such set.
    """
    if name == "numba" and os.environ.get("NEONLIKE_JIT") == "0":
        logger.warning("NEONLIKE_JIT=0: the reference (NumPy) kernels replace the Numba kernels")
        name = "reference"
    path = f"neonlike.kernels.{name}" if name in SETS else name
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name != path:
            raise
        raise ValueError(
            f"kernel set must be one of {SETS} or the path of a module, got {name!r}"
        ) from error
