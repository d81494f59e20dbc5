"""Embedding of indices (spec layers 6.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neonlike._object import check_count
from neonlike.layers._errors import describe, shape_message
from neonlike.layers._parameter import ParameterLayer
from neonlike.layers._shapes import interpret_in_shape

if TYPE_CHECKING:
    from typing import Self


class LookupTable(ParameterLayer):
    """Replace each index by a learned vector.

    Shapes: in F indices per sample (F, N); out (embedding_dim, F), index t of sample n in
    column t*N + n; W (vocab_size, embedding_dim).

    Args:
        vocab_size: number of indices.
        embedding_dim: length of the vectors.
        init: Initializer, Tensor or ndarray for W.
        update: whether W is trained.
        pad_idx: index whose vector stays zero.
    """

    overwrites_error = False
    nin: int
    nsteps: int

    def __init__(
        self,
        vocab_size: int,
        embedding_dim: int,
        init: Any,
        update: bool = True,
        pad_idx: int | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(init, name)
        check_count(describe(self), "vocab_size", vocab_size)
        check_count(describe(self), "embedding_dim", embedding_dim)
        self.vocab_size = vocab_size
        self.embedding_dim = embedding_dim
        self.update = update
        self.pad_idx = pad_idx
        self.outputs_t: Any = None

    def _configured_str(self) -> str:
        return f"LookupTable Layer : {self.nin} inputs, {self.out_shape} outputs size"

    def configure(self, in_obj: Any) -> Self:
        """Set the shapes of outputs and weights."""
        super().configure(in_obj)
        self.nin, self.nsteps = interpret_in_shape(self.in_shape)
        self.out_shape = (self.embedding_dim, self.nin)
        self.weight_shape = (self.vocab_size, self.embedding_dim)
        return self

    def allocate(self, shared_outputs: Any = None) -> None:  # type: ignore[override]  # neon's
        """Make outputs, weights (padding row zero) and the index buffer."""
        super().allocate(shared_outputs)
        columns = self.nin * self.be.bsz
        if self.inputs is None or self.inputs.size != columns:
            self.inputs = self.be.empty((1, columns), dtype=np.int32)
            self.outputs_t = self.be.empty((columns, self.embedding_dim))
        self.dW.fill(0)
        if self.pad_idx is not None:
            self.W[self.pad_idx] = 0

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        """Look up the vectors of ``inputs`` (F, N), indices of any type.

        Raises:
            AssertionError: another number of indices than configured.
            IndexError: an index outside the vocabulary.
        """
        if inputs.size != self.inputs.size:
            raise AssertionError(
                shape_message(
                    self,
                    "the number of indices does not fit",
                    expected=f"a tensor of shape {(self.nin, self.be.bsz)} (indices, batch size)",
                    got=tuple(inputs.shape),
                    hint="was the model initialized with this data set's shape and batch size? "
                    "(Text and PTB deliver indices with onehot_input=False)",
                )
            )
        self.inputs[:] = inputs.reshape(self.inputs.shape)
        self.W.take(self.inputs, axis=0, out=self.outputs_t)
        self.outputs[:] = self.outputs_t.T
        return self.outputs

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0) -> Any:
        """Compute dW; indices have no gradient, so deltas (if any) receive nothing."""
        if self.update:
            self.dW.fill(0)
            self.be.compound_bprop_lut(
                self.nin, self.inputs, error, self.outputs_t, self.dW, self.pad_idx
            )
        if self.deltas is not None and beta != 1:
            self.deltas[:] = self.deltas * beta if beta else 0.0
        return self.deltas
