"""neon's path of the MKL backend, which here is the CPU backend."""

from neonlike.backends._cpu import MKLTensor as MKLTensor
from neonlike.backends._cpu import NervanaMKL as NervanaMKL

__all__ = ["MKLTensor", "NervanaMKL"]
