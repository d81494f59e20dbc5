"""The LSTM of 1997, and the vanilla LSTM with its variants (spec zoo 4); see ``zoo``."""

from __future__ import annotations

from typing import Any

import numpy as np

from neonlike.kernels._types import Array, Scratch
from neonlike.kernels.reference._activation import forward, slope
from neonlike.kernels.reference._zoo_steps import columns, steps_of

FREE, CIFG, CFIG = range(3)  # input and forget gate: independent, f = 1 - i, i = 1 - f


def lstm97_fprop(
    w: Array, gates: Array, u: Array, s: Array, hs: Array, acts: tuple[Any, Any, Any]
) -> None:
    """``s_t = s_{t-1} + in * g``, ``y_t = out * h(s_t)``; the cells of a block share its gates.

    Args:
        w: recurrent weights (2B + C, C or C + 2B), with B blocks and C cells: of the outputs,
            and of the gates if these take part.
        gates: (2B + C, T n), net inputs, becomes input gates, output gates, cell inputs g.
        u: state (C + 2B, (T + 1) n): outputs, input gates, output gates.
        s: state (C, (T + 1) n). hs: (C, T n), h(s).
        acts: of the gates, g and h.
    """
    n = s.shape[1] - gates.shape[1]
    cells = s.shape[0]
    blocks = (len(gates) - cells) // 2
    gate, g_act, h_act = acts
    size = cells // blocks
    for t in range(steps_of(gates, n)):
        here, after = columns(t, n), columns(t + 1, n)
        net = gates[:, here] + w @ u[: w.shape[1], here]
        both = forward(gate, net[: 2 * blocks])
        g = forward(g_act, net[2 * blocks :])
        gates[:, here] = np.concatenate([both, g])
        s[:, after] = s[:, here] + both[:blocks].repeat(size, axis=0) * g
        hs[:, here] = forward(h_act, s[:, after])
        u[:cells, after] = both[blocks:].repeat(size, axis=0) * hs[:, here]
        u[cells:, after] = both


def lstm97_bprop(
    w: Array,
    gates: Array,
    hs: Array,
    err: Array,
    delta: Array,
    du0: Array,
    ds0: Array,
    truncate: bool,
    acts: tuple[Any, Any, Any],
) -> None:
    """Full gradient, or the one of 1997: the error goes back in time inside the cells only.

    Args:
        du0, ds0: (C + 2B, n), (C, n).
        truncate: errors leave cells and gates into the weights, not into the past.
    """
    n, cells = ds0.shape[1], ds0.shape[0]
    blocks = (len(gates) - cells) // 2
    gate, g_act, h_act = acts
    size = cells // blocks

    def per_block(x: Array) -> Array:
        return np.asarray(x.reshape(blocks, size, n).sum(axis=1))

    du0[...] = 0
    ds0[...] = 0
    for t in reversed(range(steps_of(err, n))):
        here = columns(t, n)
        inp, out, g = np.split(gates[:, here], [blocks, 2 * blocks])
        dy = err[:, here] + du0[:cells]
        d_in, d_out = du0[cells : cells + blocks], du0[cells + blocks :]
        d_out = slope(gate, out) * (per_block(dy * hs[:, here]) + d_out)
        ds0 += dy * out.repeat(size, axis=0) * slope(h_act, hs[:, here])
        d_in = slope(gate, inp) * (per_block(ds0 * g) + d_in)
        d_g = ds0 * inp.repeat(size, axis=0) * slope(g_act, g)
        delta[:, here] = np.concatenate([d_in, d_out, d_g])
        if not truncate:
            du0[: w.shape[1]] = w.T @ delta[:, here]


def variant_fprop(
    w: Array,
    peep: Array,
    w_gate: Array | None,
    gates: Array,
    h: Array,
    c: Array,
    c_act: Array,
    blocks: tuple[int, int, int, int],
    coupling: int,
    acts: tuple[Any, Any, Any],
    scratch: Scratch,
) -> None:
    """``c = f * c- + i * g``, ``h = o * phi(c)``; i and f peep at c-, o at c.

    Args:
        w: recurrent weights (G m, m) of the G gates that there are.
        peep: (3, m) peephole weights of i, f, o; zeros where there are none.
        w_gate: (3m, 3m) from the gates i, f, o of the step before to their net inputs, or None.
        gates: (G m, T n), net inputs, becomes the activated gates.
        h, c: states (m, (T + 1) n). c_act: (m, T n), phi(c).
        blocks: places of i, f, o, g among the gates, -1: not there, its value is 1.
        coupling: FREE, CIFG or CFIG.
        acts: of the gates, of g and of c.
        scratch: memory, not used here.
    """
    m = len(h)
    n = h.shape[1] - gates.shape[1]
    gate, g_act, c_phi = acts
    for t in range(steps_of(gates, n)):
        here, after = columns(t, n), columns(t + 1, n)
        net = gates[:, here] + w @ h[:, here]
        if w_gate is not None and t:
            net[: 3 * m] += w_gate @ gates[: 3 * m, columns(t - 1, n)]

        def value(number: int, seen: Array, net: Array = net) -> Any:
            place = blocks[number]
            if place < 0:
                return 1.0
            rows = slice(place * m, (place + 1) * m)
            net[rows] = forward(gate, net[rows] + peep[number][:, None] * seen)
            return net[rows]

        i, f = coupled(value(0, c[:, here]), value(1, c[:, here]), coupling)
        rows = slice(blocks[3] * m, (blocks[3] + 1) * m)
        net[rows] = g = forward(g_act, net[rows])
        c[:, after] = f * c[:, here] + i * g
        o = value(2, c[:, after])
        c_act[:, here] = forward(c_phi, c[:, after])
        h[:, after] = o * c_act[:, here]
        gates[:, here] = net


