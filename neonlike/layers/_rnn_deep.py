"""Stacks of bidirectional layers, as lists (spec layers 9.6)."""

from __future__ import annotations

from typing import Any

from neonlike.layers._rnn_bidirectional import BiBNRNN, BiLSTM, BiRNN
from neonlike.layers._rnn_output import BiSum


def _check_depth(depth: int) -> None:
    if depth <= 0:
        raise ValueError(f"depth is the number of layers and must be positive, got {depth}")


class DeepBiRNN(list[Any]):
    """``depth`` BiRNN layers (BiBNRNN with ``batch_norm``), names automatic.

    Above the first layer the forward half of the outputs feeds the forward net and the backward
    half the backward net; with ``bi_sum`` a BiSum follows every layer and both nets read its sum.

    Raises:
        ValueError: depth is not positive.
    """

    def __init__(
        self,
        nout: int,
        init: Any,
        init_inner: Any = None,
        activation: Any = None,
        reset_cells: bool = False,
        depth: int = 1,
        batch_norm: bool = False,
        bi_sum: bool = False,
    ) -> None:
        super().__init__()
        _check_depth(depth)
        layer = BiBNRNN if batch_norm else BiRNN
        for level in range(depth):
            split = level > 0 and not bi_sum
            self.append(layer(nout, init, init_inner, activation, reset_cells, split))
            if bi_sum:
                self.append(BiSum())


class DeepBiLSTM(list[Any]):
    """``depth`` BiLSTM layers, names automatic; see DeepBiRNN without ``bi_sum``.

    Raises:
        ValueError: depth is not positive.
    """

    def __init__(
        self,
        nout: int,
        init: Any,
        init_inner: Any = None,
        activation: Any = None,
        gate_activation: Any = None,
        reset_cells: bool = False,
        depth: int = 1,
    ) -> None:
        super().__init__()
        _check_depth(depth)
        self.extend(
            BiLSTM(nout, init, init_inner, activation, gate_activation, reset_cells, level > 0)
            for level in range(depth)
        )
