"""Labelled photos: what an example is, how a file becomes an array, and the folder source."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

logger = logging.getLogger("neonlike.gender")

CLASSES = ("female", "male")  # label 0 and label 1: words of the annotation, nothing more
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
MIN_SIDE = 32


class BadInput(ValueError):
    """Data that can not be used; the message says what was found, expected, and the way out."""


@dataclass(frozen=True)
class Example:
    """One picture with its annotation.

    Attributes:
        path: file name, or a description for a picture that has no file.
        label: 0 or 1.
        person: key of the person on it; the parts of a split share no person.
        age: in years, nan where unknown.
    """

    path: str
    label: int
    person: str
    age: float = math.nan


class Photos:
    """Photo files that are read one at a time; unusable ones are skipped and named in the log."""

    def __init__(self, examples: Sequence[Example], min_side: int = MIN_SIDE) -> None:
        self.examples = list(examples)
        self.min_side = min_side
        self.skipped = 0

    def __len__(self) -> int:
        return len(self.examples)

    def pictures(self, size: int) -> Iterator[tuple[Example, npt.NDArray[np.uint8]]]:
        """Yield ``(example, (3, size, size) image)`` of every readable photo, in order."""
        self.skipped = 0
        for example in self.examples:
            try:
                image = read_photo(example.path, size, self.min_side)
            except BadInput as problem:
                self.skipped += 1
                logger.warning("skipped %s", problem)
            else:
                yield example, image
        if self.skipped:
            logger.warning("skipped %d of %d photos in all", self.skipped, len(self))


def read_photo(path: str | Path, size: int, min_side: int = MIN_SIDE) -> npt.NDArray[np.uint8]:
    """Read a photo: upright as its EXIF data says, centre square, bilinear resize, (3, size, size).

    Raises:
        BadInput: the file is missing, is no picture, or a side has fewer than ``min_side`` pixels.
        ImportError: Pillow is missing.
    """
    try:
        from PIL import Image, ImageOps
    except ImportError as problem:
        raise ImportError("photos need Pillow: pip install 'neonlike[images]'") from problem
    try:
        with Image.open(path) as image:
            if min(image.size) < min_side:
                width, height = image.size
                raise BadInput(f"{path}: {width}x{height} pixels, expected at least {min_side}")
            image.draft(
                "RGB", (2 * size, 2 * size)
            )  # a JPEG may be decoded at a fraction of its size
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except BadInput:
        raise
    # Pillow reports broken files by all of these, depending on the format
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as problem:
        raise BadInput(f"{path}: not a readable picture ({problem})") from problem
    side = min(upright.size)
    left, top = (upright.width - side) // 2, (upright.height - side) // 2
    square = (left, top, left + side, top + side)
    resized = upright.resize((size, size), Image.Resampling.BILINEAR, box=square)
    return np.ascontiguousarray(np.asarray(resized).transpose(2, 0, 1))


class FolderSource:
    """``PATH/{female,male}/**/*.jpg``: the first folder below PATH is the label, a file a person.

    Args:
        path: the folder.
        classes: folder name -> label, compared without regard to case.
        glob: pattern below PATH that restricts the files, such as ``*/128/*.jpg``.
        min_side: smaller pictures are skipped.
    """

    def __init__(
        self,
        path: str | Path,
        classes: Mapping[str, int] | None = None,
        glob: str = "**/*",
        min_side: int = MIN_SIDE,
    ) -> None:
        self.path = Path(path).expanduser()
        names = classes or {name: label for label, name in enumerate(CLASSES)}
        self.classes = {name.lower(): label for name, label in names.items()}
        if set(self.classes.values()) != {0, 1}:
            raise BadInput(f"classes {names}: expected folder names for label 0 and label 1")
        self.glob = glob
        self.min_side = min_side
        self.title = f"photos of {self.path.resolve().name}"

    def examples(self) -> list[Example]:
        """List the labelled files, sorted by name."""
        if not self.path.is_dir():
            raise BadInput(f"{self.path}: no such folder; expected one with {self._expected()}")
        found = []
        for file in sorted(self.path.glob(self.glob)):
            label = self.classes.get(file.relative_to(self.path).parts[0].lower())
            is_picture = file.suffix.lower() in SUFFIXES and file.parent != self.path
            if label is not None and is_picture and file.is_file():
                found.append(Example(str(file), label, person=str(file)))
        if not found:
            raise BadInput(f"{self.path}: no pictures in it; expected {self._expected()}")
        return require_both_classes(found, str(self.path))

    def _expected(self) -> str:
        return " and ".join(f"{name}/*.jpg" for name in self.classes) + f" ({', '.join(SUFFIXES)})"


def require_both_classes(examples: list[Example], where: str) -> list[Example]:
    """Return ``examples``, or refuse them when one class is missing."""
    count = [sum(example.label == label for example in examples) for label in (0, 1)]
    if 0 in count:
        missing = CLASSES[count.index(0)]
        raise BadInput(
            f"{where}: {count[0]} pictures of class {CLASSES[0]} and {count[1]} of {CLASSES[1]}; "
            f"both classes are needed, add pictures of class {missing}"
        )
    return examples
