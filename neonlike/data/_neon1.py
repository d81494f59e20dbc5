"""Names of neon 1.x: functions that classes have replaced, and the media loader that is gone."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

from neonlike.data._cifar import CIFAR10
from neonlike.data._mnist import MNIST

LOADER = (
    "use neonlike.data.aeon_shim.AeonDataLoader with a folder of images or a manifest of files, or "
    "write the data into an HDF5 file and use HDF5Iterator"
)


def load_mnist(path: str = ".", normalize: bool = True, **kwargs: Any) -> Any:
    """Return ``MNIST(path, normalize=normalize, ...).load_data()``."""
    _warn("load_mnist(...)", "MNIST(...).load_data()")
    return MNIST(path=path, normalize=normalize, **kwargs).load_data()


def load_cifar10(path: str = ".", normalize: bool = True, **kwargs: Any) -> Any:
    """Return ``CIFAR10(path, normalize=normalize, ...).load_data()``."""
    _warn("load_cifar10(...)", "CIFAR10(...).load_data()")
    return CIFAR10(path=path, normalize=normalize, **kwargs).load_data()


class _Replaced:
    """A class that scripts may import, but not build.

    Raises:
        NotImplementedError: always; says what replaces it.
    """

    advice: ClassVar[str] = LOADER

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        name = type(self).__name__
        raise NotImplementedError(f"{name} of neon 1.x does not exist any more: {self.advice}")


class DataLoader(_Replaced):
    """neon 1.x's media loader."""


class ImageLoader(_Replaced):
    """neon 1.x's image loader."""


class ImageParams(_Replaced):
    """Image settings of neon 1.x's media loader."""

    advice = "give size and augmentation in the config of neonlike.data.aeon_shim.AeonDataLoader"


class AudioParams(_Replaced):
    """Audio settings of neon 1.x's media loader."""

    advice = "compute spectrograms beforehand and use ArrayIterator or HDF5Iterator"


def _warn(old: str, new: str) -> None:
    message = f"{old} is a name of neon 1.x, write {new}"
    warnings.warn(message, DeprecationWarning, stacklevel=3)
