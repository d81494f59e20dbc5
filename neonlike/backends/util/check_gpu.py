"""Queries for a GPU: neonlike runs on CPUs, so there is none."""

from __future__ import annotations


def get_device_count(verbose: bool = False) -> int:
    """Return the number of usable GPUs: 0."""
    return 0


def get_compute_capability(device_id: int | None = None, verbose: bool = False) -> float:
    """Return the compute capability of a GPU: 0."""
    return 0


def ensure_gpu_capability(device_id: int) -> None:
    """Refuse to use a GPU.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError(f"GPU {device_id} cannot be used: neonlike runs on CPUs")
