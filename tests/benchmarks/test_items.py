"""The registry of benchmark items: unique ids, and small items that run."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.items import ITEMS
from benchmarks.items.elementwise import ELEMENTWISE
from benchmarks.items.kernels import KERNELS
from benchmarks.items.nets import NETS
from benchmarks.items.scaling import SCALING
from benchmarks.items.spatial import SPATIAL
from benchmarks.items.trees import TREES
from benchmarks.items.zoo import ZOO
from neonlike.backends import cleanup_backend, gen_backend

SMALL = [
    "tree_rmsprop_1024",
    "onehot_1000x128",
    "reduce_max_1_4096x128",
    "softmax_bprop_1000x128",
    "nms_2000",
]


def test_ids_are_unique() -> None:
    tables = (NETS, KERNELS, TREES, SPATIAL, ELEMENTWISE, SCALING, ZOO)
    ids = Counter(item.id for table in tables for item in table)
    assert [item for item, count in ids.items() if count > 1] == []
    assert len(ITEMS) == len(ids)


@pytest.mark.parametrize("kernel_set", ["cpu", "reference"])
@pytest.mark.parametrize("name", SMALL)
def test_a_step_runs_again(name: str, kernel_set: str) -> None:
    item = ITEMS[name]
    step = item.neonlike(gen_backend(kernel_set, batch_size=item.batch, rng_seed=0))
    step()
    step()
    cleanup_backend()
