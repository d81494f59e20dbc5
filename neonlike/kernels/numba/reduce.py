"""Reductions of op-trees: NumPy's vectorised loops serve this set as well."""

from __future__ import annotations

from neonlike.kernels.reference.reduce import COMBINE as COMBINE
from neonlike.kernels.reference.reduce import REDUCE as REDUCE

__all__ = ["COMBINE", "REDUCE"]
