"""Passes in between that leave the states that layers carry as they were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from neonlike.layers._rnn_recurrent import Recurrent
from neonlike.layers._zoo_base import ZooLayer


@contextmanager
def kept_states(layers: Iterable[Any]) -> Iterator[None]:
    """Restore, after the ``with`` block, what the recurrent layers carry to their next pass.

    Args:
        layers: layers of a network that has its buffers; others than recurrent ones are left out.
    """
    carriers = [layer for layer in layers if isinstance(layer, Recurrent | ZooLayer)]
    kept = [
        (layer, layer.x, layer.inputs, layer._resumed, [last.get() for last in _lasts(layer)])
        for layer in carriers
    ]
    try:
        yield
    finally:
        for layer, x, inputs, resumed, values in kept:
            layer.x, layer.inputs, layer._resumed = x, inputs, resumed
            for last, value in zip(_lasts(layer), values, strict=True):
                last[:] = value


def _lasts(layer: Any) -> list[Any]:
    """The states of the last step."""
    states = layer.states_by_name if isinstance(layer, ZooLayer) else layer._sequences()
    return [layer._last(state) for state in states.values()]
