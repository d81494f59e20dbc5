"""Checks for layers of one's own: gradients, descriptions, saving, batch sizes."""

from neonlike.testing._gradient import check_gradient as check_gradient
from neonlike.testing._layer import check_layer as check_layer

__all__ = ["check_gradient", "check_layer"]
