"""How the gradient fades on its way back through a recurrent sweep.

For the hidden state h_t of every step, the norm of the total derivative of the
cost: what the layers above send to h_t plus what comes back from the step after
it. A sweep that forgets shows it as a fall towards its first steps.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from neonlike.visualizations._layer_times import leaf_layers

Array = npt.NDArray[Any]
ARROWS = {"sequence": "→←", "horizontal": "→←", "vertical": "↓↑"}


def sweep_gradients(model: Any, dataset: Any) -> dict[str, Array]:
    """Return, for every direction of every recurrent layer, the gradient norm of each step.

    The norms are those of one example, averaged over the first minibatch of
    ``dataset`` (in inference mode, so that nothing is dropped and no running
    statistics change) and over the rows or columns that sweep side by side.

    Args:
        model: a model that has been through ``fit``, so that it knows its cost.
        dataset: iterator over (inputs, targets).

    Returns:
        ``"<layer> <arrow>"`` -> (steps,) in the order the sweep visits them.
    """
    dataset.reset()
    x, t = next(iter(dataset))
    sweeps: list[tuple[Any, list[Array]]] = []
    found: dict[str, Array] = {}
    with ExitStack() as stack:
        stack.enter_context(_recorded(model.be, sweeps))
        for layer in leaf_layers(model.layers):
            stack.enter_context(_named(layer, sweeps, found))
        y = model.fprop(x, inference=True)
        model.bprop(model.cost.get_errors(y, t))
    dataset.reset()
    return dict(reversed(found.items()))


@contextmanager
def _recorded(be: Any, sweeps: list[tuple[Any, list[Array]]]) -> Iterator[None]:
    """Append the geometry and the norms of every sweep that the backend propagates back."""
    sweep_bprop = be.sweep_bprop
    signature = inspect.signature(sweep_bprop)

    def recorded(*args: Any, **kwargs: Any) -> None:
        sweep_bprop(*args, **kwargs)
        given = signature.bind(*args, **kwargs).arguments
        sweep = given["sweep"]
        sweeps.append((sweep.geometry, _norms(sweep, given["error"])))

    be.sweep_bprop = recorded
    try:
        yield
    finally:
        del be.sweep_bprop


def _norms(sweep: Any, error: Any) -> list[Array]:
    """Return the norms of each direction of a sweep (``neonlike.backends._sweep.Sweep``)."""
    count = sweep.directions
    tensors = [error, sweep.delta] + ([sweep.gates] if sweep.cell == "gru" else [])
    w = sweep.W_recur.get()
    norms = []
    for d in range(count):
        steps = [_by_step(_rows(x.get(), d, count), sweep.geometry, d == 1) for x in tensors]
        norms.append(state_gradient_norms(_rows(w, d, count), *steps))
    return norms


def state_gradient_norms(w: Array, err: Array, delta: Array, gates: Array | None = None) -> Array:
    """Return the mean norm of dL/dh_t of one direction.

    Formula (s_t the gradient of h_t, primes are of the step after t):
    ``s = err + w^T delta'``, and for a GRU (rows r, z, q)
    ``s = err + (1 - z') * s' + w_rz^T delta_rz' + r' * (w_q^T delta_q')``.

    Args:
        w: recurrent weights (gates * n, n).
        err: (steps, n, columns) gradient that reaches h_t from above.
        delta: (steps, gates * n, columns) gradient of the gates' sums.
        gates: (steps, 3 * n, columns) activated gates of a GRU, None for other cells.
    """
    n = w.shape[1]
    norms = np.empty(len(err))
    s = np.zeros_like(err[0])
    for t in reversed(range(len(err))):
        if t + 1 == len(err):
            s = err[t]
        elif gates is None:
            s = err[t] + w.T @ delta[t + 1]
        else:
            r, z = gates[t + 1][:n], gates[t + 1][n : 2 * n]
            rz, q = delta[t + 1][: 2 * n], delta[t + 1][2 * n :]
            s = err[t] + (1 - z) * s + w[: 2 * n].T @ rz + r * (w[2 * n :].T @ q)
        norms[t] = np.linalg.norm(s, axis=0).mean()
    return norms


def _rows(a: Array, direction: int, count: int) -> Array:
    size = a.shape[0] // count
    return a[direction * size : (direction + 1) * size]


def _by_step(a: Array, geometry: Any, backwards: bool) -> Array:
    """Return (steps, rows, outer * inner) in the order the sweep visits the steps."""
    outer, steps, inner = geometry
    panels: Array = a.reshape(a.shape[0], outer, steps, inner).transpose(2, 0, 1, 3)
    panels = panels.reshape(steps, a.shape[0], outer * inner)
    return panels[::-1] if backwards else panels


@contextmanager
def _named(
    layer: Any, sweeps: list[tuple[Any, list[Array]]], found: dict[str, Array]
) -> Iterator[None]:
    """Collect what is recorded during ``layer.bprop`` under the layer's name."""
    bprop: Callable[..., Any] = layer.bprop

    def named(*args: Any, **kwargs: Any) -> Any:
        sweeps.clear()
        result = bprop(*args, **kwargs)
        for geometry, norms in sweeps:
            arrows = ARROWS[_kind(len(sweeps), geometry)]
            for arrow, values in reversed(list(zip(arrows, norms, strict=False))):
                found[f"{layer.name} {arrow}"] = values
        return result

    layer.bprop = named
    try:
        yield
    finally:
        del layer.bprop


def _kind(sweeps: int, geometry: tuple[int, int, int]) -> str:
    """Tell the sweeps of a layer apart: side by side image rows are swept horizontally."""
    if sweeps == 1:
        return "sequence"
    return "horizontal" if geometry[0] > 1 else "vertical"
