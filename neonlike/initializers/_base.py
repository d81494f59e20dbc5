"""``Initializer``: the base of parameter initializers (spec training 2)."""

from __future__ import annotations

from typing import Any

from neonlike._object import NervanaObject


class Initializer(NervanaObject):
    """Writes start values into a parameter tensor.

    Random values come from ``be.rng`` as float64 of the parameter's shape and
    are rounded on assignment: equal seeds give equal parameters. A layer whose
    initializer is *named* "Identity" is not trained.
    """

    def fill(self, param: Any) -> None:
        """Write the start values into the tensor ``param``."""
        raise NotImplementedError(f"{type(self).__name__} must define fill(param)")
