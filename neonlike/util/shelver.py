"""Shelves shared by processes."""

from neonlike.util._shelver import atomic_shelve as atomic_shelve

__all__ = ["atomic_shelve"]
