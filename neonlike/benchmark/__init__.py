"""Timing of whole models and of their layers (neon's ``benchmark`` package)."""

from neonlike.benchmark._benchmark import Benchmark as Benchmark

__all__ = ["Benchmark"]
