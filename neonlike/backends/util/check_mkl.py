"""Query for the MKL engine: neonlike has its own kernels, so it is absent."""

from __future__ import annotations


def get_mkl_lib(device_id: int | None = None, verbose: bool = False) -> int:
    """Return whether the MKL engine is there: 0."""
    return 0
