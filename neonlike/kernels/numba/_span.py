"""Even division of work."""

from __future__ import annotations

from neonlike.kernels.numba._jit import inline


@inline
def span(part: int, parts: int, total: int, grain: int) -> tuple[int, int]:
    """First and last (exclusive) of the ``total`` items of part number ``part`` of ``parts``.

    All parts but the last begin and end at a multiple of ``grain``; some may be empty.
    """
    grains = (total + grain - 1) // grain
    return (
        min(grains * part // parts * grain, total),
        min(grains * (part + 1) // parts * grain, total),
    )
