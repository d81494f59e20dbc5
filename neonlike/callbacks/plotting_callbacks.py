"""Callbacks that draw (neon's dotted path)."""

from neonlike.callbacks._gan_plot import GANPlotCallback as GANPlotCallback

__all__ = [
    "GANPlotCallback",
]
