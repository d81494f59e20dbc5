"""Queries on saved models."""

from neonlike.util._modeldesc import ModelDescription as ModelDescription

__all__ = ["ModelDescription"]
