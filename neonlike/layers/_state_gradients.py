"""The gradients of the states of a recurrent layer, step by step, after its backward pass.

They are total derivatives: what the layers above send to a state and what comes back from the
steps after it. Layers keep only the gradients inside their activations (``delta``); one product
with the recurrent weights gives the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from neonlike.layers._renet import ReNet
from neonlike.layers._rnn_bidirectional import BiRNN
from neonlike.layers._rnn_gated import GRU, LSTM
from neonlike.layers._rnn_recurrent import Recurrent
from neonlike.layers._zoo_base import ZooLayer
from neonlike.layers._zoo_elman import TruncatedRecurrent
from neonlike.layers._zoo_jordan import Jordan
from neonlike.layers._zoo_lstm97 import LSTM97
from neonlike.layers._zoo_transition import DeepTransitionRNN
from neonlike.layers._zoo_variant import LSTMVariant

Array = npt.NDArray[Any]
ARROWS = "→←↓↑"
GATES = ("i", "f", "o", "r", "z", "inp_gate", "out_gate")


def state_gradients(layer: Any, error: Array) -> dict[str, Array]:
    """Return dL/dh_t (and dL/dc_t of layers with cells) as arrays (units, T, N).

    Formulas: e_t is what reaches h_t from above, d_t the gradient of the sums inside the
    activations; ``dL/dh_t = e_t + W_recur^T d_{t+1}``, and for cells
    ``dL/dc_t = dL/dh_t * o_t * phi'(c_t) + f_{t+1} * dL/dc_{t+1}``, plus what peepholes see.

    Args:
        layer: a layer for which ``has_state_gradients`` is true, right after its ``bprop``.
        error: gradient of the layer's outputs (units, T * N) that ``bprop`` was given.

    Source: spec zoo 2.
    """
    formula = next(formula for kind, formula in FORMULAS if isinstance(layer, kind))
    return formula(layer, _steps(layer, error.reshape(layer.outputs.shape)))


def state_signals(layer: Any) -> dict[str, Array]:
    """Return what the last ``fprop`` of a layer has left: its states and gates (rows, T, N).

    Args:
        layer: a layer for which ``has_state_signals`` is true.

    Returns:
        "h", "c", "i", "f", "o", "g" of an LSTM, "h", "r", "z", "q" of a GRU (q the candidate), "h"
        of plain layers, the signals of ``trace`` of layers of the zoo. Bidirectional layers have
        each of them twice, "h→" and "h←"; a ReNet four times, also "h↓" and "h↑", as maps
        (rows, I, J, N) of its patches.
    """
    if isinstance(layer, ZooLayer):
        return {name: _steps(layer, tensor) for name, tensor in layer._signals().items()}
    if isinstance(layer, ReNet):
        return {
            name: values
            for way, arrows in (("v", "↓↑"), ("h", "→←"))
            for name, values in _sweep_signals(
                layer.sweeps[way].tensors, arrows, layer.grid
            ).items()
        }
    sweep = layer.sweep.tensors
    return _sweep_signals(sweep, "→←" if sweep.directions == 2 else " ", (layer.nsteps,))


def _sweep_signals(sweep: Any, arrows: str, steps: tuple[int, ...]) -> dict[str, Array]:
    """The states and gates of each direction of a sweep: (rows, *steps, N)."""
    stacked = {"h": sweep.h} | ({"c": sweep.c} if sweep.cell == "lstm" else {})
    gates = {"lstm": "ifog", "gru": "rzq"}.get(sweep.cell, "")

    def parts(tensor: Any, count: int) -> list[Array]:
        values = tensor.get()
        return np.split(values.reshape(len(values), *steps, -1), count)

    signals: dict[str, Array] = {}
    for name, tensor in stacked.items():
        for arrow, values in zip(arrows, parts(tensor, len(arrows)), strict=True):
            signals[f"{name}{arrow}".strip()] = values
    if gates:
        names = [f"{gate}{arrow}".strip() for arrow in arrows for gate in gates]
        signals |= dict(zip(names, parts(sweep.gates, len(names)), strict=True))
    return signals


def has_state_signals(layer: Any) -> bool:
    """Tell whether ``state_signals`` knows the layer."""
    return has_state_gradients(layer) or isinstance(layer, BiRNN | ReNet)


def gate_signals(layer: Any) -> dict[str, Array]:
    """Return those of the ``state_signals`` that are gates, from 0 (shut) to 1 (open)."""
    signals = state_signals(layer) if has_state_signals(layer) else {}
    return {name: values for name, values in signals.items() if name.rstrip(ARROWS) in GATES}


def has_state_gradients(layer: Any) -> bool:
    """Tell whether ``state_gradients`` knows the layer: those that go forwards in time."""
    return any(isinstance(layer, kind) for kind, _ in FORMULAS)


@contextmanager
def recorded_state_gradients(layers: Iterable[Any]) -> Iterator[dict[str, dict[str, Array]]]:
    """Collect the ``state_gradients`` of every pass through ``bprop`` inside the ``with`` block.

    Args:
        layers: layers of a network; those without states that go forwards in time are left out.

    Yields:
        layer name -> "h" or "c" -> (units, T, N), in the order of the layers.
    """
    watched = [layer for layer in layers if has_state_gradients(layer)]
    found: dict[str, dict[str, Array]] = {layer.name: {} for layer in watched}
    for layer in watched:
        layer.bprop = _recording(layer, found[layer.name])
    try:
        yield found
    finally:
        for layer in watched:
            del layer.bprop


def _recording(layer: Any, found: dict[str, Array]) -> Callable[..., Any]:
    bprop: Callable[..., Any] = layer.bprop

    def recorded(deltas: Any, *args: Any, **kwargs: Any) -> Any:
        error = deltas.asnumpyarray().copy()  # layers may reuse the buffer
        result = bprop(deltas, *args, **kwargs)
        found.update(state_gradients(layer, error))
        return result

    return recorded


def _steps(layer: Any, values: Any) -> Array:
    """(rows, T * N), tensor or array, as (rows, T, N)."""
    array: Array = values.get() if hasattr(values, "get") else values
    return array.reshape(len(array), layer.nsteps, -1)


def _slope(act: Any, output: Any) -> Array:
    """The derivative of an activation, expressed in its outputs."""
    slope = output.backend.empty(output.shape)
    slope[:] = act.bprop(output)
    return np.asarray(slope.get())


def _back(weights: Any, delta: Array) -> Array:
    """``weights^T delta`` of the step after; nothing comes back to the last step."""
    back = np.einsum("gn,gtb->ntb", weights.get(), delta[:, 1:])
    return np.pad(back, ((0, 0), (0, 1), (0, 0)))


def _summed(first: Array, kept: Array | float) -> Array:
    """``a_t = first_t + kept_{t+1} * a_{t+1}``."""
    kept = np.broadcast_to(np.asarray(kept), first.shape)
    total = first.copy()
    for t in reversed(range(total.shape[1] - 1)):
        total[:, t] += kept[:, t + 1] * total[:, t + 1]
    return total


def _recurrent(layer: Any, error: Array) -> dict[str, Array]:
    sweep = layer.sweep.tensors
    return {"h": error + _back(sweep.W_recur, _steps(layer, sweep.delta))}


def _truncated(layer: Any, error: Array) -> dict[str, Array]:
    sweep = layer.sweep.tensors
    if layer.mode == "chunk":
        back = _back(sweep.W_recur, _steps(layer, sweep.delta))
        back[:, layer.k - 1 :: layer.k] = 0
        return {"h": error + back}
    slope = _steps(layer, _slope(layer.activation, sweep.h))
    total = flow = error
    for _ in range(1, min(layer.k, layer.nsteps)):
        flow = _back(sweep.W_recur, slope * flow)
        total = total + flow
    return {"h": total}


def _gru(layer: Any, error: Array) -> dict[str, Array]:
    sweep, n = layer.sweep.tensors, layer.output_size
    gates, delta = _steps(layer, sweep.gates), _steps(layer, sweep.delta)
    reset, update = gates[:n], gates[n : 2 * n]
    back = _back(sweep.W_recur[: 2 * n], delta[: 2 * n])
    candidate = _back(sweep.W_recur[2 * n :], delta[2 * n :])
    candidate[:, :-1] *= reset[:, 1:]
    return {"h": _summed(error + back + candidate, 1 - update)}


def _lstm(layer: Any, error: Array) -> dict[str, Array]:
    sweep, n = layer.sweep.tensors, layer.output_size
    gates = _steps(layer, sweep.gates)
    h = error + _back(sweep.W_recur, _steps(layer, sweep.delta))
    slope = _steps(layer, _slope(layer.activation, sweep.c_act))
    return {"h": h, "c": _summed(h * gates[2 * n : 3 * n] * slope, gates[n : 2 * n])}


def _transition(layer: Any, error: Array) -> dict[str, Array]:
    delta, top = _steps(layer, layer._delta), 0
    for level, size in enumerate(layer.sizes, 1):
        name = "W_1" if level == 1 else f"S_{level}"
        if hasattr(layer, name):  # this level sees the state before
            error = error + _back(getattr(layer, name), delta[top : top + size])
        top += size
    return {"h": error}


def _jordan(layer: Any, _error: Array) -> dict[str, Array]:
    """Of the hidden units, which only the outputs of their own step see."""
    delta = _steps(layer, layer._delta_out)
    return {"h": np.einsum("yn,ytb->ntb", layer.W_out.get(), delta)}


def _lstm97(layer: Any, error: Array) -> dict[str, Array]:
    blocks, size = layer.nblocks, layer.block_size
    out = _steps(layer, layer._gates)[blocks : 2 * blocks].repeat(size, axis=0)
    if not layer.truncate:
        outputs = layer.W_recur[:, : layer.output_size]
        error = error + _back(outputs, _steps(layer, layer._delta))
    slope = _steps(layer, _slope(layer.h, layer._hs))
    return {"h": error, "c": _summed(error * out * slope, 1.0)}


def _variant(layer: Any, error: Array) -> dict[str, Array]:
    delta, peep = _steps(layer, layer._delta), layer._peep.get()[:, :, None, None]
    if not layer.truncate:
        error = error + _back(layer.W_recur, delta)
    signals = {name: _steps(layer, signal) for name, signal in layer._signals().items()}
    c_act = layer.activation if layer.variant != "NOAF" else None
    slope = 1.0 if c_act is None else _steps(layer, _slope(c_act, layer._c_act))
    cell = error * signals["o"] * slope
    for row, gate in enumerate("ifo"):
        if gate in layer._form.peepholes:
            seen = peep[row] * delta[layer._rows(gate)]
            if gate == "o":
                cell += seen
            elif not layer.truncate:
                cell[:, :-1] += seen[:, 1:]
    return {"h": error, "c": _summed(cell, signals["f"])}


# subclasses before their bases
FORMULAS: tuple[tuple[type, Callable[[Any, Array], dict[str, Array]]], ...] = (
    (LSTM, _lstm),
    (GRU, _gru),
    (TruncatedRecurrent, _truncated),
    (Recurrent, _recurrent),
    (DeepTransitionRNN, _transition),
    (Jordan, _jordan),
    (LSTM97, _lstm97),
    (LSTMVariant, _variant),
)
