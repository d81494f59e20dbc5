"""One run: rounds interleaved over all engines, so that a slow moment of the machine hits all."""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from benchmarks._engines import Engine, Worker
from benchmarks.items import ITEMS
from benchmarks.items._item import Item

if TYPE_CHECKING:
    from benchmarks._cores import Patience

Row = dict[str, Any]
Samples = dict[Engine, list[Row]]
PACKAGES = ("neonlike", "numpy", "numba", "scipy", "torch")


class Crew:
    """The workers of a run, one process per engine; they stay for all items."""

    def __init__(self, engines: list[Engine], patience: Patience) -> None:
        self.engines = engines
        self._patience = patience
        self._workers: dict[Engine, Worker] = {}

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *error: object) -> None:
        for worker in self._workers.values():
            worker.close()

    def _worker(self, engine: Engine) -> Worker:
        if engine not in self._workers:
            self._workers[engine] = Worker(engine)
        return self._workers[engine]

    def sample(self, item_id: str, rounds: range, seconds: float) -> Samples:
        """Time one item on all engines that have it, once in each round."""
        item = ITEMS[item_id]
        taking_part = [e for e in self.engines if takes_part(e, item)]
        workers = [self._worker(engine) for engine in taking_part]
        samples: Samples = {engine: [] for engine in taking_part}
        for round_number in rounds:
            # the order turns by one each round, so that no engine always runs after the same other
            turn = round_number % len(workers)
            for engine, row in self._round(workers[turn:] + workers[:turn], item_id, seconds):
                samples[engine].append(row)
        return samples

    def _round(
        self, workers: list[Worker], item_id: str, seconds: float
    ) -> list[tuple[Engine, Row]]:
        """Time an item once on each engine; with threads, while the cores are near each other."""
        with_threads = any(worker.engine.threads > 1 for worker in workers)
        while True:
            if with_threads:
                self._patience.wait()
            start = time.perf_counter()
            found = [(w.engine, w.ask(item=item_id, seconds=seconds)) for w in workers]
            taken = time.perf_counter() - start
            if not (with_threads and self._patience.asks_again(taken)):
                return found


def takes_part(engine: Engine, item: Item) -> bool:
    """Whether an engine has an item, and not the same as another variant."""
    if engine.family != "torch":
        return True
    return item.torch is not None and (item.has_images or not engine.cares_for_layout)


def _row(item_id: str, engine: Engine, taken: list[Row]) -> Row:
    # one thread: CPU time, which other load does not touch; more threads: wall time
    key = "cpu_ms" if engine.threads == 1 else "wall_ms"
    times = [sample[key] for sample in taken]
    return {
        "item": item_id,
        "engine": engine.name,
        "family": engine.family,
        "threads": engine.threads,
        "clock": key.removesuffix("_ms"),
        "ms": statistics.median(times),
        "wall_ms": statistics.median(sample["wall_ms"] for sample in taken),
        "min_ms": min(times),
        "max_ms": max(times),
        "first_ms": taken[0]["first_ms"],
        "peak_mib": taken[-1]["peak_mib"],
        "samples_ms": times,
    }


def ratios(rows: list[Row], engine: str = "neonlike/cpu") -> list[Row]:
    """Pair ``engine`` with the fastest PyTorch variant, per item and thread count."""
    pairs = []
    for row in rows:
        rivals = [
            r["ms"]
            for r in rows
            if (r["item"], r["threads"], r["family"]) == (row["item"], row["threads"], "torch")
        ]
        if row["engine"] == engine and rivals:
            best = min(rivals)
            pair = {"item": row["item"], "threads": row["threads"], "ratio": row["ms"] / best}
            pairs.append(pair | {"ms": row["ms"], "torch_ms": best})
    return pairs


def machine() -> dict[str, Any]:
    """Describe the machine and the versions that a result belongs to."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": sys.version.split()[0],
        "versions": found,
    }


def _processor() -> str:
    try:
        info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        lines = [line for line in info.splitlines() if line.startswith("model name")]
        return lines[0].partition(":")[2].strip()
    except (OSError, IndexError):
        return platform.processor()


def save(path: Path, document: Row) -> None:
    """Write a result file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def run_all(
    items: list[str],
    engines: list[Engine],
    rounds: int,
    seconds: float,
    report: Callable[[list[Row]], None],
    laps: int = 1,
    patience: float = 0,
) -> Row:
    """Run ``items`` one after the other; ``report`` sees the rows of each as it is done.

    Args:
        items: their ids.
        engines: what to run them on.
        rounds: how often, on each engine and in each lap.
        seconds: for each time.
        report: is called once for each item.
        laps: how often to go through all items, so that a slow minute of the machine hits some
            rounds of an item, not all.
        patience: seconds to wait, in all, for cores that work together well; see ``_cores``.

    Returns:
        The document of a result file: machine, settings and rows.
    """
    from benchmarks._cores import Patience  # loads Numba, which tables do not need

    samples: dict[str, Samples] = {item: {} for item in items}
    rows: list[Row] = []
    cores = Patience(patience)
    with Crew(engines, cores) as crew:
        for lap in range(laps):
            is_silent = True if lap == laps - 1 else None  # None: where there is no terminal
            for item in tqdm(items, desc=f"lap {lap + 1} of {laps}", disable=is_silent):
                taken = crew.sample(item, range(lap * rounds, (lap + 1) * rounds), seconds)
                for engine, new in taken.items():
                    samples[item].setdefault(engine, []).extend(new)
                if lap == laps - 1:
                    done = [_row(item, engine, all_) for engine, all_ in samples[item].items()]
                    report(done)
                    rows += done
    return {
        "machine": machine(),
        "settings": {"laps": laps, "rounds": rounds, "seconds": seconds},
        "cores": cores.facts(),
        "rows": rows,
    }
