"""Parameter initializers (neon's dotted path)."""

from neonlike.initializers._base import Initializer as Initializer
from neonlike.initializers._constant import Array as Array
from neonlike.initializers._constant import Constant as Constant
from neonlike.initializers._constant import IdentityInit as IdentityInit
from neonlike.initializers._random import Gaussian as Gaussian
from neonlike.initializers._random import GlorotUniform as GlorotUniform
from neonlike.initializers._random import Kaiming as Kaiming
from neonlike.initializers._random import Orthonormal as Orthonormal
from neonlike.initializers._random import SparseSpectral as SparseSpectral
from neonlike.initializers._random import Uniform as Uniform
from neonlike.initializers._random import Xavier as Xavier

__all__ = [
    "Array",
    "Constant",
    "Gaussian",
    "GlorotUniform",
    "IdentityInit",
    "Initializer",
    "Kaiming",
    "Orthonormal",
    "SparseSpectral",
    "Uniform",
    "Xavier",
]
