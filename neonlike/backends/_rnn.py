"""Recurrent operations of neon: unrolling step by step (spec backend 12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neonlike.backends._dot import DotMixin
from neonlike.backends._exclusive import exclusive
from neonlike.backends._sweep import SweepMixin


class RnnMixin(DotMixin, SweepMixin):
    """Recurrent part of the backend; the layers use the whole sweeps of SweepMixin."""

    @exclusive
    def compound_rnn_unroll_fprop(
        self,
        W_recur: Any,
        h_prev_s: Sequence[Any],
        h_ff_s: Sequence[Any],
        h_s: Sequence[Any],
        bias: Any,
        nout: int,
        num_steps: int,
        num_used_steps: int | None,
        activation: Any,
        reverse: bool = False,
    ) -> None:
        """Per step ``h = activation(W_recur h_prev + h_ff + bias)``.

        Args:
            W_recur: (nout, nout) weights.
            h_prev_s, h_ff_s, h_s: per step views (nout, N): previous state, feed-forward part,
                result. ``h_ff`` may be ``h`` itself.
            bias: (nout, 1).
            nout: not used.
            num_steps: steps there are.
            num_used_steps: steps to process, counted from the first; None: all.
            activation: a Transform.
            reverse: process the steps from last to first.
        """
        steps = _used(zip(h_prev_s, h_ff_s, h_s, strict=True), num_steps, num_used_steps, reverse)
        for h_prev, h_ff, h in steps:
            if h_ff is h:
                self.compound_dot(W_recur, h_prev, h, alpha=1.0, beta=1.0)
                h[:] = activation(h + bias)
            else:
                self.compound_dot(W_recur, h_prev, h)
                h[:] = activation(h + h_ff + bias)

    @exclusive
    def compound_rnn_unroll_bprop(
        self,
        W_recur: Any,
        delta_prev_s: Sequence[Any],
        delta_s: Sequence[Any],
        h_s: Sequence[Any],
        nout: int,
        num_steps: int,
        num_used_steps: int | None,
        activation: Any,
        reverse: bool = True,
    ) -> None:
        """Per step ``delta = activation.bprop(h) * delta``, then ``delta_prev += W_recur delta``.

        Args:
            W_recur: the *transposed* recurrent weights (nout, nout).
            delta_prev_s, delta_s, h_s: per step views (nout, N).
            nout, num_steps, num_used_steps, activation: see ``compound_rnn_unroll_fprop``.
            reverse: process the steps from last to first.
        """
        steps = _used(
            zip(h_s, delta_prev_s, delta_s, strict=True), num_steps, num_used_steps, reverse
        )
        for h, delta_prev, delta in steps:
            delta[:] = activation.bprop(h) * delta
            self.compound_dot(W_recur, delta, delta_prev, alpha=1.0, beta=1.0)

    def compound_rnn_unroll_fprop_bibnrnn(
        self,
        ngLayer: Any,
        h_buffer_all: Any,
        h_ff_buffer: Any,
        W_recur_f: Any,
        h_prev: Sequence[Any],
        h_ff_f: Sequence[Any],
        h_f: Sequence[Any],
        b_f: Any,
        W_recur_b: Any,
        h_next: Sequence[Any],
        h_ff_b: Sequence[Any],
        h_b: Sequence[Any],
        b_b: Any,
        nout: int,
        nsteps: int,
        used_nsteps: int | None,
        activation: Any,
    ) -> None:
        """Unroll the forward direction in order, then the backward direction in reverse."""
        self.compound_rnn_unroll_fprop(
            W_recur_f, h_prev, h_ff_f, h_f, b_f, nout, nsteps, used_nsteps, activation
        )
        self.compound_rnn_unroll_fprop(
            W_recur_b, h_next, h_ff_b, h_b, b_b, nout, nsteps, used_nsteps, activation, reverse=True
        )

    def compound_rnn_unroll_bprop_bibnrnn(
        self,
        ngLayer: Any,
        error: Any,
        in_deltas_f: Sequence[Any],
        prev_in_deltas: Sequence[Any],
        in_deltas_b: Sequence[Any],
        next_in_deltas: Sequence[Any],
        W_recur_f: Any,
        W_recur_b: Any,
        h_f: Sequence[Any],
        h_b: Sequence[Any],
        nout: int,
        nsteps: int,
        used_nsteps: int | None,
        activation: Any,
        h_buffer_all: Any,
    ) -> None:
        """Backpropagate the forward direction from its end, the other one from its start."""
        self.compound_rnn_unroll_bprop(
            W_recur_f.T, prev_in_deltas, in_deltas_f, h_f, nout, nsteps, used_nsteps, activation
        )
        self.compound_rnn_unroll_bprop(
            W_recur_b.T,
            next_in_deltas,
            in_deltas_b,
            h_b,
            nout,
            nsteps,
            used_nsteps,
            activation,
            reverse=False,
        )


def _used(steps: Any, num_steps: int, num_used_steps: int | None, reverse: bool) -> list[Any]:
    """The steps to process, in order of processing."""
    chosen = list(steps)[: num_steps if num_used_steps is None else min(num_used_steps, num_steps)]
    return chosen[::-1] if reverse else chosen
