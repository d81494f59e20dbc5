"""Random numbers: NumPy's legacy stream, bit for bit (spec backend 3)."""

from __future__ import annotations

from typing import Any

import numpy as np

from neonlike.backends._base import BackendBase
from neonlike.backends._cpu_tensor import CPUTensor
from neonlike.backends._optree import OpTreeNode


class RandomMixin(BackendBase):
    """The random stream ``rng`` and what draws from it."""

    init_rng_state: Any

    def gen_rng(self, seed: int | None = None) -> np.random.RandomState:
        """Replace ``rng`` by a new ``RandomState(seed)`` and return it."""
        self.rng = np.random.RandomState(seed)
        self.init_rng_state = self.rng.get_state()
        return self.rng

    def rng_get_state(self) -> Any:
        """Return the state of the stream, as ``RandomState.get_state()``."""
        return self.rng.get_state()

    def rng_set_state(self, state: Any) -> None:
        """Continue the stream from ``state``."""
        self.rng.set_state(state)

    def rng_reset(self) -> None:
        """Return to the state of the last ``gen_rng``."""
        self.rng.set_state(self.init_rng_state)

    def make_binary_mask(self, out: CPUTensor, keepthresh: float = 0.5) -> None:
        """Set ``out`` to 1 where a uniform draw is less than ``keepthresh``, else to 0.

        One draw of float64 per element, in C order of the shape.
        """
        np.less(self.rng.uniform(size=out.shape), keepthresh, out=out._tensor, casting="unsafe")

    def fill_normal(self, ary: CPUTensor, mean: float = 0, stdv: float = 1) -> None:
        """Fill with normal numbers from NumPy's *global* stream, as neon does."""
        ary[:] = np.random.standard_normal(ary.shape) * stdv + mean

    def rand(self) -> OpTreeNode:
        """Return an op-tree leaf: uniform numbers in [0, 1), drawn when the tree runs.

        The draw has the shape of the assignment's target.
        """
        node: OpTreeNode = OpTreeNode.build("rand", None, None)
        return node
