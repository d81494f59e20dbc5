"""The fast kernel set: Numba, and BLAS. A module is imported at its first use."""

import importlib
from types import ModuleType

from neonlike.kernels.numba._threads import get_num_threads as get_num_threads

__all__ = [
    "blas",
    "conv",
    "elementwise",
    "fused",
    "lookup",
    "norm",
    "patch",
    "pool",
    "recurrent",
    "reduce",
    "roi",
    "zoo",
]


def __getattr__(name: str) -> ModuleType:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(f"{__name__}.{name}")
