"""Element-wise operations of op-trees: NumPy's vectorised loops serve this set as well.

The compiled tier above the interpreter fuses whole trees; single operations on
cache-sized blocks gain nothing from another compiler.
"""

from __future__ import annotations

from neonlike.kernels.reference.elementwise import BINARY as BINARY
from neonlike.kernels.reference.elementwise import UNARY as UNARY

__all__ = ["BINARY", "UNARY"]
