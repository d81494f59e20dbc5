"""Child process of a benchmark run: builds items for one engine and times their steps."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks._time import WARM_UP, time_step
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


def serve(family: str, variant: str, threads: str) -> None:
    """Answer requests ``{"item": id, "seconds": s}`` from stdin, one JSON line each."""
    name, step, first_ms = "", None, 0.0
    for line in sys.stdin:
        request = json.loads(line)
        if request["item"] != name:
            name, step = request["item"], None  # the memory of one item at a time
            step = build(family, variant, int(threads), name)
            start = time.perf_counter()
            step()
            first_ms = (time.perf_counter() - start) * 1e3
            for _ in range(WARM_UP):
                step()
        assert step is not None
        answer = time_step(step, request["seconds"])
        answer |= {"first_ms": first_ms, "peak_mib": peak_memory_mib()}
        print(json.dumps(answer), flush=True)


def run_steps(family: str, variant: str, threads: str, item_id: str, count: str) -> None:
    """Do ``count`` steps of an item."""
    step = build(family, variant, int(threads), item_id)
    for _ in range(int(count)):
        step()


def new_tree() -> None:
    """Print the milliseconds of the first run of an op-tree, after that of another one."""
    from neonlike.backends import gen_backend

    be = gen_backend(backend="cpu", rng_seed=0, batch_size=128)
    a, b, out = (be.ones((64, 128)) for _ in range(3))
    out[:] = be.exp(a) * b
    start = time.perf_counter()
    out[:] = be.tanh(a * b + 0.5) / (be.sig(b) + be.sqrt(a * a + 1.0))
    print((time.perf_counter() - start) * 1e3)


def main(*arguments: str) -> None:
    """``family variant threads`` serves; with item and count, does steps; or ``new_tree``."""
    {1: lambda _: new_tree(), 3: serve, 5: run_steps}[len(arguments)](*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
