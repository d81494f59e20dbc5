"""Models (neon's dotted path)."""

from neonlike.models._gan import GAN as GAN
from neonlike.models._model import Model as Model

__all__ = ["GAN", "Model"]
