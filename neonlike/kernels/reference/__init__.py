"""The plain kernel set: NumPy, short and obviously right; the oracle of the tests."""

from neonlike.kernels.reference import blas as blas
from neonlike.kernels.reference import conv as conv
from neonlike.kernels.reference import elementwise as elementwise
from neonlike.kernels.reference import fused as fused
from neonlike.kernels.reference import lookup as lookup
from neonlike.kernels.reference import norm as norm
from neonlike.kernels.reference import patch as patch
from neonlike.kernels.reference import pool as pool
from neonlike.kernels.reference import recurrent as recurrent
from neonlike.kernels.reference import reduce as reduce
from neonlike.kernels.reference import roi as roi
from neonlike.kernels.reference import zoo as zoo

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
    "zoo",
]
