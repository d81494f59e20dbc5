"""Synthetic faces: parametric cartoons whose two classes overlap, for lessons without a data set.

Nothing here describes people. A face is drawn from nine numbers (latents) whose
means differ a little between class 0 and class 1; everything else (colours,
glasses, hats, light, noise) is the same for both. The best linear classifier
that saw the latents themselves would still err on ``bayes_error(difficulty)``
of the faces, 5.2 % at difficulty 1: a network that reads only the pixels can
not do better.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]

LATENTS = (
    "hair length",
    "jaw",
    "brow",
    "lips",
    "stubble",
    "face height",
    "eye size",
    "eye outline",
    "shoulders",
)
# distance of the two class means of each latent, positive where class 1 is larger
CLASS_SHIFT = np.array([-1.6, 1.3, 1.0, -1.0, 1.6, 0.6, -0.6, -0.6, 0.8])

_HAIR_COLOURS = np.array(
    [
        [0.10, 0.08, 0.07],
        [0.26, 0.16, 0.10],
        [0.45, 0.27, 0.14],
        [0.80, 0.65, 0.36],
        [0.55, 0.55, 0.57],
    ],
    np.float32,
)
_LIGHT_SKIN = np.array([0.98, 0.82, 0.70], np.float32)
_DARK_SKIN = np.array([0.45, 0.30, 0.22], np.float32)
_LIP_RED = np.array([0.78, 0.16, 0.22], np.float32)
_WHITE = np.array([0.97, 0.97, 0.97], np.float32)
_DARK = np.array([0.08, 0.07, 0.08], np.float32)


def bayes_error(difficulty: float = 1.0) -> float:
    """Return the least error of a linear classifier on the latents: Phi(-|shift|/2/difficulty)."""
    z = float(np.linalg.norm(CLASS_SHIFT)) / (2 * difficulty)
    return 0.5 * math.erfc(z / math.sqrt(2))


def synthetic_faces(
    n: int, size: int = 64, seed: int = 0, difficulty: float = 1.0
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Draw ``n`` cartoon faces.

    Args:
        n: how many.
        size: width and height in pixels.
        seed: of the one random stream that everything is drawn from.
        difficulty: larger brings the two classes closer together.

    Returns:
        images (n, 3, size, size) uint8 RGB, labels (n,) of 0 and 1, latents (n, 9).
    """
    if n < 0 or size < 8 or difficulty <= 0:
        raise ValueError(
            f"synthetic_faces: n={n}, size={size}, difficulty={difficulty}: expected n >= 0, "
            "size >= 8 and difficulty > 0"
        )
    rng = np.random.RandomState(seed)
    labels = rng.randint(0, 2, n)
    images = np.empty((n, 3, size, size), np.uint8)
    latents = np.empty((n, len(LATENTS)))
    for image, label, latent in zip(images, labels, latents, strict=True):
        latent[:] = rng.normal(size=len(LATENTS)) + CLASS_SHIFT * (label - 0.5) / difficulty
        image[:] = _draw(rng, latent, size)
    return images, labels, latents


@dataclass
class _Face:
    """What is decided before drawing: the latents, in the order of LATENTS, and the colours."""

    latent: npt.NDArray[np.float64]
    skin: Array
    hair: Array

    def __post_init__(self) -> None:
        values = [float(value) for value in self.latent]
        self.hair_length, self.jaw, self.brow, self.lips, self.stubble = values[:5]
        self.height, self.eye, self.outline, self.shoulder = values[5:]


