"""Networks with their training loop."""

from neonlike.models._model import Model as Model

__all__ = ["Model"]
