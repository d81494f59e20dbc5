"""A run: which rounds it asks for, in which order, and what it makes of the answers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks import _exchange
from benchmarks._engines import engines
from benchmarks._run import run_all


def test_laps_go_through_all_items_and_every_round_counts() -> None:
    items, seen = ["gemm_100x784x128", "tree_momentum_1024"], []
    competitors = engines(["cpu", "reference"], [1], with_torch=False)

    def report(rows: list[dict[str, Any]]) -> None:
        seen.append({row["item"] for row in rows})

    found = run_all(items, competitors, rounds=1, seconds=0.001, report=report, laps=2)
    assert seen == [{item} for item in items]
    assert [(row["item"], row["engine"]) for row in found["rows"]] == [
        (item, engine.name) for item in items for engine in competitors
    ]
    for row in found["rows"]:
        assert len(row["samples_ms"]) == 2
        assert row["min_ms"] <= row["ms"] <= row["max_ms"]
    assert found["settings"] == {"laps": 2, "rounds": 1, "seconds": 0.001}


def test_exchange_between_cores() -> None:
    found = _exchange.exchange_ns()
    assert math.isnan(found) or 1 < found < 1e6


@pytest.mark.parametrize(
    ("times", "seen", "waited"),
    [
        ([50, 110, 190, 190, 70], [50, 110, 190, 190, 70], 2),  # waits until it is better
        ([50, 190, 190, 190, 190, 190], [50, 190, 190, 190, 190], 3),  # until patience is over
        ([math.nan], [], 0),  # one core
    ],
)
def test_patience(
    monkeypatch: pytest.MonkeyPatch, times: list[float], seen: list[float], waited: int
) -> None:
    answers: Iterator[float] = iter(times)
    pauses: list[float] = []
    monkeypatch.setattr(_exchange, "exchange_ns", lambda: next(answers))
    monkeypatch.setattr(_exchange.time, "sleep", pauses.append)
    patience = _exchange.Patience(3)
    for _ in range(3 if len(times) == 5 else 2 if seen else 1):
        patience.wait()
    assert patience.seen == seen
    assert sum(pauses) == waited
    facts = patience.facts()
    assert facts.get("waited_s", 0) == waited
    assert facts.get("slowest_ns") == (max(seen) if seen else None)
