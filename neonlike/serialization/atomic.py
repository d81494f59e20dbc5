"""Files that are either the old one or the complete new one."""

from neonlike.serialization._atomic import atomic_path as atomic_path
from neonlike.serialization._atomic import atomic_write as atomic_write

__all__ = ["atomic_path", "atomic_write"]
