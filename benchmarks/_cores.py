"""Whether two cores work together as well as they can, which decides what a second thread gains.

On a virtual machine this changes by the second. While its two processors are cores of one die they
share a cache; when one of them has been moved to another die, a line of memory takes four times as
long from one to the other, and when both are threads of one core, they share its arithmetic. One
thread does not notice either; two gain half as much, or nothing.

So there is a job for two threads, of arithmetic on memory of their own and of reading what the
other has just written. Its time, over the shortest so far, tells.
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

ROUNDS = 300  # of the job: a millisecond
_SIZE = 4096  # numbers of each thread
_MOST_SPINS = 10_000_000  # without the other thread: it has no core of its own
_GOOD = 1.5  # times the shortest job; on two dies it takes four times as long
_PAUSE = 0.5  # seconds
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


@numba.njit(nogil=True, fastmath=True)  # type: ignore[untyped-decorator]  # Numba's
def _work(mine: Any, other: Any) -> None:
    """A polynomial of what the other thread wrote and what is here."""
    for i in range(mine.size):
        x = np.float32(0.5) * (mine[i] + other[i])
        value = x
        for _ in range(24):
            value = value * x + np.float32(0.01)
        mine[i] = value


@numba.njit(nogil=True)  # type: ignore[untyped-decorator]  # Numba's
def _side(side: int, flags: int, numbers: Any, rounds: int) -> int:
    """Work, tell the other thread, wait for it, in turns; return the rounds that are missing."""
    for turn in range(rounds):
        here = turn % 2
        _work(numbers[side, here], numbers[1 - side, 1 - here])
        _write(flags + 128 * side, turn + 1)
        spins = 0
        while _read(flags + 128 * (1 - side)) <= turn:
            spins += 1
            if spins > _MOST_SPINS:
                return rounds - turn
    return 0


@numba.njit(parallel=True)  # type: ignore[untyped-decorator]  # Numba's
def _job(flags: int, numbers: Any, rounds: int) -> int:
    missed = np.zeros(2, np.int64)
    for side in numba.prange(2):
        missed[side] = _side(side, flags, numbers, rounds)
    return missed.sum()


def job_ms() -> float:
    """Milliseconds of the job; nan where the second thread has no core."""
    if numba.get_num_threads() < 2:
        return math.nan
    flags = np.zeros(64, np.int64)
    numbers = np.full((2, 2, _SIZE), 0.5, np.float32)
    address = flags.ctypes.data + 64  # lines around the flags are nobody's
    _job(address, numbers, 0)  # compiled
    start = time.perf_counter()
    missed = _job(address, numbers, ROUNDS)
    return math.nan if missed else (time.perf_counter() - start) * 1e3


class Patience:
    """Waits for two cores that work together about as well as they did at best in this run.

    Args:
        seconds: how long to wait, or to do again what they did not, in all.
    """

    def __init__(self, seconds: float) -> None:
        self.left = seconds
        self.seen: list[float] = []
        self.repeated = 0

    def is_good(self) -> bool:
        """Measure; whether they do now."""
        times = [ms for ms in (job_ms(), job_ms()) if not math.isnan(ms)]
        if not times:
            return numba.get_num_threads() < 2
        self.seen.append(min(times))
        return self.seen[-1] <= _GOOD * min(self.seen)

    def wait(self) -> None:
        """Wait until they do, or patience is over."""
        while not self.is_good() and self.left > 0:
            time.sleep(_PAUSE)
            self.left -= _PAUSE

    def asks_again(self, seconds: float) -> bool:
        """Whether to do a round of ``seconds`` again, since they do no more at its end."""
        if self.is_good() or self.left <= 0:
            return False
        self.left -= seconds
        self.repeated += 1
        return True

    def facts(self) -> dict[str, float]:
        """What was seen; nothing where there is one core."""
        if not self.seen:
            return {}
        return {
            "fastest_ms": min(self.seen),
            "median_ms": statistics.median(self.seen),
            "slowest_ms": max(self.seen),
            "repeated_rounds": self.repeated,
            "patience_left_s": max(0.0, self.left),
        }
