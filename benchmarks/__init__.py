"""Benchmarks: kernels, layers and nets of neonlike by id, beside PyTorch where it is installed.

Run ``python -m benchmarks --help``; ``benchmarks/README.md`` explains the method.
"""

from benchmarks._time import time_item as time_item
from benchmarks._time import time_step as time_step

__all__ = ["time_item", "time_step"]