def variant_bprop(
    w: Array,
    peep: Array,
    w_gate: Array | None,
    gates: Array,
    c: Array,
    c_act: Array,
    err: Array,
    delta: Array,
    dh0: Array,
    dc0: Array,
    blocks: tuple[int, int, int, int],
    coupling: int,
    truncate: bool,
    acts: tuple[Any, Any, Any],
    scratch: Scratch,
) -> None:
    """Back-propagation through all of ``variant_fprop``; ``truncate``: through c alone."""
    m, n = dh0.shape
    gate, g_act, c_phi = acts
    dh0[...] = 0
    dc0[...] = 0
    d_gates = np.zeros((3 * m, n), dh0.dtype)
    for t in reversed(range(steps_of(err, n))):
        here = columns(t, n)

        def value(number: int, here: slice = here) -> Any:
            place = blocks[number]
            return gates[place * m : (place + 1) * m, here] if place >= 0 else 1.0

        def set_delta(
            number: int, error: Array, here: slice = here, d_gates: Array = d_gates
        ) -> Any:
            """Store the gradient of a gate's net input; return what its peephole passes on."""
            place = blocks[number]
            if place < 0:
                return 0.0
            rows = slice(place * m, (place + 1) * m)
            error = error + d_gates[number * m : (number + 1) * m]
            delta[rows, here] = slope(gate, gates[rows, here]) * error
            return peep[number][:, None] * delta[rows, here]

        i, f = coupled(value(0), value(1), coupling)
        o, g, before = value(2), value(3), c[:, here]
        dh = err[:, here] + dh0
        peeped = set_delta(2, dh * c_act[:, here])
        dc = dh * o * slope(c_phi, c_act[:, here]) + peeped + dc0
        d_i, d_f = dc * g, dc * before
        if coupling == CIFG:
            d_i = d_i - d_f
        elif coupling == CFIG:
            d_f = d_f - d_i
        peeped = set_delta(0, d_i) + set_delta(1, d_f)
        rows = slice(blocks[3] * m, (blocks[3] + 1) * m)
        delta[rows, here] = dc * i * slope(g_act, g)
        dc0[...] = dc * f
        if not truncate:
            dc0 += peeped
            dh0[...] = w.T @ delta[:, here]
            if w_gate is not None:
                d_gates = w_gate.T @ delta[: 3 * m, here]


def coupled(i: Any, f: Any, coupling: int) -> tuple[Any, Any]:
    """Input and forget gate, one of them made from the other if they are coupled."""
    if coupling == CIFG:
        return i, 1.0 - i
    if coupling == CFIG:
        return 1.0 - f, f
    return i, f


def lstm97_online(
    w_in: Array,
    w: Array,
    b: Array,
    w_out: Array,
    b_out: Array,
    x: Array,
    target: Array,
    mask: Array,
    y: Array,
    lengths: Array,
    rate: float,
    truncate: bool,
    acts: tuple[Any, Any, Any],
    out_act: Any,
) -> None:
    """Train on one sequence after the other: gradient step after each.

    Args:
        w_in, w, b: of the LSTM (2B + C, nin), (2B + C, C [+ 2B]), (2B + C, 2B or 0, 1).
        w_out, b_out: of the read-out ``y = out_act(w_out h + b_out)``: (ny, C), (ny or 0, 1).
        x, target, y: (nin, columns), (ny, columns): the sequences one after the other; ``y`` is
            filled where ``mask`` (1, columns) is true: there the error is ``y - target``.
        lengths: steps of each sequence.
        rate: learning rate.
        truncate: as in ``lstm97_bprop``.
    """
    start, rows, cells = 0, len(w), w_out.shape[1]
    for steps in lengths.tolist():
        here = slice(start, start + steps)
        gates = w_in @ x[:, here]
        gates[: len(b)] += b
        u, s = np.zeros((rows, steps + 1), w.dtype), np.zeros((cells, steps + 1), w.dtype)
        hs, delta = np.empty((cells, steps), w.dtype), np.empty_like(gates)
        lstm97_fprop(w, gates, u, s, hs, acts)
        net = w_out @ u[:cells, 1:]
        if len(b_out):
            net += b_out
        out, wanted = forward(out_act, net), mask[0, here].astype(bool)
        y[:, here][:, wanted] = out[:, wanted]
        d_out = (out - target[:, here]) * slope(out_act, out) * wanted
        du, ds = np.empty((rows, 1), w.dtype), np.empty((cells, 1), w.dtype)
        lstm97_bprop(w, gates, hs, w_out.T @ d_out, delta, du, ds, truncate, acts)
        pairs = (
            (w_in, delta @ x[:, here].T),
            (w, delta @ u[: w.shape[1], :-1].T),
            (b, delta[: len(b)].sum(axis=1, keepdims=True)),
            (w_out, d_out @ u[:cells, 1:].T),
            (b_out, d_out[: len(b_out)].sum(axis=1, keepdims=True)),
        )
        for weights, gradient in pairs:
            weights -= rate * gradient
        start += steps
