"""How long a line of memory takes from core to core: it decides what a second thread gains.

On a virtual machine this changes by the minute: while both of its cores are on one die of the real
machine they share a cache, and exchange a line in some 50 ns; when one of them has been moved, it
takes 200 ns, and two threads gain half as much.
"""

from __future__ import annotations

import math
import statistics
import time
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

TURNS = 20_000  # of a measurement: some milliseconds
_MOST_SPINS = 10_000_000  # without the other thread: it has no core of its own
_FAR = 2.5  # times the shortest exchange: other dies take four times as long
_WORD = ir.IntType(64)


def _place(builder: ir.IRBuilder, address: ir.Value) -> ir.Value:
    return builder.inttoptr(address, _WORD.as_pointer())


@intrinsic
def _read(typingctx, address):  # type: ignore[no-untyped-def]  # Numba's protocol
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        return builder.load_atomic(_place(builder, args[0]), "acquire", 8)

    return types.int64(types.intp), codegen


@intrinsic
def _write(typingctx, address, value):  # type: ignore[no-untyped-def]  # Numba's protocol
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        builder.store_atomic(args[1], _place(builder, args[0]), "release", 8)
        return context.get_dummy_value()

    return types.void(types.intp, types.int64), codegen


@numba.njit(nogil=True)  # type: ignore[untyped-decorator]
def _play(side: int, address: int, turns: int) -> int:
    """Wait for each number of one's own, and answer with the next one; return those not seen."""
    for turn in range(turns):
        spins = 0
        while _read(address) != 2 * turn + side:
            spins += 1
            if spins > _MOST_SPINS:
                return turns - turn
        _write(address, 2 * turn + side + 1)
    return 0


@numba.njit(parallel=True)  # type: ignore[untyped-decorator]
def _exchange(address: int, turns: int) -> int:
    missed = np.zeros(2, np.int64)
    for side in numba.prange(2):
        missed[side] = _play(side, address, turns)
    return missed.sum()


def exchange_ns() -> float:
    """Nanoseconds for a line of memory from one core to another, nan with one core only."""
    if numba.get_num_threads() < 2:
        return float("nan")
    line = np.zeros(32, np.int64)
    address = line.ctypes.data + 64  # lines around it are nobody's
    _exchange(address, 0)  # compiled
    start = time.perf_counter()
    missed = _exchange(address, TURNS)
    return float("nan") if missed else (time.perf_counter() - start) / TURNS / 2 * 1e9


class Patience:
    """Waits until a line goes from core to core about as fast as it did before in this run.

    Args:
        seconds: how long to wait, in all.
    """

    def __init__(self, seconds: float) -> None:
        self.left = self.seconds = seconds
        self.seen: list[float] = []

    def wait(self) -> None:
        """Measure, and wait while it takes ``_FAR`` times as long as at best."""
        while not math.isnan(now := exchange_ns()):
            self.seen.append(now)
            if now <= _FAR * min(self.seen) or self.left <= 0:
                return
            time.sleep(1)
            self.left -= 1

    def facts(self) -> dict[str, float]:
        """Nanoseconds, seconds waited; nothing where there is one core."""
        if not self.seen:
            return {}
        return {
            "fastest_ns": min(self.seen),
            "median_ns": statistics.median(self.seen),
            "slowest_ns": max(self.seen),
            "waited_s": self.seconds - self.left,
        }
