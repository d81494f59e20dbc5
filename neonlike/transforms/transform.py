"""Base class of activations (neon's dotted path)."""

from neonlike.transforms._transform import Transform as Transform

__all__ = ["Transform"]
