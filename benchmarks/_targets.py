"""What is to be reached: bounds for groups of items, and whether results meet them."""

from __future__ import annotations

import dataclasses
import fnmatch
from typing import Any

from benchmarks._run import ratios

Row = dict[str, Any]
TWO_THREADS = 0.15  # the bounds of ratios are that much higher at two threads


@dataclasses.dataclass(frozen=True)
class Target:
    """Bounds for the worst item of a group.

    Attributes:
        id: name of the row.
        what: one line for the table.
        items: patterns of item ids, or of probes; all must meet the bounds.
        minimum: must be met.
        moonshot: what is possible with care.
        unit: of the bounds; "x" is time (or memory) over the fastest (smallest) PyTorch variant.
        higher: larger is better.
    """

    id: str
    what: str
    items: tuple[str, ...]
    minimum: float
    moonshot: float
    unit: str = "x"
    higher: bool = False

    def matches(self, item_id: str) -> bool:
        """Whether an item belongs to the row."""
        return any(fnmatch.fnmatchcase(item_id, pattern) for pattern in self.items)

    def grade(self, value: float, threads: int) -> str:
        """``moonshot``, ``minimum`` or ``missed``."""
        allowance = TWO_THREADS if threads > 1 and self.unit == "x" else 0.0
        for name, bound in (("moonshot", self.moonshot), ("minimum", self.minimum)):
            if value >= bound if self.higher else value <= bound + allowance:
                return name
        return "missed"


WINOGRAD = ("32x32_k3_64_n32", "64x16_k3_128_n32", "64x32_k3_64_n32", "128x16_k3_128_n32")
DIRECT = ("3x64_k5_32_n32", "16x14_k5_32_n32", "16x14_k5_32_n128")

TARGETS = [
    Target("sgemm", "matrix products, call included", ("gemm_*",), 1.1, 0.95),
    Target(
        "conv_fprop_direct",
        "5x5 and other shapes without Winograd",
        tuple(f"conv_fprop_{shape}" for shape in DIRECT),
        1.15,
        0.85,
    ),
    Target(
        "conv_3x3",
        "fprop and bprop 3x3, 32 maps and more",
        tuple(f"conv_{op}_{shape}" for op in ("fprop", "bprop") for shape in WINOGRAD),
        0.75,
        0.38,
    ),
    Target(
        "conv_update_5x5",
        "weight gradient, 5x5",
        tuple(f"conv_update_{shape}" for shape in DIRECT),
        1.3,
        0.9,
    ),
    Target(
        "conv_update_3x3",
        "weight gradient, 3x3",
        tuple(f"conv_update_{shape}" for shape in WINOGRAD),
        1.3,
        0.6,
    ),
    Target("max_pool_fprop", "max pooling forward", ("pool_fprop_32x32_w*",), 1.0, 0.5),
    Target("max_pool_bprop", "max pooling backward", ("pool_bprop_32x32_w*",), 1.5, 0.8),
    Target("batch_norm", "training forward and backward", ("batch_norm_*",), 0.9, 0.6),
    Target("op_trees", "128 Ki elements and more", ("tree_*",), 0.5, 0.2),
    Target("op_trees_compiled", "over torch.compile", ("compiled_tree_*",), 1.0, 0.6),
    Target("new_tree", "first run of a new op-tree", ("probe_new_tree",), 50, 10, "ms"),
    Target("softmax_xent", "softmax and cross-entropy", ("softmax_xent_*",), 1.2, 0.5),
    Target("lstm", "forward and backward", ("lstm_*",), 1.3, 0.9),
    Target("gru_small", "GRU, at most 128 units", ("gru_*_h64_*", "gru_*_h1??_*"), 0.95, 0.5),
    Target("gru_large", "GRU, more units", ("gru_*_h256_*",), 0.95, 0.75),
    Target(
        "rnn_small",
        "vanilla and bidirectional, at most 128 units",
        ("rnn_*_h64_*", "rnn_*_h1??_*", "birnn_*_h64_*", "birnn_*_h1??_*"),
        0.95,
        0.5,
    ),
    Target(
        "rnn_large",
        "vanilla and bidirectional, more units",
        ("rnn_*_h256_*", "birnn_*_h256_*"),
        0.95,
        0.75,
    ),
    Target("net_mnist_mlp_n128", "784-100-10", ("net_mnist_mlp_n128",), 1.2, 0.85),
    Target("net_mnist_mlp_n32", "784-100-10", ("net_mnist_mlp_n32",), 1.7, 1.0),
    Target("net_cifar_conv", "two 5x5 convolutions", ("net_cifar_conv_n*",), 1.1, 0.75),
    Target("net_cifar_conv_bn", "with batch norm", ("net_cifar_conv_bn_n*",), 1.0, 0.65),
    Target("net_char_lstm", "128 and 512 units", ("net_char_lstm_h*",), 1.3, 0.85),
    Target("net_gender_birnn", "64 and 128 pixels", ("net_gender_birnn_*",), 1.0, 0.55),
    Target("net_gender_renet_rnn", "64 and 128 pixels", ("net_gender_renet_rnn_*",), 1.0, 0.6),
    Target("net_gender_renet_gru", "64 and 128 pixels", ("net_gender_renet_gru_*",), 1.0, 0.6),
    Target(
        "cold_warm_mlp",
        "start to first minibatch, warm cache, mlp n128",
        ("probe_start_warm_mlp",),
        0.8,
        0.3,
        "s CPU",
    ),
    Target(
        "cold_empty_cifar",
        "start to first minibatch, empty cache, cifar n128",
        ("probe_start_empty_cifar",),
        20,
        3,
        "s CPU",
    ),
    Target(
        "peak_memory",
        "net_gender_renet_gru s128 n32, over PyTorch's",
        ("probe_peak_renet_gru_s128",),
        0.8,
        0.6,
    ),
    Target(
        "two_threads",
        "wall time with one thread over two",
        ("net_cifar_*", "net_char_*", "net_gender_*"),
        1.6,
        1.9,
        "speed-up",
        higher=True,
    ),
]


