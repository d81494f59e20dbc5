"""Softmax over the rows of each column: NumPy's vectorised loops serve this set as well."""

from __future__ import annotations

from neonlike.kernels.reference.softmax import bprop as bprop
from neonlike.kernels.reference.softmax import fprop as fprop

__all__ = ["bprop", "fprop"]
