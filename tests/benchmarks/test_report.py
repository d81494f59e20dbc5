"""The targets, their grades, the report and the comparison, on made-up results."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from compiled import compiled_only

from benchmarks import __main__ as command
from benchmarks import _calls, _report, _targets, time_item
from benchmarks.items import ITEMS
from neonlike.backends import cleanup_backend


def row(item: str, ms: float, engine: str = "neonlike/cpu", threads: int = 1) -> dict[str, Any]:
    return {
        "item": item,
        "engine": engine,
        "family": engine.partition("/")[0],
        "threads": threads,
        "clock": "cpu" if threads == 1 else "wall",
        "ms": ms,
        "wall_ms": ms,
        "min_ms": ms,
        "max_ms": ms,
    }


def document() -> dict[str, Any]:
    return {
        "machine": {
            "processor": "some",
            "cores": 2,
            "platform": "any",
            "python": "3.11",
            "versions": {"numpy": "2"},
        },
        "rows": [
            row("net_cifar_conv_n32", 7.0),
            row("net_cifar_conv_n32", 10.0, "torch/default"),
            row("net_cifar_conv_n32", 14.0, "torch/malloc"),
            row("net_cifar_conv_n128", 12.0),
            row("net_cifar_conv_n128", 10.0, "torch/default"),
            row("net_cifar_conv_n32", 4.0, threads=2),
            row("net_cifar_conv_n32", 4.0, "torch/default", threads=2),
            *(row(f"scale_image_{n}", n * n / 100) for n in (8, 16, 32)),
        ],
        "probes": {"probe_start_warm_mlp": 0.25, "probe_new_tree": 80.0},
        "details": {"start_warm_mlp_s": {"neonlike/cpu": 0.25, "torch/default": 3.0}},
    }


def test_every_target_has_items() -> None:
    for target in _targets.TARGETS:
        for pattern in target.items:
            found = [i for i in ITEMS if _targets.Target("", "", (pattern,), 1, 1).matches(i)]
            assert found or pattern.startswith("probe_"), f"{target.id}: {pattern}"


def test_patterns_do_not_overlap() -> None:
    ratios = [target for target in _targets.TARGETS if target.unit == "x"]
    for item in ITEMS:
        assert sum(target.matches(item) for target in ratios) <= 1, item


def test_table() -> None:
    found = {(r["target"].id, r["threads"]): r for r in _targets.table(document())}
    conv = found["net_cifar_conv", 1]
    assert (conv["worst"], conv["item"], conv["grade"]) == (1.2, "net_cifar_conv_n128", "missed")
    assert (conv["best"], conv["items"], conv["missed"]) == (0.7, 2, 1)
    assert found["net_cifar_conv", 2]["grade"] == "minimum"  # 1.0 of at most 1.1 + 0.15
    assert found["two_threads", 2]["worst"] == pytest.approx(7 / 4)
    assert found["two_threads", 2]["grade"] == "minimum"
    assert found["cold_warm_mlp", 1]["grade"] == "moonshot"
    assert found["new_tree", 1]["grade"] == "missed"


def test_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "targets.json").write_text(json.dumps(document()), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["benchmarks", "report", str(tmp_path)])
    command.main()
    page = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "**missed** (1 of 2 items)" in page
    assert "| start_warm_mlp_s | torch/default | 3.00 |" in page
    for picture in ("ratios.png", "scaling.png"):
        assert picture in page
        assert (tmp_path / picture).stat().st_size > 5000


def test_compare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = tmp_path / "a.json", tmp_path / "b.json"
    before.write_text(json.dumps({"rows": [row("gemm", 2.0), row("gone", 1.0)]}), encoding="utf-8")
    after.write_text(json.dumps({"rows": [row("gemm", 1.0), row("new", 1.0)]}), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["benchmarks", "compare", str(before), str(after)])
    command.main()
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("gemm ")
    assert line.endswith("x0.50")
    assert "no row in common" in _report.compare({"rows": []}, {"rows": [row("gemm", 1.0)]})


def test_unknown_item() -> None:
    with pytest.raises(SystemExit, match="no benchmark item matches 'nonsense'"):
        command.select(["nonsense"])


@compiled_only
def test_calls_of_a_step() -> None:
    counts = _calls.count_calls("net_mnist_mlp_n32")
    cleanup_backend()
    # five products, two activations forward and back, cost, its mean and its slope, the update
    assert counts["work from memory"] == 13
    assert counts["assignments of op-trees"] == 0
    assert counts["Python functions"] < 400


def test_time_item() -> None:
    found = time_item("onehot_1000x128", seconds=0.01)
    cleanup_backend()
    assert found["steps"] >= 1
    assert 0 < found["wall_ms"] < 1000
