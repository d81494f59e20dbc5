"""Memory of training steps: everything is made at the first one."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np

MEMORY_BATCH = 2048  # samples; makes arrays large compared with the interpreter's objects
LIMIT = MEMORY_BATCH * 8  # bytes: one float64 for each sample
WARM_UP = 3  # steps in which op-trees become hot and are compiled
STEPS = 5


def check_memory(step: Callable[[], object], temporaries: bool = False) -> None:
    """Check that repeated training steps leave no arrays behind.

    Args:
        step: a training step on ``MEMORY_BATCH`` samples.
        temporaries: whether a step may make arrays, if it drops them again.

    Raises:
        AssertionError: a step has kept or made arrays.
    """
    for _ in range(WARM_UP):
        step()
    tracemalloc.start()
    try:
        step()  # what replaces an array of the step before now replaces one that is watched
        kept = _array_bytes()
        used, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        step()
        _, peak = tracemalloc.get_traced_memory()
        for _ in range(STEPS):
            step()
        kept = _array_bytes() - kept
    finally:
        tracemalloc.stop()
    assert kept <= 0, (
        f"{STEPS + 1} training steps left arrays of {kept} bytes behind; does the layer keep a "
        "tensor of every step?"
    )
    assert temporaries or peak - used < LIMIT, (
        f"a training step on {MEMORY_BATCH} samples makes arrays of {peak - used} bytes; write "
        "into buffers made by allocate()"
    )


def _array_bytes() -> int:
    """Bytes of all NumPy arrays made since memory is watched."""
    arrays = tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)
    snapshot = tracemalloc.take_snapshot().filter_traces([arrays])
    return sum(trace.size for trace in snapshot.traces)
