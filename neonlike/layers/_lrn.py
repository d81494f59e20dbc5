"""Local response normalization over maps (spec layers 7.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neonlike.layers._base import Layer
from neonlike.layers._errors import describe
from neonlike.layers._geometry import input_params

if TYPE_CHECKING:
    from typing import Self


class LRN(Layer):
    """Local response normalization over neighbouring maps.

    ``denom = 1 + (ascale / depth) * sum of x^2 over depth maps``; ``out = x * denom^-bpower``.

    Args:
        depth: number of maps in the window, odd.
        alpha, beta: unused, kept for old scripts.
        ascale, bpower: scale and exponent of the denominator.
    """

    overwrites_error = False
    reads_outputs = True

    def __init__(
        self,
        depth: int,
        alpha: float = 1.0,
        beta: float = 0.0,
        ascale: float = 1.0,
        bpower: float = 1.0,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.depth = self.J = depth
        self.alpha = alpha
        self.beta = beta
        self.ascale = ascale
        self.bpower = bpower
        self.owns_delta = True
        self.nglayer: Any = None
        self.denom: Any = None
        self.lrnparams: dict[str, int] = {"J": depth}

    def configure(self, in_obj: Any) -> Self:
        """Set the geometry; the shape is kept.

        Raises:
            AssertionError: an even depth, or the input is no picture or volume.
        """
        super().configure(in_obj)
        self.lrnparams.update(input_params(self, "C", "DHW"), N=self.be.bsz)
        assert self.depth % 2 == 1, f"{describe(self)}: depth must be odd, got {self.depth}"
        geometry = self.be.lrn_layer(self.be.default_dtype, **self.lrnparams)
        if self.nglayer is None or self.nglayer.dimI != geometry.dimI:
            self.nglayer = geometry
        self.out_shape = self.in_shape
        return self

    def allocate(self, shared_outputs: Any = None) -> None:
        """Make outputs and the store of denominators."""
        super().allocate(shared_outputs)
        self.denom = self.be.iobuf(self.out_shape)

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        """Normalize ``inputs``."""
        self.inputs = inputs
        self.be.fprop_lrn(
            self.nglayer,
            inputs,
            self.outputs,
            self.denom,
            ascale=self.ascale,
            bpower=self.bpower,
        )
        return self.outputs

    def bprop(self, error: Any) -> Any:
        """Compute deltas unless this is the first layer."""
        if self.deltas is not None:
            self.be.bprop_lrn(
                self.nglayer,
                self.inputs,
                self.outputs,
                error,
                self.deltas,
                self.denom,
                ascale=self.ascale,
                bpower=self.bpower,
            )
        return self.deltas
