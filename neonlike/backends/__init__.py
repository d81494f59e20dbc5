"""Backends: tensors, op-trees, random numbers, and every operation that layers call."""

from neonlike._object import NervanaObject as NervanaObject
from neonlike.backends import autodiff as autodiff
from neonlike.backends import backend as backend
from neonlike.backends import nervanacpu as nervanacpu
from neonlike.backends import nervanamkl as nervanamkl
from neonlike.backends._autodiff import Autodiff as Autodiff
from neonlike.backends._generate import cleanup_backend as cleanup_backend
from neonlike.backends._generate import gen_backend as gen_backend
from neonlike.backends._threads import get_num_threads as get_num_threads
from neonlike.backends._threads import set_num_threads as set_num_threads
from neonlike.backends.util.check_gpu import get_device_count as get_device_count
from neonlike.backends.util.check_mkl import get_mkl_lib as get_mkl_lib

__all__ = [
    "Autodiff",
    "NervanaObject",
    "autodiff",
    "backend",
    "cleanup_backend",
    "gen_backend",
    "get_device_count",
    "get_mkl_lib",
    "get_num_threads",
    "nervanacpu",
    "nervanamkl",
    "set_num_threads",
]
