"""Python-level work of a training step: calls of backend methods, op-trees, kernels."""

from __future__ import annotations

import cProfile
import pstats
from collections import Counter

from benchmarks.items import ITEMS

STEPS = 20
WARM_UP = 5
# What a layer asks of the backend, how much of it was recorded before and is but kernels now, and
# what is left of building op-trees.
LAYERS = {
    "backend methods": ("/backends/_exclusive.py", ["call"]),
    "work from memory": ("/backends/_replay.py", ["recall"]),
    "assignments of op-trees": ("/backends/_evaluator.py", ["assign"]),
    "op-tree nodes built": (
        "/backends/_optree.py",
        ["build", "function_of", "_infix", "_reflected"],
    ),
}


def count_calls(item_id: str) -> Counter[str]:
    """Calls per step of a net on the fast kernel set; "Python functions" counts all of them."""
    from neonlike.backends import gen_backend

    item = ITEMS[item_id]
    step = item.neonlike(gen_backend("cpu", rng_seed=0, batch_size=item.batch))
    for _ in range(WARM_UP):
        step()
    profile = cProfile.Profile(builtins=False)
    profile.enable()
    for _ in range(STEPS):
        step()
    profile.disable()
    counts: Counter[str] = Counter()
    functions = pstats.Stats(profile).stats  # type: ignore[attr-defined]  # made at run time
    for (path, _, name), (_, calls, *_) in functions.items():
        counts["Python functions"] += calls
        for what, (file, functions_there) in LAYERS.items():
            if path.replace("\\", "/").endswith(file) and name in functions_there:
                counts[what] += calls
    return Counter({what: round(calls / STEPS) for what, calls in counts.items()})


def table(item_ids: list[str]) -> str:
    """Counts per step, a line per net."""
    names = [*LAYERS, "Python functions"]
    lines = ["| net | " + " | ".join(names) + " |", "| --- " + "| ---: " * len(names) + "|"]
    for item_id in item_ids:
        counts = count_calls(item_id)
        lines.append(f"| `{item_id}` | " + " | ".join(str(counts[n]) for n in names) + " |")
    return "\n".join(lines)
