"""Operations that run at once, and one-hot encoding (spec backend 8)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neonlike.backends._base import BackendBase
from neonlike.backends._buffers import aligned_zeros
from neonlike.backends._cpu_tensor import CPUTensor


class EagerMixin(BackendBase):
    """Operations beside the op-trees."""

    def onehot(self, indices: CPUTensor, axis: int, out: Any = None) -> Any:
        """Return a lazy one-hot encoding, which must be the whole right side of an assignment.

        Args:
            indices: int32 or uint32 tensor of n class numbers.
            axis: 0 for a (classes, n) target, 1 for (n, classes).
            out: target to assign to at once.

        Raises:
            AssertionError: indices of another dtype.
            ValueError: another axis.
            IndexError: a class number beyond the target, when it runs.
        """
        assert indices.dtype in (np.int32, np.uint32), (
            f"onehot indices should be int32 or uint32, got {indices.dtype}"
        )
        if axis not in (0, 1):
            raise ValueError(f"bad axis for onehot: {axis}, must be 0 or 1")
        return self.build("onehot", None, None, out=out, idx=indices, axis=axis)

    def shift(self, a: Any, b: Any, value: bool = True, out: Any = None) -> Any:
        """Return, at once, ``a`` times a power of two, as a tensor.

        Args:
            a: tensor, op-tree or number.
            b: with ``value``, numbers whose nearest power of two (in log
                scale), with their sign, is the factor; else the exponents.
            value: see ``b``.
            out: tensor for the result; a new one if None.
        """
        factor = self.build("exp2", b)
        tree = self.build("shift", a, b) if value else self.build("mul", a, factor)
        target = self._new(tree.shape) if out is None else out
        return self.build("assign", target, tree)

    def _new(self, shape: tuple[int, ...]) -> CPUTensor:
        return self.tensor(aligned_zeros(shape, self.default_dtype))

    def binarize(self, a: Any, stochastic: bool = True, out: Any = None) -> CPUTensor:
        """Return +1 or -1 by the sign of ``a``, tensor or op-tree, in ``out`` or a new tensor.

        0 counts as positive. With ``stochastic``, +1 has the probability
        clip((a + 1) / 2, 0, 1); the draws are from NumPy's *global* stream, as in neon.
        """
        values = a.asnumpyarray()
        if stochastic:
            probability = np.clip((values + 1) / 2, 0, 1)
            positive = np.random.uniform(0, 1, values.shape) <= probability
        else:
            positive = values >= 0
        result: CPUTensor = self._new(values.shape) if out is None else out
        result[:] = np.where(positive, 1.0, -1.0)
        return result

    def take(self, a: CPUTensor, indices: Any, axis: int, out: Any = None) -> Any:
        """Return a copy of the slices ``indices`` of ``a`` along ``axis``; with ``out``, in it."""
        return a.take(indices, axis, out)

    def Relu(self, ary: NDArray[Any], out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Return max(ary, 0) of an ndarray, in ``out`` if given."""
        result: NDArray[Any] = np.maximum(ary, 0, out=out)
        return result

    def copy_transpose(
        self,
        a: CPUTensor,
        out: CPUTensor,
        axes: tuple[int, ...] | None = None,
        repeat: int = 1,
    ) -> None:
        """Set ``out`` to ``a`` with permuted axes (reversed if None); ``repeat`` has no effect.

        Raises:
            ValueError: ``out`` has not the permuted shape.
        """
        moved = np.transpose(a._tensor, axes)
        if moved.shape != out.shape:
            raise ValueError(f"copy_transpose gives shape {moved.shape}, out has {out.shape}")
        self.assign_array(out._tensor, moved)

    def add_fc_bias(self, inputs: CPUTensor, bias: CPUTensor) -> None:
        """Add the column ``bias`` to every column of ``inputs``, in place."""
        inputs[:] = inputs + bias

    def update_fc_bias(self, err: CPUTensor, out: CPUTensor) -> None:
        """Set the column ``out`` to the sum of the columns of ``err``."""
        out[:] = self.build("sum", err, axis=1)
