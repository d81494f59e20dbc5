"""The table of times that ``Benchmark.print_stats`` displays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from neonlike.version import VERSION

Statistic = Callable[[Any], Any]
WIDTH = 105
RULE = f"+{'-' * WIDTH}+"
DEFAULT: tuple[Statistic, ...] = (np.mean, np.median, np.min, np.max)
# the names these had in the NumPy of neon, which readers of the table look for
TITLES = {"min": "Amin", "max": "Amax"}


def stats_table(stats: Mapping[str, Any], functions: Sequence[Statistic] | None, nskip: int) -> str:
    """Return the table of statistics of times, see ``Benchmark.print_stats``."""
    chosen = DEFAULT if functions is None else functions
    cells = "".join(f" {_title(function):^11} |" for function in chosen)
    lines = [
        "",
        RULE,
        f"|{f'  neonlike benchmark, version {VERSION}  ':-^{WIDTH}}|",
        RULE,
        f"|{'Func':^35}|{cells}{'Units':^13}|",
        RULE,
    ]
    for name, values in stats.items():
        kept = np.asarray(values)[nskip:]
        if kept.any():
            numbers = "".join(f"  {float(function(kept)):<10.5g} |" for function in chosen)
            lines.append(f"| {name:<33} |{numbers}{'msec':^13}|")
    return "\n".join([*lines, RULE])


def _title(function: Statistic) -> str:
    name = function.__name__
    return TITLES.get(name, name.title()) if function in DEFAULT else name.title()
