"""Places of steps in the buffers of the recurrent zoo."""

from __future__ import annotations

from neonlike.kernels._types import Array


def columns(t: int, n: int) -> slice:
    """The columns of step ``t`` for ``n`` examples."""
    return slice(t * n, (t + 1) * n)


def steps_of(sequence: Array, n: int) -> int:
    """The number of steps of a buffer without initial state."""
    return int(sequence.shape[1]) // n
