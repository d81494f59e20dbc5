"""Whole nets of the benchmarks: from the fourth step on, no arrays are made."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from compiled import compiled_only

from benchmarks.items import ITEMS
from neonlike.backends import cleanup_backend, gen_backend

NETS = [
    "net_mnist_mlp_n128",
    "net_cifar_conv_bn_n32",
    "net_char_lstm_h128",
    "net_gender_birnn_s64_n32",
    "net_gender_renet_gru_s64_n32",
]
LARGE = 64 * 1024  # bytes; the smallest of these nets holds 700 kB of parameters and buffers


@pytest.fixture
def fast(request: pytest.FixtureRequest) -> Iterator[Any]:
    yield gen_backend("cpu", rng_seed=0, batch_size=ITEMS[request.param].batch)
    cleanup_backend()


@compiled_only
@pytest.mark.parametrize(("fast", "name"), [(n, n) for n in NETS], indirect=["fast"], ids=NETS)
def test_steps_make_nothing_large(fast: Any, name: str) -> None:
    step = ITEMS[name].neonlike(fast)
    for _ in range(4):
        step()
    tracemalloc.start()
    try:
        step()
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        step()
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before < LARGE
    assert after - before < LARGE // 8
