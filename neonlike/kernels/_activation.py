"""Codes by which the recurrent kernels know an activation function.

Kernels apply an activation in the middle of a sweep, so they get it as three numbers. The
derivative is a function of the activation's *output* y, as everywhere in neon:

    IDENTITY           x                                            1
    TANH               tanh(x)                                      1 - y^2
    LOGISTIC           1 / (1 + exp(-x))                            y (1 - y)
    LOGISTIC_SHORTCUT  1 / (1 + exp(-x))                            1
    RECTLIN            max(x, 0) + slope min(x, 0)                  (y > 0) + slope (y < 0)
    RECTLINCLIP        min(max(x, 0) + slope min(x, 0), limit)      RECTLIN where y < limit, else 0
    EXPLIN             max(x, 0) + slope (exp(min(x, 0)) - 1)       (y > 0) + (y + slope) (y < 0)
    CENTERED           slope (2 / (1 + exp(-x)) - 1)                (slope^2 - y^2) / (2 slope)
"""

from __future__ import annotations

from typing import NamedTuple

IDENTITY, TANH, LOGISTIC, LOGISTIC_SHORTCUT, RECTLIN, RECTLINCLIP, EXPLIN, CENTERED = range(8)


class Activation(NamedTuple):
    """An activation with its numbers; ``slope`` and ``limit`` as in the table above."""

    kind: int
    slope: float = 0.0
    limit: float = 0.0
