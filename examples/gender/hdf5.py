"""Writing prepared pictures as the HDF5 files that ``HDF5IteratorOneHot`` reads."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from photos import CLASSES, BadInput, Example

PARTS = ("train", "valid", "test")
_BLOCK = 256  # images written at a time


class Part(Protocol):
    """The pictures of one part of a data set."""

    def __len__(self) -> int: ...

    def pictures(self, size: int) -> Iterator[tuple[Example, npt.NDArray[np.uint8]]]:
        """Yield the examples with their images (3, size, size)."""
        ...


def write_hdf5(
    parts: dict[str, Part], folder: Path, size: int, dtype: npt.DTypeLike = "uint8"
) -> None:
    """Write the parts beside ``folder`` first and move them in when all three are complete."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".preparing-", dir=folder.parent) as work:
        mean: npt.NDArray[np.float32] | None = None
        for name in PARTS:
            mean = _write_part(Path(work) / f"{name}.h5", name, parts[name], size, dtype, mean)
        folder.mkdir(exist_ok=True)
        for name in PARTS:
            (Path(work) / f"{name}.h5").replace(folder / f"{name}.h5")


def _write_part(
    path: Path,
    name: str,
    part: Part,
    size: int,
    dtype: npt.DTypeLike,
    mean: npt.NDArray[np.float32] | None,
) -> npt.NDArray[np.float32]:
    """Write one file and return the channel means, its own ones where none are given."""
    import h5py

    features = 3 * size * size
    total = np.zeros(3)
    written: list[Example] = []
    with h5py.File(path, "w") as file:
        inputs = file.create_dataset(
            "input", (0, features), dtype, maxshape=(None, features), chunks=(_BLOCK, features)
        )
        for examples, images in _blocks(part, size):
            inputs.resize(len(written) + len(examples), axis=0)
            inputs[len(written) :] = images.reshape(len(images), features)
            total += images.sum((0, 2, 3), dtype=np.float64)
            written += examples
        _require_usable(name, written)
        if mean is None:
            mean = (total / (len(written) * size * size)).astype(np.float32).reshape(3, 1)
        inputs.attrs["lshape"] = (3, size, size)
        inputs.attrs["mean"] = mean
        file["mean"] = mean
        file["output"] = np.array([[example.label] for example in written], np.int32)
        file["output"].attrs["nclass"] = len(CLASSES)
        file["age"] = np.array([example.age for example in written], np.float32)
        file["path"] = [example.path for example in written]
        file["person"] = [example.person for example in written]
    return mean


def _blocks(part: Part, size: int) -> Iterator[tuple[list[Example], npt.NDArray[np.uint8]]]:
    """Gather a part's pictures into arrays of at most ``_BLOCK`` images."""
    examples: list[Example] = []
    images: list[npt.NDArray[np.uint8]] = []
    for example, image in part.pictures(size):
        examples.append(example)
        images.append(image)
        if len(images) == _BLOCK:
            yield examples, np.stack(images)
            examples, images = [], []
    if images:
        yield examples, np.stack(images)


def _require_usable(name: str, written: Sequence[Example]) -> None:
    count = [sum(example.label == label for example in written) for label in (0, 1)]
    if 0 in count:
        raise BadInput(
            f"the {name} part has {count[0]} usable pictures of class {CLASSES[0]} and {count[1]} "
            f"of {CLASSES[1]}, expected some of both: give more pictures or a larger fraction"
        )
