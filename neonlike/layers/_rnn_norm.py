"""Sequence-wise batch norm of the input projections of recurrent sweeps (spec layers 9.3)."""

from __future__ import annotations

from typing import Any

import numpy as np

from neonlike.layers._batch_norm import PARAMS, BatchNorm
from neonlike.layers._parameter import ParameterLayer, read_params


class SequenceNorm(BatchNorm):
    """Batch norm over all steps and samples between input projection and recurrence.

    Lives inside a recurrent layer and works on buffers of its sweep.
    """

    def bind(self, rows: int, outputs: Any) -> None:
        """Normalize ``rows`` rows into the tensor ``outputs``."""
        self.configure((rows, outputs.shape[1] // self.be.bsz))
        self.outputs = outputs
        self.allocate()


class NormalizedLayer(ParameterLayer):
    """A layer with W and any number of norms, all trained, described and loaded together.

    Attributes:
        norms: the norms by the suffix that tells their parameters from one another.
    """

    norms: dict[str, SequenceNorm]

    def get_params(self) -> Any:
        """Return the pair of W with its states; with norms a list with beta and gamma of each."""
        weights = super().get_params()
        if not self.norms:
            return weights
        return [weights, *(pair for norm in self.norms.values() for pair in norm.get_params())]

    def get_description(  # type: ignore[override]  # neon's signature: layers take no skip first
        self, get_weights: bool = False, keep_states: bool = True, **kwargs: Any
    ) -> dict[str, Any]:
        """Describe the layer, on request with parameters, running statistics and states."""
        desc = super().get_description(get_weights, keep_states, **kwargs)
        if not get_weights or not self.norms:
            return desc
        states = [desc.pop("states", None)]
        for suffix, norm in self.norms.items():
            own = norm.get_description(get_weights, keep_states)
            desc["params"] |= {name + suffix: value for name, value in own["params"].items()}
            states += own.get("states", [])
        if keep_states:
            desc["states"] = states
        return desc

    def set_params(self, pdict: dict[str, Any]) -> None:
        """Load W, and what the file has for the norms: those of neon lack beta and gamma."""
        params = read_params(self, pdict)
        super().set_params({"params": {"W": params["W"]}})
        for suffix, norm in self.norms.items():
            own = {name: params[name + suffix] for name in PARAMS if name + suffix in params}
            if "gmean" in own:
                own.setdefault("beta", np.zeros_like(own["gmean"]))
                own.setdefault("gamma", np.ones_like(own["gmean"]))
            norm.set_params({"params": own})

    def set_states(self, pdict: dict[str, Any]) -> None:
        """Load the optimizer states; files of neon have those of W only."""
        states = pdict.get("states") or []
        if not states or not isinstance(states[0], list):
            states = [states, *([[]] * 2 * len(self.norms))]
        super().set_states({"states": states[0]})
        for number, norm in enumerate(self.norms.values()):
            norm.set_states({"states": states[1 + 2 * number : 3 + 2 * number]})
