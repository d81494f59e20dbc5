"""CIFAR-10 and a random stand-in for image data (spec data 6)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neonlike.data._array_iterator import ArrayIterator
from neonlike.data._dataset import Dataset
from neonlike.data._download import existing_folder, unpack_tar
from neonlike.serialization._objects import load_obj, save_obj

Array = NDArray[Any]
Sets = tuple[tuple[Array, Array], tuple[Array, Array], int]

FOLDER = "cifar-10-batches-py"
TRAIN_FILES = [f"data_batch_{number}" for number in range(1, 6)]
TEST_FILE = "test_batch"


class CIFAR10(Dataset):
    """Colour photos of ten kinds of objects, 3 x 32 x 32.

    Reads the folder ``cifar-10-batches-py``, or unpacks it from
    ``cifar-10-python.tar.gz``.

    Args:
        path: folder of the files.
        subset_pct: 100 only.
        normalize: scale the pixels to 0..1.
        contrast_normalize: normalize the contrast of each image first.
        whiten: decorrelate the pixels (ZCA). The transformation is cached in
            ``path``; delete ``cifar-10-zca-cache.pkl`` when the data change.
        pad_classes: 16 classes instead of 10.
    """

    md5: ClassVar[Mapping[str, str]] = {
        "cifar-10-python.tar.gz": "c58f30108f718f92721af3b95e74349a"
    }

    def __init__(
        self,
        path: str = ".",
        subset_pct: float = 100,
        normalize: bool = True,
        contrast_normalize: bool = False,
        whiten: bool = False,
        pad_classes: bool = False,
    ) -> None:
        super().__init__(
            "cifar-10-python.tar.gz",
            "https://www.cs.toronto.edu/~kriz",
            170498071,
            path=path,
            subset_pct=subset_pct,
        )
        self.normalize = normalize
        self.contrast_normalize = contrast_normalize
        self.whiten = whiten
        self.pad_classes = pad_classes

    def load_data(self) -> Sets:
        """Return ``(X_train, y_train), (X_test, y_test), 10``; X ``(n, 3072)``, y ``(n, 1)``."""
        folder = self._folder()
        parts = [_read_batch(folder / name) for name in TRAIN_FILES]
        if len({len(X) for X, _ in parts}) > 1:
            raise ValueError(
                f"{folder}: the train files must hold equally many images, "
                f"got {[len(X) for X, _ in parts]}"
            )
        X_train, y_train = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        X_test, y_test = _read_batch(folder / TEST_FILE)
        if self.contrast_normalize:
            X_train = self.global_contrast_normalize(X_train, scale=55.0)
            X_test = self.global_contrast_normalize(X_test, scale=55.0)
        if self.normalize:
            X_train, X_test = X_train / 255.0, X_test / 255.0
        if self.whiten:
            cache = str(existing_folder(self.path) / "cifar-10-zca-cache.pkl")
            X_train, X_test = self.zca_whiten(X_train, X_test, cache=cache)
        return (X_train, y_train), (X_test, y_test), 10

    def _folder(self) -> Path:
        root = existing_folder(self.path)
        folder = root / FOLDER
        if not (folder / TRAIN_FILES[0]).exists():
            names = [f"{FOLDER}/{name}" for name in [*TRAIN_FILES, TEST_FILE]]
            unpack_tar(self.find(), names, root)
        return folder

    def gen_iterators(self) -> dict[str, ArrayIterator]:
        """Return the iterators 'train' and 'valid'."""
        train, valid, nclass = self.load_data()
        nclass = 16 if self.pad_classes else nclass
        return _iterators(train, valid, nclass, (3, 32, 32))

    @staticmethod
    def global_contrast_normalize(X: Array, scale: float = 1.0, min_divisor: float = 1e-8) -> Array:
        """Subtract each row's mean and scale the row to the Euclidean norm ``scale``.

        Args:
            X: ``(n, F)``.
            scale: norm of the result.
            min_divisor: rows whose divisor is smaller are not scaled.
        """
        centred = X - X.mean(axis=1, keepdims=True)
        divisor = np.sqrt((centred**2).sum(axis=1, keepdims=True)) / scale
        divisor[divisor < min_divisor] = 1.0
        return np.asarray(centred / divisor)

    @staticmethod
    def zca_whiten(train: Array, test: Array, cache: str | None = None) -> tuple[Array, Array]:
        """Return both sets whitened: ``(X - m) E D^(-1/2) E^T``.

        m and the covariance C come from ``train``; ``E D E^T = C + 0.1 I``.

        Args:
            train: ``(n, F)``.
            test: ``(k, F)``.
            cache: file that keeps (m, W); used as it is if it exists.
        """
        if cache is not None and Path(cache).exists():
            mean, W = load_obj(cache)
        else:
            mean, W = _zca(train)
            save_obj((mean, W), cache)
        return (train - mean) @ W, (test - mean) @ W


class DUMMY(Dataset):
    """Random images 3 x 224 x 224 and labels, for timing.

    The numbers come from NumPy's global generator.

    Args:
        path: ignored, as are all other arguments but the last.
        subset_pct: ignored.
        normalize: ignored.
        contrast_normalize: ignored.
        whiten: ignored.
        pad_classes: ignored.
        batch_size: number of images.
    """

    def __init__(
        self,
        path: str = ".",
        subset_pct: float = 100,
        normalize: bool = True,
        contrast_normalize: bool = False,
        whiten: bool = False,
        pad_classes: bool = False,
        batch_size: int = 128,
    ) -> None:
        super().__init__("dummy", "", 0, path=path)
        self.batch_size = batch_size

    def load_data(self) -> Sets:
        """Return ``(X, y), (X, y), 10``; X ``(n, 3*224*224)``, y ``(n, 1000)``."""
        X = np.random.uniform(-1, 1, (self.batch_size, 3 * 224 * 224))
        y = np.random.randint(0, 999, (self.batch_size, 1000))
        return (X, y), (X, y), 10

    def gen_iterators(self) -> dict[str, ArrayIterator]:
        """Return the iterators 'train' and 'valid', with 1000 classes."""
        (X, y), _, _ = self.load_data()
        one_label = X, y[:, :1]  # y as it is would be 1000 labels per image
        return _iterators(one_label, one_label, 1000, (3, 224, 224))


def _iterators(
    train: tuple[Array, Array], valid: tuple[Array, Array], nclass: int, lshape: tuple[int, ...]
) -> dict[str, ArrayIterator]:
    return {
        name: ArrayIterator(X, y, nclass=nclass, lshape=lshape, name=name)
        for name, (X, y) in (("train", train), ("valid", valid))
    }


def _read_batch(path: Path) -> tuple[Array, Array]:
    batch = {
        key.decode() if isinstance(key, bytes) else key: value
        for key, value in load_obj(path).items()
    }
    X, y = np.asarray(batch["data"]), np.asarray(batch["labels"])
    if X.shape != (len(y), 3 * 32 * 32):
        raise ValueError(
            f"{path}: expected data ({len(y)}, 3072) for {len(y)} labels, got {X.shape}"
        )
    return X, y.reshape(-1, 1)


def _zca(train: Array) -> tuple[Array, Array]:
    mean = train.mean(axis=0)
    covariance = np.cov(train, rowvar=False)
    values, vectors = np.linalg.eigh(covariance + 0.1 * np.eye(len(covariance)))
    return mean, (vectors / np.sqrt(values)) @ vectors.T
