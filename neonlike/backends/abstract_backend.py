"""neon's path of the abstract backend."""

from neonlike.backends._abstract import AbstractBackend as AbstractBackend
from neonlike.backends._abstract import Backend_ABC_Meta as Backend_ABC_Meta

__all__ = ["AbstractBackend", "Backend_ABC_Meta"]
