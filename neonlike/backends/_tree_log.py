"""``NEONLIKE_DEBUG=trees``: which op-trees run, in which tier, how often and how long.

The logger ``neonlike.backends.trees`` shows each distinct tree when it first runs and when it
moves to the second tier, and at the end of the process a table, the most expensive trees first.
"""

from __future__ import annotations

import atexit
import logging
import os
import time
from collections import Counter
from dataclasses import dataclass
from types import ModuleType

from neonlike.backends._evaluator import Evaluator, Key
from neonlike.backends._flatten import Assignments, Flat
from neonlike.backends._optree import OpTreeNode, operands_first
from neonlike.kernels._types import Scratch

VARIABLE = "NEONLIKE_DEBUG"
LONGEST = 100  # operations of a tree that is shown in full
TIERS = {1: "interpreted", 2: "fused"}
logger = logging.getLogger("neonlike.backends.trees")


def make_evaluator(kernels: ModuleType, scratch: Scratch) -> Evaluator:
    """Return an evaluator; one that keeps a log if the environment asks for it."""
    wanted = "trees" in os.environ.get(VARIABLE, "").split(",")
    return (LoggedEvaluator if wanted else Evaluator)(kernels, scratch)


@dataclass
class Record:
    """What is known about a tree.

    Attributes:
        number: by first appearance.
        text: the tree.
        tier: 1 interpreted, 2 fused.
        runs: how often it has run.
        seconds: time of all runs.
        settled: runs in the present tier, but for the first one there, which may compile.
        settled_seconds: their time.
    """

    number: int
    text: str
    tier: int = 0
    runs: int = 0
    seconds: float = 0.0
    settled: int = 0
    settled_seconds: float = 0.0


class LoggedEvaluator(Evaluator):
    """An evaluator that logs its trees."""

    def __init__(self, kernels: ModuleType, scratch: Scratch) -> None:
        super().__init__(kernels, scratch)
        self.records: dict[Key, Record] = {}
        logger.setLevel(logging.INFO)
        atexit.register(self.report)

    def _run(self, key: Key, flat: Flat, work: Assignments) -> bool:
        start = time.perf_counter()
        if not super()._run(key, flat, work):
            return False
        seconds = time.perf_counter() - start
        record = self.records.get(key)
        if record is None:
            text = "; ".join(f"{target.shape} = {describe(tree)}" for target, tree in work)
            record = self.records[key] = Record(len(self.records) + 1, text)
        record.runs += 1
        record.seconds += seconds
        tier = 2 if key in self._fused else 1
        if tier == record.tier:
            record.settled += 1
            record.settled_seconds += seconds
            return True
        record.tier, record.settled, record.settled_seconds = tier, 0, 0.0
        ms = seconds * 1e3
        logger.info("tree %d %s in %.3f ms: %s", record.number, TIERS[tier], ms, record.text)
        return True

    def report(self) -> None:
        """Log the table of all trees."""
        records = sorted(self.records.values(), key=lambda r: -r.seconds)
        logger.info("%d op-trees: total ms, runs, settled us per run, tree", len(records))
        for r in records:
            total, each = r.seconds * 1e3, r.settled_seconds / max(r.settled, 1) * 1e6
            name = f"tree {r.number} {TIERS[r.tier]}"
            logger.info("%9.3f %7d %9.1f  %s: %s", total, r.runs, each, name, r.text)


def describe(tree: OpTreeNode) -> str:
    """Return a tree as text: in full, or the numbers of its operations if that would be long."""
    nodes = operands_first(tree)
    sides = [id(side) for node in nodes for side in node[1:] if isinstance(side, OpTreeNode)]
    if len(nodes) <= LONGEST and len(set(sides)) == len(sides):
        return tree.pp()
    counts = Counter(node[0]["op"] for node in nodes)
    return " ".join(f"{count} {op}" for op, count in sorted(counts.items()))
