"""Time marks, block hooks and double buffering (spec backend 2, 15)."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neonlike.backends._base import BackendBase


class Block:
    """Names of the parts of training that are passed to ``begin`` and ``end``."""

    epoch = 0
    minibatch = 1
    fprop = 2
    bprop = 3
    update = 4


class MiscMixin(BackendBase):
    """What belongs to no other topic."""

    def begin(self, block: int, identifier: Any) -> None:
        """Mark the start of a ``Block``: nothing to do on a CPU."""

    def end(self, block: int, identifier: Any) -> None:
        """Mark the end of a ``Block``: nothing to do on a CPU."""

    def init_mark(self) -> dict[str, float]:
        """Return a new time mark."""
        return {"time": 0}

    def record_mark(self, marker: dict[str, float]) -> None:
        """Store the current time in ``marker``."""
        marker["time"] = time.time()

    def synchronize_mark(self, marker: dict[str, float]) -> None:
        """Wait for ``marker``: nothing to do on a CPU."""

    def get_time(self, start: dict[str, float], end: dict[str, float]) -> float:
        """Return the milliseconds between two marks."""
        return (end["time"] - start["time"]) * 1000.0

    def consume(self, buf_index: int, hostlist: list[NDArray[Any]], devlist: list[Any]) -> None:
        """Copy ``hostlist[buf_index].T`` into the tensor ``devlist[buf_index]``, made if None.

        Raises:
            AssertionError: ``buf_index`` is neither 0 nor 1.
        """
        assert 0 <= buf_index < 2, "Can only double buffer"
        host = hostlist[buf_index].T
        if devlist[buf_index] is None:
            devlist[buf_index] = self.tensor(np.zeros(host.shape, host.dtype))
        devlist[buf_index][:] = host

    def set_caffe_compat(self) -> None:
        """Switch to caffe's pooling sizes and dropout."""
        self.compat_mode = "caffe"

    def check_caffe_compat(self) -> bool:
        """Tell whether caffe's pooling sizes and dropout are used."""
        return self.compat_mode == "caffe"

    def is_mkl(self) -> bool:
        """Tell whether the layout of MKL primitives is used: never."""
        return False
