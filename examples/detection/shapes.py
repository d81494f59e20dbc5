"""Pictures of circles, squares, triangles and stars on textured ground, and where they are.

Shapes have any size, colour and rotation, may hide part of each other and leave the picture by a
little. Ground and shapes have waves and grain; lines that are no shapes cross the ground.
"""

import numpy as np
from detection.boxes import clip, iou
from detection.objects import DetectionPictures, Objects

NAMES = ("background", "circle", "square", "triangle", "star")
SAMPLES = 3  # rays per pixel and axis, for smooth edges


def make_shapes(count, seed, size=64, most=4):
    """Return ``count`` pictures of ``size`` x ``size``, each with 1 to ``most`` shapes."""
    rng = np.random.default_rng(seed)
    pairs = [_picture(rng, size, most) for _ in range(count)]
    pictures, objects = zip(*pairs, strict=True)
    return DetectionPictures(np.stack(pictures), list(objects), NAMES)


def outline(kind, centre, radius, angle):
    """Return the corners (n, 2), as x and y, of a shape of class ``kind`` around ``centre``."""
    corners = {"circle": 48, "square": 4, "triangle": 3, "star": 10}[NAMES[kind]]
    turns = angle + 2 * np.pi * np.arange(corners) / corners
    reach = np.full(corners, float(radius))
    if NAMES[kind] == "star":
        reach[1::2] *= 0.42
    return np.asarray(centre) + reach[:, None] * np.stack([np.cos(turns), np.sin(turns)], axis=1)


def coverage(corners, size):
    """Return which share of each pixel of a square picture lies within a polygon."""
    places = (np.arange(size * SAMPLES) + 0.5) / SAMPLES
    x, y = places[None, :], places[:, None]
    inside = np.zeros((size * SAMPLES,) * 2, bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 != y1:  # a ray to the right crosses this edge
            inside ^= ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return inside.reshape(size, SAMPLES, size, SAMPLES).mean(axis=(1, 3))


def _picture(rng, size, most):
    picture = _ground(rng, size)
    boxes, kinds = [], []
    wanted = rng.integers(1, most + 1)
    for _ in range(50):
        kind = int(rng.integers(1, len(NAMES)))
        radius = size * rng.uniform(0.1, 0.3)
        centre = rng.uniform(0.85 * radius, size - 0.85 * radius, 2)
        corners = outline(kind, centre, radius, rng.uniform(0, 2 * np.pi))
        box = clip(np.hstack([corners.min(axis=0), corners.max(axis=0)])[None], size, size)
        if boxes and iou(box, np.vstack(boxes)).max() > 0.1:
            continue
        _paint(rng, picture, coverage(corners, size))
        boxes.append(box)
        kinds.append(kind)
        if len(kinds) == wanted:
            break
    picture += rng.normal(0, 0.04, picture.shape)
    return (255 * np.clip(picture, 0, 1)).astype(np.uint8), Objects.of(np.vstack(boxes), kinds)


def _paint(rng, picture, share):
    """Lay a waved colour, unlike the mean of what it hides, over ``share`` of each pixel."""
    ground = (picture * share).sum(axis=(1, 2)) / share.sum()
    colour = rng.uniform(0, 1, 3)
    while np.abs(colour - ground).sum() < 0.6:
        colour = rng.uniform(0, 1, 3)
    waves = colour[:, None, None] + 0.08 * _waves(rng, len(share))
    picture += share * (waves - picture)


def _ground(rng, size):
    """Waves in two colours, and lines."""
    first, second = rng.uniform(0, 1, (2, 3, 1, 1))
    ground = first + (second - first) * 0.3 * (1 + _waves(rng, size))
    for _ in range(rng.integers(0, 4)):
        start, way = rng.uniform(0, size, 2), rng.normal(size=2)
        across = np.array([-way[1], way[0]]) / np.linalg.norm(way) * rng.uniform(0.4, 1.0)
        ends = start - size * way, start + size * way
        corners = np.stack([ends[0] - across, ends[1] - across, ends[1] + across, ends[0] + across])
        ground += coverage(corners, size) * (rng.uniform(0, 1, (3, 1, 1)) - ground)
    return ground


def _waves(rng, size):
    """Return waves with grain in any direction, from -1 to 1."""
    y, x = np.mgrid[:size, :size]
    angle, length = rng.uniform(0, np.pi), rng.uniform(4, 16)
    wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / length)
    return np.clip(wave + rng.normal(0, 0.4, wave.shape), -1, 1)
