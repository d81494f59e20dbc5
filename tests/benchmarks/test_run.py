"""A run: which rounds it asks for, in which order, and what it makes of the answers."""

from __future__ import annotations

from typing import Any

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
