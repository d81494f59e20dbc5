"""The fast kernel set: Numba, and BLAS."""

from neonlike.kernels.numba import blas as blas
from neonlike.kernels.numba import conv as conv
from neonlike.kernels.numba import elementwise as elementwise
from neonlike.kernels.numba import fused as fused
from neonlike.kernels.numba import lookup as lookup
from neonlike.kernels.numba import norm as norm
from neonlike.kernels.numba import pool as pool
from neonlike.kernels.numba import recurrent as recurrent
from neonlike.kernels.numba import reduce as reduce
from neonlike.kernels.numba import roi as roi

__all__ = [
    "blas",
    "conv",
    "elementwise",
    "fused",
    "lookup",
    "norm",
    "pool",
    "recurrent",
    "reduce",
    "roi",
]
