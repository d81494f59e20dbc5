"""Saved experiments."""

from neonlike.util._load_experiment import deserialize as deserialize

__all__ = ["deserialize"]