class _Canvas:
    """An RGB image and the face's own coordinates of its pixels; shapes are painted over it.

    Coordinates run over [-1, 1] with y down; each shape is a soft mask
    ``sigmoid(-distance * size)`` of a signed distance to its border.
    """

    def __init__(self, rng: np.random.RandomState, size: int) -> None:
        self.size = size
        axis = (np.arange(size, dtype=np.float32) + 0.5) * (2 / size) - 1
        self.row, self.column = axis[:, None], axis[None, :]
        angle, scale = rng.normal(0, 0.08), 1 + rng.normal(0, 0.06)
        dx, dy = rng.normal(0, 0.05, 2)
        cos, sin = math.cos(angle) / scale, math.sin(angle) / scale
        px, py = self.column - np.float32(dx), self.row - np.float32(dy)
        self.x: Array = np.float32(cos) * px + np.float32(sin) * py
        self.y: Array = np.float32(cos) * py - np.float32(sin) * px
        self.rgb: Array = np.empty((3, size, size), np.float32)

    def soft(self, distance: Array) -> Array:
        """Return the mask of a shape: 1 inside, 0 outside, one pixel of transition."""
        return 1 / (1 + np.exp(np.clip(distance * self.size, -40, 40)))

    def ellipse(self, cx: float, cy: float, rx: float, ry: float) -> Array:
        rho = np.hypot(
            (self.x - np.float32(cx)) / np.float32(rx), (self.y - np.float32(cy)) / np.float32(ry)
        )
        return self.soft((rho - 1) * np.float32(min(rx, ry)))

    def box(self, x0: float, x1: float, y0: float, y1: float) -> Array:
        dx = np.abs(self.x - np.float32((x0 + x1) / 2)) - np.float32((x1 - x0) / 2)
        dy = np.abs(self.y - np.float32((y0 + y1) / 2)) - np.float32((y1 - y0) / 2)
        return self.soft(np.maximum(dx, dy))

    def paint(self, mask: Array, colour: npt.ArrayLike, alpha: float = 1.0) -> None:
        """Lay ``colour`` (3 numbers) over the image where the mask is."""
        rgb = np.asarray(colour, np.float32)[:, None, None]
        self.rgb += (mask * np.float32(alpha)) * (rgb - self.rgb)


def _draw(
    rng: np.random.RandomState, latent: npt.NDArray[np.float64], size: int
) -> npt.NDArray[np.uint8]:
    """Paint one face from back to front."""
    canvas = _Canvas(rng, size)
    mix = np.float32(rng.beta(2, 2))
    face = _Face(
        latent,
        skin=mix * _LIGHT_SKIN + (1 - mix) * _DARK_SKIN,
        hair=_HAIR_COLOURS[rng.randint(len(_HAIR_COLOURS))] * np.float32(rng.uniform(0.8, 1.2)),
    )
    _background(canvas, rng)
    _body_and_back_hair(canvas, face, rng)
    mouth = canvas.ellipse(
        0,
        0.33,
        0.15 + rng.normal(0, 0.02),
        max(0.045 + 0.010 * face.lips + rng.normal(0, 0.006), 0.01),
    )
    _head(canvas, face, mouth, rng)
    _eyes_and_brows(canvas, face, rng)
    canvas.paint(canvas.ellipse(0, 0.12, 0.055, 0.11), face.skin * 0.82, 0.7)
    red = np.float32(np.clip(0.45 + 0.22 * face.lips, 0, 1))
    canvas.paint(mouth, (1 - red) * face.skin * 0.75 + red * _LIP_RED)
    _glasses_and_hat(canvas, rng)
    return _photograph(canvas, rng)


def _background(canvas: _Canvas, rng: np.random.RandomState) -> None:
    top, bottom = rng.uniform(0.25, 0.9, (2, 3, 1, 1)).astype(np.float32)
    canvas.rgb[:] = top + (bottom - top) * (canvas.row + 1) / 2


def _body_and_back_hair(canvas: _Canvas, face: _Face, rng: np.random.RandomState) -> None:
    width = max(0.62 + 0.07 * face.shoulder, 0.2)
    canvas.paint(canvas.ellipse(0, 1.05, width, 0.42), rng.uniform(0.1, 0.9, 3))
    length = float(np.clip(0.35 + 0.22 * face.hair_length, -0.1, 1.1))
    canvas.paint(canvas.ellipse(0, -0.12, 0.58, 0.62), face.hair)
    if length > 0:
        canvas.paint(canvas.box(-0.56, 0.56, -0.12, -0.12 + length), face.hair)
    canvas.paint(canvas.box(-0.2, 0.2, 0.2, 0.8), face.skin * 0.88)


