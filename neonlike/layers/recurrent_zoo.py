"""Recurrent layers that neon does not have."""

from neonlike.layers._renet import ReNet as ReNet

__all__ = ["ReNet"]
