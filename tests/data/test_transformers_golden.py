"""Dataloader transformers and the adapter against data.h5."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_helpers import attribute, flat, plain_shape
from golden_cases import arrays, case_info, case_names, golden_file

from neonlike.data import dataloader_transformers as transformers
from neonlike.data.dataloaderadapter import DataLoaderAdapter

CHAINS: dict[str, Callable[[Any], Any]] = {
    "OneHot(1, 4)": lambda d: transformers.OneHot(d, 1, 4),
    "OneHot(1, 5)": lambda d: transformers.OneHot(d, 1, 5),
    "TypeCast(0, float32)": lambda d: transformers.TypeCast(d, 0, np.float32),
    "BGRMeanSubtract(0)": lambda d: transformers.BGRMeanSubtract(d, 0),
    "BGRMeanSubtract(0, [104, 117, 123])": lambda d: transformers.BGRMeanSubtract(
        d, 0, [104, 117, 123]
    ),
    "PixelWiseOneHot(1, 3)": lambda d: transformers.PixelWiseOneHot(d, 1, 3),
    "Retuple((1,), (0, 1))": lambda d: transformers.Retuple(d, (1,), (0, 1)),
    "ValueNormalize(0, 0..255 -> -1..1)": lambda d: transformers.ValueNormalize(
        d, 0, [0.0, 255.0], [-1.0, 1.0]
    ),
}


class Loader:
    """Images (uint8) and labels (int32), as tensors (rows, N)."""

    def __init__(self, be: Any, image: np.ndarray | None, label: np.ndarray) -> None:
        self.be, self.ndata = be, len(label)
        self.items = [(image if image is not None else label, np.uint8), (label, np.int32)]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        for begin in range(0, self.ndata, self.be.bsz):
            rows = slice(begin, begin + self.be.bsz)
            yield tuple(
                self.be.array(np.ascontiguousarray(a[rows].T), dtype=t) for a, t in self.items
            )

    def shapes(self) -> list[Any]:
        return [array.shape[1:] for array, _ in self.items]

    def reset(self) -> None:
        pass


@pytest.mark.parametrize("name", case_names("data", "transform_"))
def test_transformers(make_be: Callable[..., Any], name: str) -> None:
    info, group = case_info("data", name), golden_file("data")[name]
    be = make_be(batch_size=info["batch_size"])
    given = arrays(group["in"])
    data: Any = Loader(be, given.get("image"), given["label"])
    for link in info["chain"]:
        data = CHAINS[link](data)
    assert data.ndata == len(given["label"])  # looked up on the wrapped loader
    batches = [flat("out", batch) for batch in data]
    for key, expected in arrays(group).items():
        got = np.stack([batch[key] for batch in batches])
        assert got.dtype == group.attrs.get(f"dtype_{key}", expected.dtype)
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6)


class NamedArrays:
    """Batches of (name, array), as the external loader gives them."""

    def __init__(self, ndata: int, **items: np.ndarray) -> None:
        self.ndata, self.items = ndata, items

    def __iter__(self) -> Iterator[Any]:
        for values in zip(*self.items.values(), strict=True):
            yield tuple(zip(self.items, values, strict=True))

    def reset(self) -> None:
        pass


def test_adapter(make_be: Callable[..., Any]) -> None:
    info, group = case_info("data", "dataloader_adapter"), golden_file("data")["dataloader_adapter"]
    make_be(batch_size=info["batch_size"])
    data = DataLoaderAdapter(NamedArrays(info["ndata"], **arrays(group["in"])))
    assert plain_shape(data.shape) == attribute(group, "shape")
    assert plain_shape(data.shapes()) == attribute(group, "shapes")
    assert data.nbatches == attribute(group, "nbatches")
    batches = [flat("out", batch) for batch in data]
    for key, expected in arrays(group).items():
        got = np.stack([batch[key] for batch in batches])
        assert got.dtype == group.attrs[f"dtype_{key}"]
        np.testing.assert_array_equal(got, expected)


def test_adapter_of_speech(be: Any) -> None:
    loader = NamedArrays(
        4,
        audio_length=np.array([[[15], [30], [0], [3]]], np.float32),
        char_map=np.array([[[1, 2, 0], [3, 0, 0], [4, 0, 0], [5, 6, 7]]], np.uint8),
    )
    with pytest.raises(ValueError, match="max_duration"):
        list(DataLoaderAdapter(loader))
    loader.config = {"etl": [{"type": "audio", "max_duration": "30 seconds"}]}
    ((length, chars),) = DataLoaderAdapter(loader)
    np.testing.assert_array_equal(length.get(), [[50, 100, 0, 10]])
    np.testing.assert_array_equal(chars.get(), [[1, 2, 3, 4, 5, 6, 7]])


def test_dump_image(be: Any, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    planes = np.arange(4 * 12).reshape(4, 12)
    loader = Loader(be, planes, np.zeros((4, 1)))
    data = transformers.DumpImage(loader, 0, 2, (3, 2, 2), str(tmp_path))
    ((x, _),) = data
    np.testing.assert_array_equal(x.get(), planes.T)
    (path,) = tmp_path.glob("*.png")
    rgb = np.asarray(image.open(path))
    np.testing.assert_array_equal(rgb[..., ::-1].transpose(2, 0, 1).ravel(), planes[2])


def test_transform_must_return_something(be: Any) -> None:
    class Nothing(transformers.DataLoaderTransformer):
        def transform(self, t: Any) -> Any:
            return None

    with pytest.raises(ValueError, match="Nothing.transform returned None"):
        list(Nothing(Loader(be, None, np.zeros((4, 1))), 0))
