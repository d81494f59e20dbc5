"""Benchmarks: kernels, layers and nets of neonlike by id, beside PyTorch where it is installed.

Run ``python -m benchmarks --help``; ``benchmarks/README.md`` explains the method.
"""
