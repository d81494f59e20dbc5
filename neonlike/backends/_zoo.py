"""The sweeps of the recurrent zoo (``kernels.zoo``) on tensors."""

from __future__ import annotations

from typing import Any

from neonlike.backends._exclusive import exclusive
from neonlike.backends._sweep import Activation, SweepMixin

IN_PANELS = {"variant_fprop", "variant_bprop"}  # kernels that take scratch memory


class ZooMixin(SweepMixin):
    """Whole sequences of the cells that neon does not have."""

    @exclusive
    def zoo_sweep(
        self, name: str, tensors: tuple[Any, ...], numbers: tuple[Any, ...], acts: tuple[Any, ...]
    ) -> None:
        """Call the kernel ``name`` of ``kernels.zoo``, which writes into some of the tensors.

        Args:
            name: for example "jordan_fprop".
            tensors: its first arguments, tensors or None, all of one dtype.
            numbers: the arguments after them.
            acts: the activations, codes or Transforms; a tuple in it is handed on as one.
        """
        kernels = self.kernels.zoo
        flat = [act for part in acts for act in (part if _is_group(part) else (part,))]
        if not all(isinstance(act, Activation) for act in flat):
            from neonlike.kernels.reference import zoo as kernels
        handed = tuple(
            tuple(map(self._handed, part)) if _is_group(part) else self._handed(part)
            for part in acts
        )
        memory = (self.scratch,) if name in IN_PANELS else ()
        self._call(getattr(kernels, name), tensors, (*numbers, *handed, *memory))

    def _handed(self, act: Any) -> Any:
        """A code with numbers of one type: kernels compile anew for others; or functions."""
        if not isinstance(act, Activation):
            return self._act(act)
        return Activation(act.kind, float(act.slope), float(act.limit))


def _is_group(part: Any) -> bool:
    return isinstance(part, tuple) and not isinstance(part, Activation)
