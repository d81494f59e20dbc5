"""neon's path of the CPU backend."""

from neonlike.backends._cpu import NervanaCPU as NervanaCPU
from neonlike.backends._cpu import NervanaReference as NervanaReference
from neonlike.backends._cpu_tensor import CPUTensor as CPUTensor
from neonlike.backends._numpy_ops import CustomNumpy as CustomNumpy
from neonlike.backends._numpy_ops import numpy_call_dict_cpu as numpy_call_dict_cpu

__all__ = ["CPUTensor", "CustomNumpy", "NervanaCPU", "NervanaReference", "numpy_call_dict_cpu"]
