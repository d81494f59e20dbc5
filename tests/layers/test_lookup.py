"""Lookup tables: memory of a step."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from compiled import compiled_only

from neonlike.initializers import Uniform
from neonlike.layers import LookupTable

WORDS, SIZE, STEPS = 200, 64, 20


@compiled_only
@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_a_step_makes_no_array_like_its_outputs(make_be: Any, dtype: Any) -> None:
    be = make_be(batch_size=64)
    layer = LookupTable(WORDS, SIZE, Uniform(-1, 1)).configure(STEPS)
    layer.allocate()
    ids = np.random.RandomState(0).randint(0, WORDS, (STEPS, be.bsz))
    inputs, error = be.array(ids, dtype=dtype), be.ones((SIZE, STEPS * be.bsz))

    def step() -> None:
        layer.fprop(inputs)
        if be.backend_name != "reference":  # whose gradient is a plain NumPy expression
            layer.bprop(error)

    step()
    tracemalloc.start()
    try:
        step()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < layer.outputs.size * 4 / 8
    np.testing.assert_array_equal(layer.outputs.get(), layer.W.get()[ids.ravel()].T)


@pytest.mark.parametrize("word", [WORDS, -WORDS - 1])
def test_index_outside_the_vocabulary(be: Any, word: int) -> None:
    layer = LookupTable(WORDS, SIZE, Uniform(-1, 1)).configure(1)
    layer.allocate()
    with pytest.raises(IndexError, match=f"index {word} is out of bounds for an axis of size 200"):
        layer.fprop(be.array([[0, 1, 2, word]], dtype=np.int32))
