"""Photos with a mask for each: CamVid, Oxford Flowers, Weizmann Horses (spec zoo 5.2)."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neonlike.data._segmentation import LabelledPictures

FilePath = str | os.PathLike[str]
Colour = tuple[int, int, int]
Size = tuple[int, int] | None
Array = NDArray[Any]

CAMVID_VOID = 11
FLOWERS_VOID = 2
FLOWER_COLOURS: dict[Colour, int] = {(0, 0, 128): 0, (128, 0, 0): 1}
INVALID_FLOWERS = (1269, 1270)  # the authors of ReSeg leave these out: their masks are wrong


def load_camvid(path: FilePath, part: str = "train", size: Size = None) -> LabelledPictures:
    """Load one part of CamVid: 11 classes, and 11 where a pixel does not count.

    Layout: ``PATH/train/NAME.png`` and ``PATH/trainannot/NAME.png`` with the class of every pixel
    as its grey value or place in the palette; also ``val`` and ``test``.

    Args:
        path: the folder.
        part: "train", "val" or "test".
        size: (height, width) to resize to; None keeps the size.

    Raises:
        FileNotFoundError: a folder or a mask is missing.
        ValueError: a mask holds other classes, or the pictures differ in size.
    """

    def classes(file: Path, size: Size) -> Array:
        labels = _mask(file, None, size)
        if labels.ndim != 2 or labels.max() > CAMVID_VOID:
            raise ValueError(
                f"{file}: expected a grey or palette image with classes 0 to {CAMVID_VOID}, got "
                f"shape {labels.shape} and values up to {labels.max()}"
            )
        return labels

    root = Path(path)
    return _load(_pairs(root / part, root / f"{part}annot"), classes, size)


def load_flowers(
    path: FilePath,
    size: Size,
    colours: Mapping[Colour, int] = FLOWER_COLOURS,
    skip: Collection[int] = INVALID_FLOWERS,
) -> LabelledPictures:
    """Load the flowers that have a mask: ground 0, flower 1, and 2 where a pixel does not count.

    Layout: ``PATH/jpg/image_0001.jpg`` and ``PATH/trimaps/image_0001.png``.

    Args:
        path: the folder.
        size: (height, width) to resize to; the photos differ in size.
        colours: RGB colour in the masks -> class; all other colours do not count.
        skip: numbers of photos to leave out.

    Raises:
        FileNotFoundError: a folder is missing, or the photo of a mask.
        ValueError: a mask has none of the colours.
    """

    def classes(file: Path, size: Size) -> Array:
        pixels = _mask(file, "RGB", size)
        labels = np.full(pixels.shape[:2], FLOWERS_VOID)
        for colour, number in colours.items():
            labels[(pixels == colour).all(axis=2)] = number
        if (labels == FLOWERS_VOID).all():
            raise ValueError(
                f"{file}: no pixel has one of the colours {list(colours)}; the first is "
                f"{tuple(pixels[0, 0].tolist())}; give the right colours as {{(r, g, b): class}}"
            )
        return labels

    root = Path(path)
    masks = {
        name: file
        for name, file in _files(root / "trimaps").items()
        if name not in {f"image_{number:04d}" for number in skip}
    }
    return _load(_matched(_files(root / "jpg"), masks, root / "jpg"), classes, size)


def load_weizmann(path: FilePath, size: Size) -> LabelledPictures:
    """Load the Weizmann horses: ground 0, horse 1.

    Layout: ``PATH/rgb/horse001.jpg`` and ``PATH/figure_ground/horse001.jpg``, in which the horse
    is brighter than half.

    Args:
        path: the folder.
        size: (height, width) to resize to; the photos differ in size.

    Raises:
        FileNotFoundError: a folder or a mask is missing.
    """

    def classes(file: Path, size: Size) -> Array:
        return (_mask(file, "L", size) > 127).astype(np.uint8)

    root = Path(path)
    return _load(_pairs(root / "rgb", root / "figure_ground"), classes, size)


def _pairs(pictures: Path, masks: Path) -> dict[str, tuple[Path, Path]]:
    """Return the files of each picture and its mask; every picture has one."""
    found = _matched(_files(masks), _files(pictures), masks)
    return {name: (picture, mask) for name, (mask, picture) in found.items()}


def _matched(
    all_files: dict[str, Path], wanted: dict[str, Path], folder: Path
) -> dict[str, tuple[Path, Path]]:
    """Return name -> (file of that name among all, wanted file)."""
    missing = sorted(wanted.keys() - all_files.keys())
    if missing:
        raise FileNotFoundError(
            f"{folder} has no file for {len(missing)} of {len(wanted)} pictures, such as "
            f"{missing[0]} (of {wanted[missing[0]]})"
        )
    return {name: (all_files[name], file) for name, file in wanted.items()}


def _files(folder: Path) -> dict[str, Path]:
    """Return the image files of a folder by their names without ending, in order."""
    endings = {".png", ".jpg", ".jpeg", ".bmp"}
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}; expected the unpacked data set")
    found = {f.stem: f for f in sorted(folder.iterdir()) if f.suffix.lower() in endings}
    if not found:
        raise FileNotFoundError(f"{folder} has no image files ({', '.join(sorted(endings))})")
    return found


def _load(
    pairs: dict[str, tuple[Path, Path]], classes: Callable[[Path, Size], Array], size: Size
) -> LabelledPictures:
    """Read pairs of a photo and a mask."""
    pictures, labels = [], []
    first = next(iter(pairs.values()))[0]
    for photo, mask in pairs.values():
        pictures.append(_photo(photo, size))
        labels.append(classes(mask, size))
        expected = pictures[0].shape[1:]
        for file, shape in ((photo, pictures[-1].shape[1:]), (mask, labels[-1].shape)):
            if shape != expected:
                raise ValueError(
                    f"{file} is of (height, width) {shape}, but {first} of {expected}; "
                    "give the size to resize all of them to"
                )
    return LabelledPictures(np.stack(pictures), np.stack(labels).astype(np.uint8), tuple(pairs))


def _photo(file: Path, size: Size) -> Array:
    """Return a photo (3, height, width)."""
    from PIL.Image import Resampling

    return _read(file, "RGB", size, Resampling.BILINEAR).transpose(2, 0, 1)


def _mask(file: Path, mode: str | None, size: Size) -> Array:
    """Return a mask (height, width) or (height, width, 3); resizing never mixes its values."""
    from PIL.Image import Resampling

    return _read(file, mode, size, Resampling.NEAREST)


def _read(file: Path, mode: str | None, size: Size, resampling: Any) -> Array:
    from PIL import Image

    try:
        with Image.open(file) as opened:
            image = opened if mode is None else opened.convert(mode)
            if size is not None:
                image = image.resize((size[1], size[0]), resampling)
            return np.array(image)
    except Exception as problem:  # Pillow's decoders raise many kinds on damaged files
        raise OSError(f"cannot read the image {file}: {problem}") from problem
