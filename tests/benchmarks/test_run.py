"""A run: which rounds it asks for, in which order, and what it makes of the answers."""

from __future__ import annotations

import math
from typing import Any

import pytest

from benchmarks import _cores
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


def test_job_for_two_cores() -> None:
    found = _cores.job_ms()
    assert math.isnan(found) or 0 < found < 1e6


class Cores:
    """Answers for ``job_ms``, each given twice, and the pauses between them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *times: float) -> None:
        answers = iter([time for time in times for _ in range(2)])
        self.pauses: list[float] = []
        monkeypatch.setattr(_cores, "job_ms", lambda: next(answers))
        monkeypatch.setattr(_cores.time, "sleep", self.pauses.append)


def test_waits_until_the_cores_are_near_again(monkeypatch: pytest.MonkeyPatch) -> None:
    cores = Cores(monkeypatch, 1.0, 1.4, 3.0, 3.0, 1.2)
    patience = _cores.Patience(10)
    for _ in range(3):
        patience.wait()
    assert patience.seen == [1.0, 1.4, 3.0, 3.0, 1.2]
    assert len(cores.pauses) == 2
    assert patience.left == 10 - sum(cores.pauses)
    assert patience.facts()["slowest_ms"] == 3.0


def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    cores = Cores(monkeypatch, 1.0, *[3.0] * 10)
    patience = _cores.Patience(1)
    for _ in range(3):
        patience.wait()
    assert sum(cores.pauses) == 1
    assert patience.seen == [1.0, 3.0, 3.0, 3.0, 3.0]
    assert not patience.asks_again(1)


def test_a_round_that_ends_badly_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    Cores(monkeypatch, 1.0, 3.0, 1.0)
    patience = _cores.Patience(10)
    patience.wait()
    assert patience.asks_again(4)
    assert not patience.asks_again(4)
    facts = patience.facts()
    assert (facts["repeated_rounds"], facts["patience_left_s"]) == (1, 6)


def test_one_core_needs_no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    Cores(monkeypatch, math.nan, math.nan)
    monkeypatch.setattr(_cores.numba, "get_num_threads", lambda: 1)
    patience = _cores.Patience(10)
    patience.wait()
    assert not patience.asks_again(1)
    assert patience.facts() == {}
