"""Child process of a benchmark run: builds items for one engine and times their steps."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.items import ITEMS

Step = Callable[[], Any]


def peak_memory_mib() -> float:
    """Largest resident size of this process so far, in MiB (0 where the system does not tell)."""
    try:
        import resource
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def build(family: str, variant: str, threads: int, item_id: str) -> Step:
    """Build the step function of an item for this engine."""
    item = ITEMS[item_id]
    if family == "torch":
        import torch

        torch.set_num_threads(threads)
        if item.torch is None:
            raise ValueError(f"benchmark item {item_id} has no PyTorch twin")
        return item.torch("channels_last" in variant)
    from neonlike.backends import gen_backend

    be = gen_backend(backend=variant, rng_seed=0, batch_size=item.batch)
    return item.neonlike(be)


def measure(step: Step, seconds: float) -> dict[str, float]:
    """Run ``step`` for about ``seconds``; return wall and CPU milliseconds per step."""
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


def main(family: str, variant: str, threads: str) -> None:
    """Answer requests ``{"item": id, "seconds": s}`` from stdin, one JSON line each."""
    current: tuple[str, Step] | None = None
    for line in sys.stdin:
        request = json.loads(line)
        if current is None or current[0] != request["item"]:
            current = (request["item"], build(family, variant, int(threads), request["item"]))
            start = time.perf_counter()
            current[1]()
            first_ms = (time.perf_counter() - start) * 1e3
            current[1]()
        answer = measure(current[1], request["seconds"])
        answer |= {"first_ms": first_ms, "peak_mib": peak_memory_mib()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
