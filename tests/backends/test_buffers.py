"""Memory of arrays and of the scratch pool."""

from __future__ import annotations

import numpy as np
import pytest

from neonlike.backends._buffers import (
    ALIGNMENT,
    HUGE_PAGE,
    LEAST_SPREAD,
    PAGE,
    BufferPool,
    address,
    aligned_zeros,
)

EDGES = (0, 1, LEAST_SPREAD, HUGE_PAGE, 2 * HUGE_PAGE)


@pytest.mark.parametrize("nbytes", sorted({max(0, n + d) for n in EDGES for d in (-1, 0, 1)}))
def test_arrays_are_zero_and_aligned(nbytes: int) -> None:
    array = aligned_zeros((nbytes,), np.uint8)
    assert array.shape == (nbytes,)
    assert address(array) % ALIGNMENT == 0
    assert not array.any()
    array[:] = 255  # all of it is there
    assert array.flags.c_contiguous
    assert array.flags.writeable


@pytest.mark.parametrize("nbytes", [LEAST_SPREAD, 1 << 20, 3 * HUGE_PAGE])
def test_large_arrays_begin_at_different_places_of_a_page(nbytes: int) -> None:
    arrays = [aligned_zeros((nbytes,), np.uint8) for _ in range(4)]
    assert len({address(array) % PAGE for array in arrays}) > 1


def test_buffers_of_a_pool_are_apart() -> None:
    pool, sizes = BufferPool(), [1, 100, 300_000, 1_500_000, 900_000, 70_000, 4_000_000]
    buffers = [pool(str(size), (size,), np.uint8) for size in sizes]
    for number, buffer in enumerate(buffers):
        assert address(buffer) % ALIGNMENT == 0
        buffer[:] = number
    for number, (size, buffer) in enumerate(zip(sizes, buffers, strict=True)):
        assert (buffer == number).all()
        assert pool(str(size), (size,), np.uint8) is buffer


def test_a_larger_request_replaces_the_buffer() -> None:
    pool = BufferPool()
    small = pool("room", (10,), np.float32)
    large = pool("room", (1000, 1000), np.float32)
    assert address(pool("room", (5, 2), np.float32)) == address(large)
    assert not np.shares_memory(small, large)
