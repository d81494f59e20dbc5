"""Write pickles that real neon (Python 2.7 and 3, any NumPy) can read (spec util 3.8)."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np

from neonlike.serialization import _opcodes

PROTOCOL = 2


def dumps(obj: Any) -> bytes:
    """Return ``obj`` as a pickle of protocol 2.

    Type strings get neon's prefix, tensors become arrays, arrays become plain
    and C-contiguous, and NumPy's modules get the names every version knows.
    """
    return _with_old_numpy_names(pickle.dumps(_Portable().convert(obj), PROTOCOL))


class _Portable:
    """Copies containers (each once: shared content stays shared)."""

    def __init__(self) -> None:
        self._done: dict[int, Any] = {}

    def convert(self, value: Any) -> Any:
        if type(value) not in (dict, list, tuple):
            return _portable_leaf(value)
        if id(value) in self._done:
            return self._done[id(value)]
        if type(value) is tuple:
            result: Any = tuple(self.convert(item) for item in value)
            self._done[id(value)] = result
            return result
        result = self._done[id(value)] = type(value)()
        if type(value) is list:
            result.extend(self.convert(item) for item in value)
        else:
            result.update((key, self._entry(key, item)) for key, item in value.items())
        return result

    def _entry(self, key: Any, value: Any) -> Any:
        if key == "type" and isinstance(value, str):
            return _neon_type(value)
        return self.convert(value)


def _neon_type(name: str) -> str:
    if name == "NervanaReference":  # a backend that neon does not have
        return "NervanaCPU"
    return name.replace("neonlike.", "neon.", 1) if name.startswith("neonlike.") else name


def _portable_leaf(value: Any) -> Any:
    if hasattr(value, "asnumpyarray"):
        value = value.asnumpyarray()
    if isinstance(value, np.ndarray):
        return np.asarray(value, order="C")
    return value


def _with_old_numpy_names(data: bytes) -> bytes:
    """Rename ``numpy._core`` to ``numpy.core`` in the globals of a pickle."""
    parts, copied = [], 0
    for _, start, stop in _opcodes.walk(data, frozenset([_opcodes.GLOBAL])):
        if data.startswith(b"numpy._core.", start + 1):
            parts += [data[copied : start + 1], b"numpy.core.", data[start + 13 : stop]]
            copied = stop
    return b"".join([*parts, data[copied:]])
