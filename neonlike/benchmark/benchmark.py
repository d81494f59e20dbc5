"""Timing of models (neon's dotted path)."""

from neonlike.benchmark._benchmark import Benchmark as Benchmark
from neonlike.benchmark._benchmark import flatten_layers as flatten_layers

__all__ = ["Benchmark", "flatten_layers"]