def speedups(rows: list[Row], engine: str = "neonlike/cpu") -> dict[str, float]:
    """Wall time with one thread over that with two, by item."""
    wall = {(r["item"], r["threads"]): r["wall_ms"] for r in rows if r["engine"] == engine}
    return {
        i: ms / wall[i, 2] for (i, threads), ms in wall.items() if (i, 2) in wall and threads == 1
    }


def results(document: dict[str, Any]) -> dict[tuple[str, str, int], float]:
    """The value of every item of every target: (target, item, threads) -> value."""
    rows = document["rows"]
    measured: dict[tuple[str, int], float] = {
        (p["item"], p["threads"]): p["ratio"] for p in ratios(rows)
    }
    measured |= {(name, 1): value for name, value in document.get("probes", {}).items()}
    faster = {(item, 2): value for item, value in speedups(rows).items()}
    return {
        (target.id, item, threads): value
        for target in TARGETS
        for (item, threads), value in (faster if target.higher else measured).items()
        if target.matches(item)
    }


def table(document: dict[str, Any]) -> list[Row]:
    """One row per target and thread count: the worst value, its item, and the grade."""
    found: list[Row] = []
    values = results(document)
    for target in TARGETS:
        for threads in (1, 2):
            of_row = {i: v for (t, i, n), v in values.items() if (t, n) == (target.id, threads)}
            if not of_row:
                continue
            worst = min(of_row, key=lambda i: of_row[i] * (1 if target.higher else -1))
            grades = [target.grade(value, threads) for value in of_row.values()]
            found.append(
                {
                    "target": target,
                    "threads": threads,
                    "worst": of_row[worst],
                    "best": (max if target.higher else min)(of_row.values()),
                    "item": worst,
                    "items": len(of_row),
                    "missed": grades.count("missed"),
                    "grade": target.grade(of_row[worst], threads),
                }
            )
    return found
