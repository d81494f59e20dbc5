"""Recurrent layers with deep transitions (spec zoo 3)."""

from __future__ import annotations

from typing import Any

import numpy as np

from neonlike.layers._rnn_activation import activation_code
from neonlike.layers._zoo_base import INNER, INPUT, Part, ZooLayer
from neonlike.transforms.activation import Tanh


class DeepTransitionRNN(ZooLayer):
    """Recurrent layer whose step from one state to the next is a network of L levels.

    With z^0 = h_{t-1}, for l = 1 .. L::

        z^l = act_l(W_l z^{l-1} + U_l x_t + S_l h_{t-1} + b_l),   h_t = z^L

    U_l is there for l = 1, or for all levels (``input_to="all"``); S_l is there for l >= 2 with
    ``shortcut``. One level is the plain recurrent layer.

    Shapes: in (nin, T), out (output_size, T). Packing: U_1 (, U_2 .. U_L), W_1 .. W_L, S_2 .. S_L,
    b_1 .. b_L.

    Source: Pascanu et al., "How to Construct Deep Recurrent Neural Networks", arXiv 1312.6026.

    Args:
        output_size: rows of the last level.
        init: initializer of the U_l, and of all matrices unless ``init_inner`` is given.
        transition_sizes: rows of the levels before the last one.
        init_inner: initializer of the W_l and S_l.
        activation: a Transform for all levels, or a list of L.
        shortcut: lead h_{t-1} to all levels.
        input_to: "first" or "all".
        reset_cells: start every ``fprop`` from zero states.

    Raises:
        ValueError: another number of activations than levels, or an unknown ``input_to``.
    """

    def __init__(
        self,
        output_size: int,
        init: Any,
        transition_sizes: Any = (),
        init_inner: Any = None,
        activation: Any = None,
        shortcut: bool = False,
        input_to: str = "first",
        reset_cells: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(output_size, init, init_inner, reset_cells, name)
        self.transition_sizes = list(transition_sizes)
        self.activation = Tanh() if activation is None else activation
        self.shortcut = shortcut
        self.input_to = input_to
        self.sizes = [*self.transition_sizes, output_size]
        if input_to not in ("first", "all"):
            raise ValueError(
                f"{type(self).__name__} {self.name!r}: input_to must be 'first' or 'all', "
                f"got {input_to!r}"
            )
        if isinstance(self.activation, list) and len(self.activation) != len(self.sizes):
            raise ValueError(
                f"{type(self).__name__} {self.name!r}: expected one activation for all levels or "
                f"{len(self.sizes)}, got {len(self.activation)}"
            )

    @property
    def _levels(self) -> range:
        return range(1, len(self.sizes) + 1)

    @property
    def _fed(self) -> range:
        """Levels that read the inputs."""
        return self._levels if self.input_to == "all" else range(1, 2)

    def _below(self, level: int) -> int:
        """Rows of the level below; below the first is the state before."""
        return int(self.sizes[level - 2])  # sizes[-1] for the first

    def parts(self) -> list[Part]:
        """Return all matrices, then all biases."""
        sizes = dict(zip(self._levels, self.sizes, strict=True))
        last = self.output_size
        skips = range(2, len(sizes) + 1) if self.shortcut else range(0)
        return [
            *(Part(f"U_{n}", sizes[n], self.nin, INPUT) for n in self._fed),
            *(Part(f"W_{n}", sizes[n], self._below(n), INNER) for n in self._levels),
            *(Part(f"S_{n}", sizes[n], last, INNER) for n in skips),
            *(Part(f"b_{n}", sizes[n], 1) for n in self._levels),
        ]

    def make_buffers(self) -> None:
        """Make the levels of all steps, and the table by which the kernels find the matrices."""
        places, start = {}, 0
        for part in self.parts():
            places[part.name] = start
            start += part.size
        self._table = np.array(
            [
                [size, self._below(n), places[f"W_{n}"], places.get(f"S_{n}", -1)]
                for n, size in zip(self._levels, self.sizes, strict=True)
            ]
        )
        rows = sum(self.sizes)
        self._h = self._state("h", self.output_size)
        self._z, self._delta = self._buffer(rows), self._buffer(rows)
        self._flat = self.W.reshape((self.W.size,))

    def _level_rows(self, tensor: Any, level: int) -> Any:
        top = sum(self.sizes[: level - 1])
        return tensor[top : top + self.sizes[level - 1]]

    @property
    def _acts(self) -> tuple[Any, ...]:
        given = self.activation
        acts = given if isinstance(given, list) else [given] * len(self.sizes)
        return tuple(map(activation_code, acts))

    def _forward(self) -> None:
        for level in self._levels:
            net, bias = self._level_rows(self._z, level), getattr(self, f"b_{level}")
            if level in self._fed:
                self._project(getattr(self, f"U_{level}"), bias, net)
            else:
                net[:] = bias
        tensors = self._flat, self._z, self._h
        self.be.zoo_sweep("transition_fprop", tensors, (self._table,), (self._acts,))
        self.outputs[:] = self._after(self._h)

    def _backward(self, error: Any) -> Any:
        tensors = self._flat, self._z, error, self._delta, self._final_errors["h"]
        self.be.zoo_sweep("transition_bprop", tensors, (self._table,), (self._acts,))
        before = self._before(self._h)
        for level in self._levels:
            delta = self._level_rows(self._delta, level)
            below = before if level == 1 else self._level_rows(self._z, level - 1)
            self._gradient(delta, below, getattr(self, f"dW_{level}"))
            self._sum_columns(delta, getattr(self, f"db_{level}"))
            if level in self._fed:
                self._gradient(delta, self._x2d, getattr(self, f"dU_{level}"))
            if self.shortcut and level > 1:
                self._gradient(delta, before, getattr(self, f"dS_{level}"))
        fed = sum(self.sizes[: len(self._fed)])
        # the U_l stand at the start of W one below the other, like the levels that they feed
        return self.W[: fed * self.nin].reshape((fed, self.nin)), self._delta[:fed]

    def _signals(self) -> dict[str, Any]:
        levels = {f"z_{n}": self._level_rows(self._z, n) for n in self._levels}
        return super()._signals() | levels
