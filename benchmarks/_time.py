"""Timing inside this process, for a quick look; ratios need the interleaved runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

WARM_UP = 3  # steps in which kernels are loaded, and op-trees become hot and are compiled


def time_step(step: Callable[[], Any], seconds: float = 0.5) -> dict[str, float]:
    """Run ``step`` for about ``seconds``; return wall and CPU milliseconds per step.

    Returns:
        ``wall_ms``, ``cpu_ms`` and the number of ``steps``.
    """
    count = 0
    wall, cpu = time.perf_counter(), time.process_time()
    while count == 0 or time.perf_counter() - wall < seconds:
        step()
        count += 1
    return {
        "wall_ms": (time.perf_counter() - wall) / count * 1e3,
        "cpu_ms": (time.process_time() - cpu) / count * 1e3,
        "steps": count,
    }


def time_item(item_id: str, backend: str = "cpu", seconds: float = 0.5) -> dict[str, float]:
    """Build a benchmark item by id on a new backend, warm it up and time it."""
    from benchmarks.items import ITEMS
    from neonlike.backends import gen_backend

    item = ITEMS[item_id]
    step = item.neonlike(gen_backend(backend, rng_seed=0, batch_size=item.batch))
    for _ in range(WARM_UP):
        step()
    return time_step(step, seconds)
