"""Activations as layers call them, and hooks of containers (spec backend 8, 16).

The hooks exist because neon's engines could replace them; here most are trivial.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neonlike.backends._cpu_tensor import CPUTensor
from neonlike.backends._elementwise import ElementwiseMixin
from neonlike.backends._reduce import ReduceMixin


class ContainersMixin(ElementwiseMixin, ReduceMixin):
    """Hooks that activation, merging and skip layers call."""

    def relu_layer(self) -> None:
        """Return the engine's description of a ReLU layer: none."""

    def fprop_relu(self, layer: Any, x: Any, slope: float) -> Any:
        """Return the tree max(x, 0) + slope * min(0, x)."""
        return self.maximum(x, 0) + slope * self.minimum(0, x)

    def bprop_relu(self, layer: Any, x: Any, error: Any, deltas: Any, slope: float) -> Any:
        """Return the tree of the derivative at ``x``: (x > 0) + slope * (x < 0)."""
        return self.greater(x, 0) + slope * self.less(x, 0)

    def fprop_softmax(self, x: Any, axis: int) -> Any:
        """Return the tree e^(x - max) / sum(e^(x - max)) along ``axis``."""
        power = self.exp(x - self.max(x, axis=axis))
        return power / self.sum(power, axis=axis)

    def fprop_transform(
        self, ngLayer: Any, transform: Any, inputs: Any, outputs: Any, relu: bool = False
    ) -> None:
        """outputs = transform(inputs)."""
        outputs[:] = transform(inputs)

    def bprop_transform(
        self, ngLayer: Any, transform: Any, outputs: Any, error: Any, deltas: Any, relu: bool
    ) -> None:
        """deltas = transform.bprop(outputs) * error."""
        deltas[:] = transform.bprop(outputs) * error

    def fprop_skipnode(self, x: Any, y: CPUTensor, beta: float) -> None:
        """y = beta * y + x; beta 0 overwrites."""
        y[:] = x if beta == 0 else y * beta + x

    def bprop_skipnode(self, error: Any, deltas: CPUTensor, alpha: float, beta: float) -> None:
        """deltas = beta * deltas + alpha * error; beta 0 overwrites."""
        scaled = error if alpha == 1 else alpha * error
        deltas[:] = scaled if beta == 0 else deltas * beta + scaled

    def mergesum_layer(self, layer_num: int) -> None:
        """Return the engine's description of a MergeSum layer: none."""

    def fprop_mergesum(
        self,
        ngLayer: Any,
        inputs: Any,
        inference: bool,
        layers: Sequence[Any],
        outputs: Any,
        out_shape: Any,
    ) -> None:
        """Run the branches on ``inputs``; they add into their shared output."""
        for i, layer in enumerate(layers):
            layer.fprop(inputs, inference, beta=1.0 if i else 0.0)

    def bprop_mergesum(
        self,
        ngLayer: Any,
        alpha: float,
        beta: float,
        layers: Sequence[Any],
        error: Any,
        deltas: Any,
    ) -> None:
        """Run the branches back on ``error``, last first; they add into shared deltas."""
        for i, layer in enumerate(reversed(layers)):
            layer.bprop(error, alpha=alpha, beta=1.0 if i else beta)

    def mergebroadcast_layer(self, layer_num: int) -> None:
        """Return the engine's description of a MergeBroadcast layer: none."""

    def fprop_mergebroadcast(
        self,
        ngLayer: Any,
        inputs: Any,
        inference: bool,
        outputs: Any,
        layers: Sequence[Any],
        out_shape: Any,
    ) -> None:
        """Run the branches on ``inputs``; each writes its part of the shared output."""
        for layer in layers:
            layer.fprop(inputs, inference)

    def bprop_mergebroadcast(
        self,
        ngLayer: Any,
        layers: Sequence[Any],
        error_views: Sequence[Any],
        error: Any,
        delta: Any,
        out_shape: Any,
        alpha: float,
        beta: float,
        alphas: Sequence[float],
        betas: list[float],
    ) -> None:
        """Run the branches back, last first; sets ``betas[-1] = beta``, which runs first."""
        betas[-1] = beta
        branches = list(zip(layers, error_views, alphas, betas, strict=True))
        for layer, view, a, b in reversed(branches):
            layer.bprop(view, alpha=a * alpha, beta=b)

    def batchnorm_layer(self, in_shape: Any) -> None:
        """Return the engine's description of a BatchNorm layer: none."""

    def bibnrnn_layer(
        self,
        h_buffer_all: Any,
        h_ff_buffer: Any,
        W_recur_f: Any,
        W_recur_b: Any,
        nsteps: int,
        nout: int,
    ) -> None:
        """Return the engine's description of a BiBNRNN layer: none."""

    def distribute_data(self, tensor: Any, layer_parallelism: Any) -> None:
        """Distribute ``tensor`` over devices: nothing to do."""

    def revert_tensor(self, tensor: Any) -> None:
        """Undo ``distribute_data``: nothing to do."""

    def convert_data(self, tensor: Any, layer_mkl: Any) -> None:
        """Convert ``tensor`` to the plain layout: it has no other."""

    def clean_data(self, tensor: Any, layer_mkl: Any) -> None:
        """Forget the engine's layout of ``tensor``: it has none."""

    def allocate_new_deltas(self, delta: Any, in_shape: Any, parallelism: Any) -> Any:
        """Return the delta buffer to use: ``delta``."""
        return delta

    def allocate_new_outputs(self, layer: Any, share_output: Any) -> None:
        """Allocate the outputs of ``layer`` in the shared buffer."""
        layer.allocate(shared_outputs=share_output)
