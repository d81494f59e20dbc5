"""Recurrent sweeps: all steps of a layer, both directions included, in one call.

An activation with a code (``kernels._activation``) runs inside the fast kernels; any other
Transform runs, step by step, as op-trees inside the reference sweep: slower, same result.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neonlike.backends._exclusive import exclusive
from neonlike.backends._operands import compute_dtype
from neonlike.backends._reduce import ReduceMixin
from neonlike.backends._replay import Replay
from neonlike.kernels import _activation as codes
from neonlike.kernels._activation import Activation
from neonlike.kernels._launch import give_up
from neonlike.kernels._types import Array, Triple

__all__ = ["Activation", "Sweep", "SweepMixin", "codes"]

Act = Any  # an Activation code, or a Transform


@dataclass(eq=False)
class Sweep:
    """The tensors of one recurrent sweep, the rows of its directions stacked.

    With n units per direction, G = n (rnn), 4n (lstm) or 3n (gru) gate rows and d directions;
    the column order is given by ``geometry`` (see ``kernels.reference.recurrent``).

    Attributes:
        cell: "rnn", "lstm" or "gru".
        geometry: (outer, steps, inner).
        W_input, dW_input: input weights (d*G, nin) and their gradient; all directions read the
            same nin features, or each its own part of d * nin features.
        W_recur, dW_recur: recurrent weights (d*G, n) and their gradient.
        b, db: biases (d*G, 1) and their gradient.
        h: outputs (d*n, columns).
        gates: activated gates (d*G, columns); the same tensor as ``h`` for the rnn cell.
        c, c_act: cells and their activation (d*n, columns), lstm only.
        delta: gradient at the sums inside the activations (d*G, columns), None before training.
        hidden_error: gradient at the states before the first step (d*n, outer * inner), or None
            if nobody wants it.
        replay: what the backend did for this sweep, ready to be done again.
    """

    cell: str
    geometry: Triple
    W_input: Any
    dW_input: Any
    W_recur: Any
    dW_recur: Any
    b: Any
    db: Any
    h: Any
    gates: Any
    c: Any = None
    c_act: Any = None
    delta: Any = None
    hidden_error: Any = None
    replay: Replay = field(default_factory=functools.partial(Replay, most=2), repr=False)

    def forward_tensors(self) -> tuple[Any, ...]:
        """What a forward pass reads and writes, beside its arguments."""
        return self.W_input, self.W_recur, self.b, self.h, self.gates, self.c, self.c_act

    def backward_tensors(self) -> tuple[Any, ...]:
        """What a backward pass reads and writes, beside its arguments."""
        gradients = self.dW_input, self.dW_recur, self.db, self.delta, self.hidden_error
        return *self.forward_tensors(), *gradients

    @property
    def directions(self) -> int:
        """1, or 2 for bidirectional sweeps."""
        return int(self.h.shape[0] // self.W_recur.shape[1])

    def check(self, error: Any = None, h0: Any = None, c0: Any = None, **inputs: Any) -> None:
        """Refuse what does not fit the sweep: kernels read memory without looking.

        Args:
            error, h0, c0: tensors or None.
            inputs: tensors of the shape of the inputs, or None.

        Raises:
            AssertionError: a tensor of another shape.
        """
        outer, _, inner = self.geometry
        states, nin = (self.h.shape[0], outer * inner), self.W_input.shape[1]
        wanted = [("error", error, self.h.shape), ("h0", h0, states), ("c0", c0, states)]
        for name, tensor in inputs.items():
            parts = 1 if tensor is None or tensor.shape[0] == nin else self.directions
            wanted.append((name, tensor, (parts * nin, self.h.shape[1])))
        for name, tensor, shape in wanted:
            assert tensor is None or tensor.shape == shape, (
                f"recurrent sweep: {name} must have shape {shape}, got {tensor.shape}"
            )


class SweepMixin(ReduceMixin):
    """Whole sweeps."""

    @exclusive
    def sweep_project(self, sweep: Sweep, x: Any, out: Any) -> None:
        """``out = W_input x`` (d*G, columns): the input projection by itself.

        Args:
            sweep: its tensors.
            x: inputs (features, columns).
            out: tensor like ``sweep.gates``.
        """
        sweep.check(x=x)
        self.kernels.recurrent.project(sweep.W_input._tensor, x._tensor, out._tensor)

    @exclusive
    def sweep_fprop(
        self,
        sweep: Sweep,
        x: Any,
        act: Act,
        gate: Act = None,
        h0: Any = None,
        c0: Any = None,
    ) -> None:
        """Run all steps of ``sweep``.

        Args:
            sweep: its tensors.
            x: inputs (features, columns); None: ``sweep.gates`` holds their projection already.
            act, gate: activation of the candidate and of the gates (codes or Transforms).
            h0, c0: tensors (d*n, outer * inner) with the states before the first step; None: zeros.

        Raises:
            AssertionError: inputs or states of another shape.
        """
        tensors = *sweep.forward_tensors(), x, h0, c0
        self._sweep_again(
            sweep,
            ("fprop", act, gate),
            tensors,
            lambda: self._fprop_sweep(sweep, x, act, gate, h0, c0),
        )

    def _fprop_sweep(self, sweep: Sweep, x: Any, act: Act, gate: Act, h0: Any, c0: Any) -> None:
        sweep.check(h0=h0, c0=c0, x=x)
        x, h = self._unit_rows(x), sweep.h
        weights = sweep.W_input, sweep.W_recur, sweep.b
        if sweep.cell == "rnn":
            self._run_sweep(sweep, "fprop", (*weights, x, h, h0), (), act)
        elif sweep.cell == "gru":
            self._run_sweep(sweep, "fprop", (*weights, x, sweep.gates, h, h0), (), act, gate)
        else:
            tensors = (*weights, x, sweep.gates, h, sweep.c, sweep.c_act, h0, c0)
            self._run_sweep(sweep, "fprop", tensors, (), act, gate)

    @exclusive
    def sweep_bprop(
        self,
        sweep: Sweep,
        x: Any,
        error: Any,
        act: Act,
        gate: Act = None,
        deltas: Any = None,
        alpha: float = 1.0,
        beta: float = 0.0,
        h0: Any = None,
        c0: Any = None,
    ) -> None:
        """Backpropagate ``error``, the gradient of ``sweep.h``, through all steps.

        Fills ``delta``, ``dW_recur``, ``db`` and ``hidden_error``; with the inputs ``x`` also
        ``dW_input``; sets ``deltas = alpha * input gradient + beta * deltas`` if given. ``error``
        is not written. States ``h0`` and ``c0`` that are not given count as zeros, which leaves
        their terms out of the weight gradients.

        Raises:
            AssertionError: inputs, an error, deltas or states of another shape, or no memory for
                gradients in the sweep.
        """
        assert sweep.delta is not None, (
            "recurrent sweep: there is no memory for gradients yet; give the layer its deltas "
            "(model.initialize, or prev_layer = True and set_deltas) before bprop"
        )
        tensors = *sweep.backward_tensors(), x, error, deltas, h0, c0
        self._sweep_again(
            sweep,
            ("bprop", act, gate, alpha, beta),
            tensors,
            lambda: self._bprop_sweep(sweep, x, error, act, gate, deltas, alpha, beta, h0, c0),
        )

    def _bprop_sweep(
        self,
        sweep: Sweep,
        x: Any,
        error: Any,
        act: Act,
        gate: Act,
        deltas: Any,
        alpha: float,
        beta: float,
        h0: Any,
        c0: Any,
    ) -> None:
        sweep.check(error, h0, c0, x=x, deltas=deltas)
        weights, h, delta = (sweep.W_input, sweep.W_recur), sweep.h, sweep.delta
        error, last, scale = self._unit_rows(error), (sweep.hidden_error, deltas), (alpha, beta)
        reset_h = None
        if sweep.cell == "rnn":
            self._run_sweep(sweep, "bprop", (*weights, h, error, delta, *last), scale, act)
        elif sweep.cell == "gru":
            reset_h = self.tensor(self.scratch("recurrent reset_h", h.shape, h.dtype))
            tensors = (*weights, sweep.gates, h, h0, error, delta, reset_h, *last)
            self._run_sweep(sweep, "bprop", tensors, scale, act, gate)
        else:
            tensors = (*weights, sweep.gates, sweep.c, sweep.c_act, c0, error, delta, *last)
            self._run_sweep(sweep, "bprop", tensors, scale, act, gate)
        self._weight_gradients(sweep, x, h0, reset_h)

    @exclusive
    def sweep_weight_gradients(self, sweep: Sweep, x: Any, h0: Any = None) -> None:
        """Compute ``dW_input = delta x^T``, ``dW_recur = delta h-^T`` and ``db``.

        Args:
            sweep: its tensors.
            x: inputs of the forward pass.
            h0: states before the first step, None for zeros.
        """
        sweep.check(h0=h0, x=x)
        self._weight_gradients(sweep, x, h0)

    def _weight_gradients(self, sweep: Sweep, x: Any, h0: Any, reset_h: Any = None) -> None:
        sources = (sweep.delta, self._unit_rows(x), sweep.h, h0, reset_h)
        gradients = (sweep.dW_input, sweep.dW_recur, sweep.db)
        kernel, more = self.kernels.recurrent.weight_gradients, (sweep.geometry, self.scratch)
        self._call(kernel, (*sources, *gradients), more)

    @exclusive
    def sweep_input_gradient(self, sweep: Sweep, x: Any) -> None:
        """``dW_input = delta x^T``, after a ``sweep_bprop`` without inputs."""
        sweep.check(x=x)
        arrays = sweep.delta._tensor, x._tensor, sweep.dW_input._tensor
        self.kernels.recurrent.input_gradient(*arrays)

    @exclusive
    def sweep_unproject(self, sweep: Sweep, deltas: Any, alpha: float, beta: float) -> None:
        """``deltas = alpha * W_input^T delta + beta * deltas``, after ``sweep_bprop``."""
        sweep.check(deltas=deltas)
        arrays = sweep.W_input._tensor, sweep.delta._tensor, deltas._tensor
        self.kernels.recurrent.unproject(*arrays, alpha, beta)

    def _sweep_again(
        self,
        sweep: Sweep,
        key: tuple[Any, ...],
        tensors: tuple[Any, ...],
        work: Callable[[], None],
    ) -> None:
        """Do ``work``, or what it did before; ``key`` has its name, activations and numbers."""
        if all(act is None or isinstance(act, Activation) for act in key[1:3]):
            self.again(sweep.replay, (*key, sweep.geometry), tensors, work)
        else:  # Transforms run as op-trees
            work()

    def _run_sweep(
        self,
        sweep: Sweep,
        direction: str,
        tensors: tuple[Any, ...],
        numbers: tuple[float, ...],
        *acts: Act,
    ) -> None:
        """Call the kernel of ``sweep`` for "fprop" or "bprop"."""
        kernels = self.kernels.recurrent
        if not all(isinstance(act, Activation) for act in acts):
            give_up()
            from neonlike.kernels.reference import recurrent as kernels
        more = (*numbers, sweep.geometry, *map(self._act, acts), self.scratch)
        self._call(getattr(kernels, f"{sweep.cell}_{direction}"), tensors, more)

    def _act(self, act: Act) -> Any:
        """An activation as kernels take it."""
        return act if isinstance(act, Activation) else _OpTrees(self, act)

    def _call(
        self, kernel: Callable[..., None], tensors: tuple[Any, ...], more: tuple[Any, ...]
    ) -> None:
        """Call a kernel on the arrays of ``tensors``, all in the dtype of the first one."""
        dtype = compute_dtype(tensors[0])
        arrays = [None if t is None else t._tensor for t in tensors]
        for i, array in enumerate(arrays):
            if array is not None and array.dtype != dtype:
                arrays[i] = self.in_dtype(f"sweep {i}", array, dtype)
        kernel(*arrays, *more)
        for tensor, array in zip(tensors, arrays, strict=True):
            if array is not None and array is not tensor._tensor:
                self.assign_array(tensor._tensor, array)

    def _unit_rows(self, tensor: Any) -> Any:
        """``tensor`` itself if its rows are contiguous in memory (or it is None), else a copy."""
        if tensor is None:
            return None
        array = tensor._tensor
        if array.flags.c_contiguous or array.strides[1] == array.itemsize:
            return tensor
        give_up()
        return self.tensor(np.ascontiguousarray(array))


class _OpTrees:
    """A Transform as the reference sweeps want it: functions of ndarrays."""

    def __init__(self, be: SweepMixin, transform: Any) -> None:
        self._be = be
        self._transform = transform

    def forward(self, x: Array) -> Array:
        """The activation of ``x``."""
        return self._evaluate(self._transform, x)

    def slope(self, y: Array) -> Array:
        """The derivative at output ``y``."""
        return self._evaluate(self._transform.bprop, y)

    def _evaluate(self, function: Any, x: Array) -> Array:
        result = self._be.tensor(np.empty_like(x))
        result[:] = function(self._be.tensor(np.array(x, order="C")))
        return np.asarray(result._tensor)
