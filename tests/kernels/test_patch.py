"""Patches of pictures, of both kernel sets, against loops over all pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neonlike.kernels.numba import patch as fast
from neonlike.kernels.reference import patch as reference

SETS = pytest.mark.parametrize("kernels", [fast, reference], ids=["numba", "reference"])
SHAPES = [(1, 1, 1, 1, 1, 1), (3, 4, 6, 2, 2, 8), (2, 5, 7, 2, 3, 5), (4, 3, 3, 4, 1, 33)]


def arrays(shape: tuple[int, ...], dtype: Any) -> tuple[Any, Any]:
    channels, height, width, rows, columns, batch = shape
    rng = np.random.default_rng(0)
    grid = -(-height // rows), -(-width // columns)
    image = rng.standard_normal((channels, height, width, batch))
    patches = rng.standard_normal((channels, rows, columns, *grid, batch))
    return image.astype(dtype), patches.astype(dtype)


def places(image: Any, patches: Any) -> Any:
    """Index of a pixel, and that of its cell."""
    _, rows, columns, *_ = patches.shape
    for c, h, w in np.ndindex(image.shape[:3]):
        yield (c, h, w), (c, h % rows, w % columns, h // rows, w // columns)


@pytest.fixture(params=[0, 1 << 60], autouse=True)
def _work(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast, "_PARALLEL_WORK", request.param)


@SETS
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("shape", SHAPES)
def test_cut(kernels: Any, shape: tuple[int, ...], dtype: Any) -> None:
    image, patches = arrays(shape, dtype)
    want = patches.copy()  # cells beyond the image stay
    for pixel, cell in places(image, patches):
        want[cell] = image[pixel]
    kernels.cut(image, patches)
    np.testing.assert_array_equal(patches, want)


@SETS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 0.0), (2.0, 0.0), (0.5, 1.0), (1.0, -0.5)])
@pytest.mark.parametrize("shape", SHAPES)
def test_join(kernels: Any, shape: tuple[int, ...], alpha: float, beta: float, dtype: Any) -> None:
    image, patches = arrays(shape, dtype)
    want = np.empty_like(image)
    for pixel, cell in places(image, patches):
        want[pixel] = alpha * patches[cell] + beta * image[pixel]
    if beta == 0:
        image[...] = np.nan  # not read
    kernels.join(patches, image, alpha, beta)
    np.testing.assert_allclose(image, want, rtol=1e-6, atol=1e-6)


@SETS
def test_views(kernels: Any) -> None:
    """Rows that are no neighbours in memory."""
    image, patches = arrays((2, 4, 4, 2, 2, 6), np.float32)
    wide = np.zeros((*image.shape[:3], 12), np.float32)
    wide[..., ::2] = image
    want = patches.copy()
    kernels.cut(image, want)
    kernels.cut(wide[..., ::2], patches)
    np.testing.assert_array_equal(patches, want)
    kernels.join(patches, wide[..., ::2], 1.0, 0.0)
    np.testing.assert_array_equal(wide[..., ::2], image)
    assert not wide[..., 1::2].any()
