"""``AeonDataLoader``: minibatches of image files, decoded in the background (spec data 13)."""

from __future__ import annotations

import importlib.util
import math
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neonlike.data._adapter import DataLoaderAdapter
from neonlike.data._aeon_config import parse_config
from neonlike.data._aeon_image import load_image
from neonlike.data._aeon_records import read_records
from neonlike.data._iterator import NervanaDataIterator

AHEAD = 2  # minibatches that are being made while one is in use
NamedArrays = list[tuple[str, NDArray[Any]]]


def AeonDataLoader(config: Mapping[str, Any], adapter: bool = True) -> Any:
    """Return a loader of image files and integer labels.

    Images are uint8, planes B, G, R; tensors ``(C*H*W, N)``, labels int32
    ``(1, N)``. Files are decoded and augmented by threads, two minibatches
    ahead; the result depends on ``random_seed`` and the number of the epoch
    alone, not on the number of threads.

    Every epoch has ``ceil(ndata / N)`` minibatches; the last one is completed
    with the first examples of the epoch, as by ``ArrayIterator``, but the next
    epoch begins at the first example again.

    Args:
        config: settings.

            - ``manifest_filename``: text file, header ``@FILE<TAB>STRING`` (image,
              label) or ``@FILE`` (images alone), then one example per line. Paths
              start from ``manifest_root`` (default: the manifest's folder).
            - ``image_folder``, instead: a folder with one subfolder per class;
              the label is the place in the sorted list of subfolders.
            - ``etl``: ``{"type": "image", "height", "width", "channels": 3}`` and
              ``{"type": "label", "binary": False}``, in the order of the columns.
            - ``augmentation``: ``[{"type": "image", ...}]`` with ``scale`` [lo, hi]
              (part of the image that a crop keeps), ``crop_enable``, ``center``
              (both True by default), ``flip_enable``, ``do_area_scale``,
              ``fixed_aspect_ratio`` (without crop: black bars), the ranges of factors
              ``horizontal_distortion``, ``contrast``, ``brightness``, ``saturation``,
              and ``lighting`` [mean, standard deviation].
            - ``batch_size`` (default: the backend's), ``subset_fraction`` (first part
              of the list), ``shuffle_manifest`` (once), ``shuffle_enable`` (each
              epoch), ``random_seed`` (default 0), ``decode_thread_count``,
              ``iteration_mode`` ('ONCE').
            - ``block_size``, ``cache_directory``: accepted without effect, the whole
              list is shuffled and nothing is cached.

        adapter: deliver tensors; otherwise lists of ``(name, array (N, ...))``.

    Raises:
        ImportError: Pillow is not installed.
        OSError: no such manifest or folder; while iterating, a file that cannot be read.
        ValueError: an unknown key, or a value that does not fit.
        NotImplementedError: audio, video or localization data.

    Example::

        train = AeonDataLoader({
            "image_folder": "photos", "shuffle_enable": True, "batch_size": 128,
            "etl": [{"type": "image", "height": 32, "width": 32}, {"type": "label"}],
            "augmentation": [{"type": "image", "flip_enable": True}],
        })
        train = OneHot(train, index=1, nclasses=10)
        train = TypeCast(train, index=0, dtype=np.float32)
        train = BGRMeanSubtract(train, index=0)
    """
    loader = ImageFileLoader(config)
    if not adapter:
        return loader
    if loader.batch_size != loader.be.bsz:
        raise ValueError(
            f"AeonDataLoader: batch_size is {loader.batch_size}, but the backend's batch size is "
            f"{loader.be.bsz}; give both the same or leave it out of the config"
        )
    return DataLoaderAdapter(loader)


@dataclass(frozen=True)
class _Pending:
    """A minibatch in the making: its arrays, and a future for each image."""

    items: NamedArrays
    images: list[Future[None]]

    def wait(self) -> NamedArrays:
        for image in self.images:
            image.result()
        return self.items


class ImageFileLoader(NervanaDataIterator):
    """Deliver ``[("image", (N, C, H, W)), ("label", (N, 1))]``, see ``AeonDataLoader``.

    Attributes:
        config: the dict it was made from.
        ndata: number of examples.
        nbatches: minibatches of every epoch.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        if importlib.util.find_spec("PIL") is None:
            raise ImportError("AeonDataLoader needs Pillow: pip install neonlike[images]")
        self._settings = parse_config(config)
        self.config = dict(config)
        self.batch_size: int = self._settings.batch_size or self.be.bsz
        self.records = read_records(self._settings)
        self.ndata = len(self.records)
        if self.ndata < self.batch_size:
            raise ValueError(
                f"AeonDataLoader: the batch size {self.batch_size} is larger than the data set, "
                f"which has {self.ndata} images; use a batch size of at most {self.ndata}"
            )
        self.nbatches = math.ceil(self.ndata / self.batch_size)
        if self._settings.shuffle_manifest:
            order = np.random.default_rng(self._settings.random_seed).permutation(self.ndata)
            self.records = [self.records[index] for index in order]
        self._epoch = 0

    def shapes(self) -> list[tuple[int, ...]]:
        """Return the shape of each item of one example."""
        return [self._settings.shape if item == "image" else (1,) for item in self._settings.items]

    def reset(self) -> None:
        """Do nothing: every epoch begins at the first example.

        The count of epochs goes on, so that evaluating a training set does not
        repeat its random numbers.
        """

    def train_state(self) -> dict[str, Any]:
        """Return the number of the epoch that comes next."""
        return {"epoch": self._epoch}

    def load_train_state(self, state: Mapping[str, Any]) -> None:
        """Go on as from a ``train_state``."""
        self._epoch = int(state["epoch"])

    def __iter__(self) -> Iterator[Any]:
        """Yield the minibatches of one epoch; the threads end with the generator."""
        epoch, self._epoch = self._epoch, self._epoch + 1
        order = self._order(epoch)
        pool = ThreadPoolExecutor(self._settings.threads, thread_name_prefix="neonlike-images")
        pending: deque[_Pending] = deque()
        try:
            for begin in range(0, len(order), self.batch_size):
                pending.append(self._submit(pool, epoch, order[begin : begin + self.batch_size]))
                if len(pending) > AHEAD:
                    yield pending.popleft().wait()
            while pending:
                yield pending.popleft().wait()
        finally:
            pool.shutdown(cancel_futures=True)

    def _order(self, epoch: int) -> NDArray[np.intp]:
        """Return the examples of an epoch, the first ones once more to fill the last batch."""
        order = np.arange(self.ndata)
        if self._settings.shuffle_enable:
            order = np.random.default_rng((self._settings.random_seed, epoch)).permutation(order)
        return np.resize(order, self.nbatches * self.batch_size)

    def _submit(self, pool: ThreadPoolExecutor, epoch: int, rows: NDArray[np.intp]) -> _Pending:
        images = np.empty((len(rows), *self._settings.shape), dtype=np.uint8)
        labels = np.array([[self.records[row].label] for row in rows], dtype=np.int32)
        values: dict[str, NDArray[Any]] = {"image": images, "label": labels}
        futures = [
            pool.submit(self._load, images[place], epoch, int(row))
            for place, row in enumerate(rows)
        ]
        return _Pending([(item, values[item]) for item in self._settings.items], futures)

    def _load(self, out: NDArray[np.uint8], epoch: int, row: int) -> None:
        """Fill ``out`` with an image; its random numbers depend on nothing but these places."""
        rng = np.random.default_rng((self._settings.random_seed, epoch, row))
        settings = self._settings
        out[:] = load_image(self.records[row], settings.shape, settings.augmentation, rng)
