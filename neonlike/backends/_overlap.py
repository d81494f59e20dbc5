"""Whether a program may write to its targets while it reads its operands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.lib.array_utils import byte_bounds

from neonlike.backends._flatten import Flat
from neonlike.backends._graph import Value

# (number of a target, of another array, lowest and highest distance of their first elements at
# which they overlap, whether 0 is harmless)
Zone = tuple[int, int, int, int, bool]


class Overlap:
    """Tells whether writing the targets could change operands that are still to be read.

    Args:
        targets: the tensors that are written.
        leaves: those that are read.
        harmless: pairs (number of a target, number of a leaf) that may be the same memory.
    """

    def __init__(
        self, targets: Sequence[Any], leaves: Sequence[Any], harmless: set[tuple[int, int]]
    ) -> None:
        arrays = [*targets, *leaves]
        bounds = [_bounds(array) for array in arrays]
        self._zones: list[Zone] = []
        for t, (first, last) in enumerate(bounds[: len(targets)]):
            for n, (low, high) in enumerate(bounds[t + 1 :], t + 1):
                zone = (t, n, first - high, last - low, (t, n - len(targets)) in harmless)
                self._zones.append(zone)

    def among(self, places: Sequence[int]) -> bool:
        """Whether it could, with the first elements at these addresses: targets, then leaves."""
        for target, other, low, high, harmless in self._zones:
            distance = places[other] - places[target]
            if low < distance < high and not (harmless and distance == 0):
                return True
        return False


def overlap_of(values: Sequence[Value], targets: Sequence[Any], flat: Flat) -> Overlap:
    """The check of a program: what is read only at the place that is written may be the target.

    Of several assignments, those after the first see the new values: these come from the kernel
    itself where they read the same tensor object, and only there.
    """
    if len(targets) == 1:
        moved = _moved(values)
        layout = targets[0].layout
        own = {n for n, leaf in enumerate(flat.leaves) if leaf.layout == layout} - moved
        return Overlap(targets, flat.leaves, {(0, n) for n in own})
    own_leaves = ((t, flat.find(target)) for t, target in enumerate(targets))
    return Overlap(targets, flat.leaves, {(t, n) for t, n in own_leaves if n is not None})


def _bounds(tensor: Any) -> tuple[int, int]:
    """Where the bytes of a tensor begin and end, counted from its first element."""
    low, high = byte_bounds(tensor._tensor)
    return low - tensor.raw(), high - tensor.raw()


def _moved(values: Sequence[Value]) -> set[int]:
    """Numbers of the leaves that are read through a transpose."""
    sources = {v.args[0] for v in values if v.op == "transpose"}
    return {values[n].param for n in sources if values[n].op == "leaf"}
