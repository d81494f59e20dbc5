"""The data of the gender example: one interface, ``GenderData``, over three sources.

    synthetic          cartoon faces drawn by faces.py; needs nothing, and is called synthetic
    folder:PATH        PATH/{female,male}/**/*.jpg
    imdb-wiki:PATH     the unpacked IMDB-WIKI archives

A label is what the data set's annotation says about a photo, 0 or 1. It is
metadata, not a fact about the person's identity, and the classifier only learns
to repeat the annotation.

Every source is prepared into ``train.h5``, ``valid.h5`` and ``test.h5`` that
neonlike's ``HDF5IteratorOneHot`` reads batch by batch, so a data set may be
larger than memory.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from faces import synthetic_faces
from hdf5 import PARTS, Part, write_hdf5
from imdb_wiki import ImdbWikiSource
from photos import BadInput, Example, FolderSource, Photos
from split import at_most, balanced, folds, split_by_person


@dataclass(frozen=True)
class DrawnFaces:
    """A part made of ``count`` synthetic faces."""

    count: int
    seed: int
    difficulty: float = 1.0

    def __len__(self) -> int:
        return self.count

    def pictures(self, size: int) -> Iterator[tuple[Example, npt.NDArray[np.uint8]]]:
        """Yield the examples with their images (3, size, size)."""
        images, labels, _ = synthetic_faces(self.count, size, self.seed, self.difficulty)
        for index, (image, label) in enumerate(zip(images, labels, strict=True)):
            name = f"synthetic face {index} of seed {self.seed}"
            yield Example(name, int(label), person=name), image


@dataclass(frozen=True)
class SyntheticSource:
    """Synthetic faces; each part is drawn from its own seed."""

    counts: Sequence[int] = (3000, 500, 1000)
    seeds: Sequence[int] = (1, 3, 2)
    difficulty: float = 1.0
    title: str = field(default="synthetic faces", init=False)

    def parts(self) -> dict[str, Part]:
        """Return the three parts."""
        rows = zip(PARTS, self.counts, self.seeds, strict=True)
        return {name: DrawnFaces(count, seed, self.difficulty) for name, count, seed in rows}


PhotoSource = FolderSource | ImdbWikiSource
Source = SyntheticSource | PhotoSource


def make_source(text: str, **options: Any) -> Source:
    """Turn ``synthetic``, ``folder:PATH`` or ``imdb-wiki:PATH`` into a source.

    Args:
        text: as on the command line.
        options: arguments of the source's class.
    """
    kind, _, path = text.partition(":")
    if kind == "synthetic" and not path:
        return SyntheticSource(**options)
    if kind == "folder" and path:
        return FolderSource(path, **options)
    if kind == "imdb-wiki" and path:
        return ImdbWikiSource(Path(path), **options)
    raise BadInput(f"source {text!r}: expected synthetic, folder:PATH or imdb-wiki:PATH")


class GenderData:
    """Prepared training, validation and test sets of one source.

    Args:
        source: ``synthetic``, ``folder:PATH`` or ``imdb-wiki:PATH``, or a source object.
        size: width and height of the images.
        splits: fractions of the three parts (the synthetic source has its own counts).
        seed: of splitting and shuffling.
        data_dir: where prepared files are kept for the next run.
        max_images: use at most so many photos.
        balance: drop photos of the larger class until both are equal.
        options: arguments of the source's class.

    Example::

        data = GenderData("folder:portraits", size=64)
        train, valid, test = data.iterators()
    """

    def __init__(
        self,
        source: str | Source = "synthetic",
        size: int = 64,
        splits: Sequence[float] = (0.8, 0.1, 0.1),
        seed: int = 0,
        data_dir: str | Path = "data",
        max_images: int | None = None,
        balance: bool = False,
        **options: Any,
    ) -> None:
        self.source = make_source(source, **options) if isinstance(source, str) else source
        self.size = size
        self.splits = tuple(splits)
        self.seed = seed
        self.data_dir = Path(data_dir).expanduser()
        self.max_images = max_images
        self.balance = balance
        self.title = self.source.title
        self.folder: Path | None = None

    def iterators(self) -> list[Any]:
        """Prepare the three parts, unless they are there already, and open them for training."""
        return [self.iterator(part) for part in PARTS]

    def iterator(self, part: str, limit: int | None = None) -> Any:
        """Open one prepared part, or only its first ``limit`` images."""
        from neonlike.data import HDF5IteratorOneHot

        opened = HDF5IteratorOneHot(str(self.prepare() / f"{part}.h5"), name=part)
        if limit is not None:
            opened.ndata = min(limit, opened.ndata)
        return opened

    def prepare(self) -> Path:
        """Write train.h5, valid.h5 and test.h5 below ``data_dir`` and return their folder."""
        if self.folder is None:
            self.folder = self._prepare(self.parts())
        return self.folder

    def folds(self, count: int) -> Iterator[GenderData]:
        """Yield ``count`` data sets whose test parts cover the photos once: cross-validation."""
        if isinstance(self.source, SyntheticSource):
            raise BadInput("--folds needs photos: synthetic faces can be drawn anew for every test")
        for index, split in enumerate(folds(self._examples(self.source), count, self.seed)):
            fold = GenderData(self.source, self.size, self.splits, self.seed, self.data_dir)
            fold.title = f"{self.title}, fold {index + 1} of {count}"
            fold.folder = self._prepare(self._photos(split))
            yield fold

    def labels(self, part: str) -> npt.NDArray[np.int64]:
        """Return the labels of a prepared part, in the order of its iterator."""
        return self._read(part, "output").ravel().astype(np.int64)

    def names(self, part: str) -> list[str]:
        """Return the file names of a prepared part, in the order of its iterator."""
        return [name.decode() for name in self._read(part, "path")]

    def images(self, part: str, rows: Sequence[int] | slice = slice(None)) -> npt.NDArray[np.uint8]:
        """Return images (n, 3, size, size) of a prepared part, all or the given rows in order."""
        flat = self._read(part, "input", rows)
        return flat.reshape(len(flat), 3, self.size, self.size)

    def mean(self) -> list[float]:
        """Return the channel means of the training part."""
        return [float(value) for value in self._read("train", "mean").ravel()]

    def count(self, part: str) -> int:
        """Return the number of images in a prepared part."""
        return len(self._read(part, "output"))

    def _read(
        self, part: str, name: str, rows: Sequence[int] | slice = slice(None)
    ) -> npt.NDArray[Any]:
        import h5py

        with h5py.File(self.prepare() / f"{part}.h5", "r") as file:
            if isinstance(rows, slice):
                return np.asarray(file[name][rows])
            return np.stack([file[name][row] for row in rows])

    def parts(self) -> dict[str, Part]:
        """Split the source into its three parts, unread."""
        if isinstance(self.source, SyntheticSource):
            return self.source.parts()
        return self._photos(split_by_person(self._examples(self.source), self.splits, self.seed))

    def _photos(self, split: Sequence[list[Example]]) -> dict[str, Part]:
        min_side = getattr(self.source, "min_side", 1)
        return {name: Photos(part, min_side) for name, part in zip(PARTS, split, strict=True)}

    def _examples(self, source: PhotoSource) -> list[Example]:
        chosen = source.examples()
        if self.balance:
            chosen = balanced(chosen, self.seed)
        return at_most(chosen, self.max_images, self.seed)

    def _prepare(self, parts: dict[str, Part]) -> Path:
        recipe = _recipe(parts, self.size)
        folder = self.data_dir / "gender" / hashlib.sha256(recipe.encode()).hexdigest()[:16]
        if not all((folder / f"{part}.h5").is_file() for part in PARTS):
            write_hdf5(parts, folder, self.size)
        return folder


def prepare_gender_hdf5(
    source: str | Source,
    out_dir: str | Path,
    size: int = 64,
    splits: Sequence[float] = (0.8, 0.1, 0.1),
    seed: int = 0,
    dtype: npt.DTypeLike = "uint8",
) -> Path:
    """Write train.h5, valid.h5 and test.h5 of a source into ``out_dir`` and return it.

    Each holds ``input`` (n, 3*size*size) in (C, H, W) order with attribute
    ``lshape``, ``mean`` (3, 1), the channel means of the training part, ``output``
    (n, 1) with attribute ``nclass``, and for people ``age``, ``path``, ``person``.
    Either all three files appear or none.
    """
    data = GenderData(source, size=size, splits=splits, seed=seed)
    write_hdf5(data.parts(), Path(out_dir), size, dtype)
    return Path(out_dir)


def _recipe(parts: dict[str, Part], size: int) -> str:
    """Describe what the files are made from; equal text means equal files."""
    return json.dumps([size, {name: _describe(part) for name, part in parts.items()}])


def _describe(part: Part) -> Any:
    if isinstance(part, Photos):
        return [part.min_side, [_stamp(example) for example in part.examples]]
    return repr(part)


def _stamp(example: Example) -> list[Any]:
    """Return what changes when a photo or its annotation is replaced."""
    file = Path(example.path)
    state = file.stat() if file.is_file() else None
    when = [state.st_size, state.st_mtime_ns] if state else []
    return [example.path, example.label, example.person, *when]
