"""What happens during training besides training."""

from neonlike.callbacks._container import Callbacks as Callbacks

__all__ = [
    "Callbacks",
]