def _head(canvas: _Canvas, face: _Face, mouth: Array, rng: np.random.RandomState) -> None:
    """Paint the face, narrowed towards the chin, its stubble and the fringe of hair over it."""
    half_width, half_height = 0.46 + 0.02 * face.jaw, 0.60 + 0.025 * face.height
    taper = 0.28 * (1 - 0.175 * float(np.clip(face.jaw, -2, 2)))
    below = np.maximum(canvas.y, 0) / np.float32(0.6)
    width = np.float32(half_width) * np.maximum(1 - np.float32(taper) * below**2, np.float32(0.2))
    rho = np.hypot(canvas.x / width, canvas.y / np.float32(half_height))
    head = canvas.soft((rho - 1) * np.float32(min(half_width, half_height)))
    canvas.paint(head, face.skin)
    texture = rng.uniform(0.6, 1.0, head.shape).astype(np.float32)
    beard = (
        head * canvas.soft((np.float32(0.18) - canvas.y) * np.float32(0.25)) * (1 - mouth) * texture
    )
    canvas.paint(beard, face.hair * 0.6, float(np.clip(0.18 * face.stubble + 0.05, 0, 0.6)))
    line = np.float32(-0.40 + rng.normal(0, 0.05))
    canvas.paint(canvas.ellipse(0, -0.15, 0.60, 0.62) * canvas.soft(canvas.y - line), face.hair)


def _eyes_and_brows(canvas: _Canvas, face: _Face, rng: np.random.RandomState) -> None:
    r = max(0.085 + 0.012 * face.eye, 0.02)
    rim = float(np.clip(0.35 + 0.3 * face.outline, 0, 1))
    iris = rng.uniform(0.1, 0.6, 3)
    brow_y, brow_half = -0.23 + 0.004 * face.brow, max(0.020 + 0.008 * face.brow, 0.008)
    for x in (-0.19, 0.19):
        canvas.paint(canvas.ellipse(x, -0.08, 1.45 * r, 0.95 * r), _DARK, rim)
        canvas.paint(canvas.ellipse(x, -0.08, 1.2 * r, 0.72 * r), _WHITE)
        canvas.paint(canvas.ellipse(x, -0.08, 0.5 * r, 0.6 * r), iris)
        brow = canvas.box(x - 0.12, x + 0.12, brow_y - brow_half, brow_y + brow_half)
        canvas.paint(brow, face.hair * 0.7)


def _glasses_and_hat(canvas: _Canvas, rng: np.random.RandomState) -> None:
    """Add things that say nothing about the class."""
    if rng.uniform() < 0.2:
        frame = rng.uniform(0.0, 0.4, 3)
        for x in (-0.19, 0.19):
            ring = canvas.ellipse(x, -0.07, 0.165, 0.14) * (
                1 - canvas.ellipse(x, -0.07, 0.135, 0.11)
            )
            canvas.paint(ring, frame)
        canvas.paint(canvas.box(-0.04, 0.04, -0.10, -0.07), frame)
    if rng.uniform() < 0.1:
        colour = rng.uniform(0.1, 0.9, 3)
        canvas.paint(canvas.ellipse(0, -0.42, 0.62, 0.48) * canvas.soft(canvas.y + 0.42), colour)
        canvas.paint(canvas.box(-0.72, 0.72, -0.47, -0.39), colour * 0.8)


def _photograph(canvas: _Canvas, rng: np.random.RandomState) -> npt.NDArray[np.uint8]:
    """Light the scene by a plane, expose it, add sensor noise, and round to bytes."""
    sx, sy = rng.uniform(-1, 1, 2)
    plane = (np.float32(sx) * canvas.column + np.float32(sy) * canvas.row) / np.float32(
        abs(sx) + abs(sy)
    )
    light = np.float32(rng.uniform(0.8, 1.1)) * (1 + np.float32(0.25) * plane)
    noise = rng.normal(0, 0.04, canvas.rgb.shape).astype(np.float32)
    return np.asarray(np.clip(canvas.rgb * light + noise, 0, 1) * 255 + 0.5, np.uint8)
