"""Tensors from batches of named arrays."""

from neonlike.data._adapter import DataLoaderAdapter as DataLoaderAdapter

__all__ = ["DataLoaderAdapter"]
