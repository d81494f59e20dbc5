"""Fused kernels: NumPy compiles nothing, so op-trees of this set are always interpreted."""

from __future__ import annotations

from neonlike.kernels._nest import Nest


def compile_nest(nest: Nest) -> None:
    """Return None: the nest is not compiled."""
