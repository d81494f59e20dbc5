"""Decoding and augmentation of one image (spec data 13)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neonlike.data._aeon_config import Augmentation, Range
from neonlike.data._aeon_records import Record

if TYPE_CHECKING:
    from PIL.Image import Image

Size = tuple[int, int]
Box = tuple[int, int, int, int]

# Principal components of the colours (R, G, B) of ImageNet and their weights, by which
# Krizhevsky et al. (2012) vary the light
LIGHT = np.array(
    [[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]]
) * (255 * np.array([0.2175, 0.0188, 0.0045]))


def load_image(
    record: Record, shape: tuple[int, int, int], how: Augmentation, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Return an image as uint8 ``(C, H, W)``, planes B, G, R.

    Args:
        record: the image file.
        shape: (channels, height, width) of the result.
        how: augmentation.
        rng: the only source of chance.

    Raises:
        OSError: the file cannot be read as an image; names the file and where it is listed.
    """
    channels, height, width = shape
    image = _resized(_decode(record, channels), (width, height), how, rng)
    if how.flip_enable and rng.random() < 0.5:
        from PIL import ImageOps

        image = ImageOps.mirror(image)
    pixels = _lit(np.asarray(_coloured(image, how, rng)), how.lighting, rng)
    return pixels.reshape(height, width, channels)[..., ::-1].transpose(2, 0, 1)


def _decode(record: Record, channels: int) -> Image:
    from PIL import Image

    try:
        with Image.open(record.path) as image:
            return image.convert("RGB" if channels == 3 else "L")
    except Exception as error:  # Pillow's decoders raise many kinds on damaged files
        raise OSError(
            f"AeonDataLoader: cannot read the image {record.path} ({record.source}): {error}"
        ) from error


def _resized(image: Image, size: Size, how: Augmentation, rng: np.random.Generator) -> Image:
    from PIL import Image, ImageOps

    if how.crop_enable:
        return image.resize(size, Image.Resampling.BILINEAR, box=_crop(image.size, size, how, rng))
    if how.fixed_aspect_ratio:  # black bars
        return ImageOps.pad(image, size, Image.Resampling.BILINEAR)
    return image.resize(size, Image.Resampling.BILINEAR)


def _crop(given: Size, wanted: Size, how: Augmentation, rng: np.random.Generator) -> Box:
    """Return the part of the image to keep, of the proportions of the result.

    Its side is ``scale`` times that of the largest such part; with
    ``do_area_scale`` its area is ``scale`` times that of the whole image.
    """
    scale = _draw(how.scale, rng)
    if how.do_area_scale:
        factor = math.sqrt(scale * math.prod(given) / math.prod(wanted))
    else:
        factor = scale * min(given[0] / wanted[0], given[1] / wanted[1])
    stretch = _draw(how.horizontal_distortion, rng)
    width = _side(wanted[0] * factor * stretch, given[0])
    height = _side(wanted[1] * factor, given[1])
    room = np.array([given[0] - width, given[1] - height])
    left, top = (room // 2 if how.center else rng.integers(0, room + 1)).tolist()
    return left, top, left + width, top + height


def _side(length: float, limit: int) -> int:
    return min(max(round(length), 1), limit)


def _coloured(image: Image, how: Augmentation, rng: np.random.Generator) -> Image:
    from PIL import ImageEnhance

    changes = [
        (ImageEnhance.Brightness, how.brightness),
        (ImageEnhance.Contrast, how.contrast),
        (ImageEnhance.Color, how.saturation),
    ]
    for enhance, limits in changes:
        if limits != (1.0, 1.0):
            image = enhance(image).enhance(_draw(limits, rng))
    return image


def _lit(pixels: NDArray[np.uint8], lighting: Range, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Add a random amount of each principal component of colour."""
    if lighting == (0.0, 0.0) or pixels.ndim == 2:
        return pixels
    shifted = pixels + LIGHT @ rng.normal(*lighting, size=3)
    lit: NDArray[np.uint8] = np.clip(np.rint(shifted), 0, 255).astype(np.uint8)
    return lit


def _draw(limits: Range, rng: np.random.Generator) -> float:
    return limits[0] if limits[0] == limits[1] else rng.uniform(*limits)
