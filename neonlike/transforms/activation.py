"""Activation functions (neon's dotted path)."""

from neonlike.transforms._pointwise import Identity as Identity
from neonlike.transforms._pointwise import Normalizer as Normalizer
from neonlike.transforms._pointwise import Sign as Sign
from neonlike.transforms._rectifiers import Explin as Explin
from neonlike.transforms._rectifiers import Rectlin as Rectlin
from neonlike.transforms._rectifiers import Rectlinclip as Rectlinclip
from neonlike.transforms._squashing import CenteredLogistic as CenteredLogistic
from neonlike.transforms._squashing import Logistic as Logistic
from neonlike.transforms._squashing import PixelwiseSoftmax as PixelwiseSoftmax
from neonlike.transforms._squashing import Softmax as Softmax
from neonlike.transforms._squashing import Tanh as Tanh
from neonlike.transforms._transform import Transform as Transform

__all__ = [
    "CenteredLogistic",
    "Explin",
    "Identity",
    "Logistic",
    "Normalizer",
    "PixelwiseSoftmax",
    "Rectlin",
    "Rectlinclip",
    "Sign",
    "Softmax",
    "Tanh",
    "Transform",
]
