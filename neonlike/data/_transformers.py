"""Transformers of the batches of another loader (spec data 12)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neonlike._object import NervanaObject


class DataLoaderTransformer(NervanaObject):
    """Pass on the batches of a loader, transformed.

    Attributes that the transformer lacks are those of the loader.

    Args:
        dataloader: yields tuples; ``shapes()`` gives the shape of each item of
            one example.
        index: item to transform; the batch then comes out as a list. Without
            it ``transform`` gets the whole tuple.
    """

    def __init__(self, dataloader: Any, index: int | None = None) -> None:
        super().__init__()
        self.dataloader = dataloader
        self.index = index

    def __getattr__(self, key: str) -> Any:
        if key == "dataloader":  # not set yet: no endless recursion
            raise AttributeError(key)
        return getattr(self.dataloader, key)

    def __iter__(self) -> Iterator[Any]:
        """Yield the transformed batches of one epoch.

        Raises:
            ValueError: ``transform`` returned nothing for an item.
        """
        for batch in self.dataloader:
            if self.index is None:
                yield self.transform(batch)
                continue
            items = list(batch)
            items[self.index] = self.transform(items[self.index])
            if items[self.index] is None:
                raise ValueError(f"{self.classnm}.transform returned None")
            yield items

    def transform(self, t: Any) -> Any:
        """Return the transformed item (or batch, without an index)."""
        raise NotImplementedError(f"{self.classnm} does not define transform()")


class OneHot(DataLoaderTransformer):
    """Labels ``(1, N)`` to one-hot columns ``(nclasses, N)``.

    Args:
        dataloader: the loader.
        index: item to transform.
        nclasses: number of classes.
        *args: ignored, as ``**kwargs``.
        **kwargs: ignored.
    """

    def __init__(
        self, dataloader: Any, index: int, nclasses: int, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(dataloader, index)
        self.output = self.be.iobuf(nclasses)

    def transform(self, t: Any) -> Any:
        """Return ``(nclasses, N)`` in the backend's default dtype."""
        self.output[:] = self.be.onehot(t, axis=0)
        return self.output


class PixelWiseOneHot(DataLoaderTransformer):
    """Label images ``(P, N)`` to ``(nclasses*P, N)``, class-major, int32.

    Args:
        dataloader: the loader.
        index: item to transform.
        nclasses: number of classes.
        *args: ignored, as ``**kwargs``.
        **kwargs: ignored.
    """

    def __init__(
        self, dataloader: Any, index: int, nclasses: int, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(dataloader, index)
        self.nclasses = nclasses
        self.output: Any = None
        self.outview: Any = None

    def transform(self, t: Any) -> Any:
        """Return ``(nclasses*P, N)``; row ``c*P + p`` tells whether pixel p is of class c."""
        pixels, n = t.shape
        if self.output is None or self.output.shape != (self.nclasses * pixels, n):
            self.output = self.be.zeros((self.nclasses * pixels, n), dtype=np.int32)
            self.outview = self.output.reshape((self.nclasses, pixels * n))
        self.outview[:] = self.be.onehot(t.reshape((1, -1)), axis=0)
        return self.output


class TypeCast(DataLoaderTransformer):
    """Copy an item into a buffer of another dtype.

    Args:
        dataloader: the loader.
        index: item to transform.
        dtype: dtype of the result.
        *args: ignored, as ``**kwargs``.
        **kwargs: ignored.
    """

    def __init__(self, dataloader: Any, index: int, dtype: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(dataloader, index)
        self.dtype = dtype
        self.output: Any = None

    def transform(self, t: Any) -> Any:
        """Return the buffer with the values of ``t``."""
        if self.output is None or self.output.shape != t.shape:
            self.output = self.be.zeros(t.shape, dtype=self.dtype)
        self.output[:] = t
        return self.output


class BGRMeanSubtract(DataLoaderTransformer):
    """Subtract one value per colour plane, in place.

    Args:
        dataloader: the loader.
        index: item to transform, three planes, floating point.
        pixel_mean: value for each plane.
        *args: ignored, as ``**kwargs``.
        **kwargs: ignored.
    """

    def __init__(
        self,
        dataloader: Any,
        index: int,
        pixel_mean: Sequence[float] = [127, 119, 104],
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(dataloader, index)
        self.pixel_mean = self.be.array(np.asarray(pixel_mean).reshape(-1, 1))

    def transform(self, t: Any) -> Any:
        """Return ``t``, changed."""
        planes = t.reshape((3, -1))
        planes[:] = planes - self.pixel_mean
        return t


class ValueNormalize(DataLoaderTransformer):
    """Map a range of values linearly onto another, in place.

    Args:
        dataloader: the loader.
        index: item to transform, three planes, floating point.
        source_range: lowest and highest value of the input.
        target_range: what they become.
        *args: ignored, as ``**kwargs``.
        **kwargs: ignored.
    """

    def __init__(
        self,
        dataloader: Any,
        index: int,
        source_range: Sequence[float] = [0.0, 255.0],
        target_range: Sequence[float] = [0.0, 1.0],
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(dataloader, index)
        self.xmin, self.ymin = source_range[0], target_range[0]
        self.xspan = source_range[1] - source_range[0]
        self.yspan = target_range[1] - target_range[0]

    def transform(self, t: Any) -> Any:
        """Return ``t``, changed."""
        t[:] = (t - self.xmin) / self.xspan * self.yspan + self.ymin
        return t


class Retuple(DataLoaderTransformer):
    """Arrange the items of a batch as ``(data, target)``.

    Args:
        dataloader: the loader.
        data: indices of the items; one gives the item itself, several a tuple.
        target: likewise.
        *args: ignored, as ``**kwargs``.
        **kwargs: ignored.
    """

    def __init__(
        self,
        dataloader: Any,
        data: Sequence[int] = (0,),
        target: Sequence[int] = (1,),
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(dataloader, None)
        self._data = data
        self._target = target
        self.output: Any = None

    def transform(self, t: Any) -> Any:
        """Return ``(data, target)``."""
        self.output = _chosen(t, self._data), _chosen(t, self._target)
        return self.output


class DumpImage(DataLoaderTransformer):
    """Write one image of each batch to a PNG file of random name; the data pass through.

    Args:
        dataloader: the loader.
        index: item with the images, planes B, G, R.
        image_index: column of the image.
        outshape: shape (C, H, W) of the image.
        output_directory: folder of the files (default: the current one).
        *args: ignored, as ``**kwargs``.
        **kwargs: ignored.
    """

    def __init__(
        self,
        dataloader: Any,
        index: int,
        image_index: int,
        outshape: Sequence[int],
        output_directory: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(dataloader, index)
        self.image_index = image_index
        self.outshape = tuple(outshape)
        self.output_directory = output_directory or "."

    def filename(self) -> str:
        """Return a new path for an image."""
        return str(Path(self.output_directory) / f"{secrets.token_hex(8)}.png")

    def transform(self, t: Any) -> Any:
        """Write the image; return ``t``."""
        try:
            from PIL import Image
        except ImportError as error:
            raise ImportError("DumpImage needs Pillow: pip install neonlike[images]") from error
        planes = t.get()[:, self.image_index].reshape(self.outshape)
        pixels = np.clip(planes[::-1].transpose(1, 2, 0), 0, 255).astype(np.uint8)
        Image.fromarray(pixels.squeeze()).save(self.filename())
        return t


def _chosen(items: Sequence[Any], indices: Sequence[int]) -> Any:
    chosen = tuple(items[index] for index in indices)
    return chosen[0] if len(chosen) == 1 else chosen
