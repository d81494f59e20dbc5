"""Pictures of people-like figures on textured ground, with a class for every pixel.

A figure has a head and a body: trunk, arms and legs in random poses and clothes. The ground has
waves, grain and bars in all colours, also in those of clothes, so that colour alone does not tell
the classes apart.
"""

import numpy as np

from neonlike.data.segmentation import LabelledPictures

CLASSES = ("ground", "head", "body")
GROUND, HEAD, BODY = range(len(CLASSES))


def make_figures(count, seed, size=48):
    """Return ``count`` pictures of ``size`` x ``size`` with their labels."""
    rng = np.random.default_rng(seed)
    pairs = [_picture(rng, size) for _ in range(count)]
    pictures, labels = (np.stack(part) for part in zip(*pairs, strict=True))
    names = tuple(f"figure {number}" for number in range(count))
    return LabelledPictures(pictures, labels.astype(np.uint8), names)


def _picture(rng, size):
    picture, labels = _ground(rng, size), np.full((size, size), GROUND)
    for _ in range(rng.integers(1, 3)):
        _figure(rng, picture, labels)
    shade = 1 + 0.15 * rng.uniform(-1, 1) * np.linspace(-1, 1, size)
    picture = picture * shade + rng.normal(0, 0.04, picture.shape)
    return (255 * np.clip(picture, 0, 1)).astype(np.uint8), labels


def _ground(rng, size):
    """Waves and grain in two colours, and bars."""
    y, x = np.mgrid[:size, :size]
    angle, length = rng.uniform(0, np.pi), rng.uniform(4, 14)
    wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / length)
    mix = 0.5 + 0.5 * np.clip(wave + rng.normal(0, 0.5, wave.shape), -1, 1)
    first, second = rng.uniform(0, 1, (2, 3, 1, 1))
    ground = first + (second - first) * 0.5 * mix
    for _ in range(rng.integers(0, 4)):
        ends = rng.uniform(0, size, (2, 2))
        ground[:, _capsule(size, *ends, rng.uniform(0.8, 2.5))] = rng.uniform(0, 1, (3, 1))
    return ground


def _figure(rng, picture, labels):
    """Draw one figure into picture and labels."""
    size = len(labels)
    height = rng.uniform(0.55, 0.85) * size
    neck = np.array([rng.uniform(0.2, 0.4) * size, rng.uniform(0.2, 0.8) * size])
    hip = neck + [0.35 * height, rng.normal(0, 0.04) * height]
    shirt, trousers, skin = rng.uniform(0.05, 0.95, (3, 3, 1))
    skin = np.array([[0.95], [0.75], [0.6]]) * rng.uniform(0.45, 1.0) + 0.06 * (skin - 0.5)
    limbs = [(neck + [0.08 * height, 0], hip, 0.13, shirt)]
    for side in (-1, 1):
        knee = hip + height * np.array([0.4, side * rng.uniform(0.06, 0.18)])
        limbs.append((hip, knee, 0.08, trousers))
        hand = neck + height * np.array([rng.uniform(-0.05, 0.4), side * rng.uniform(0.15, 0.3)])
        limbs.append((neck + [0.06 * height, side * 0.07 * height], hand, 0.07, shirt))
    for start, end, width, colour in limbs:
        inside = _capsule(size, start, end, width * height)
        picture[:, inside], labels[inside] = colour, BODY
    head = neck - [0.13 * height, 0]
    inside = _capsule(size, head, head, 0.13 * height)
    picture[:, inside], labels[inside] = skin, HEAD


def _capsule(size, start, end, radius):
    """Return the pixels closer than ``radius`` to a line from ``start`` to ``end`` (y, x)."""
    points = np.stack(np.mgrid[:size, :size], axis=-1) - start
    way = np.asarray(end) - start
    share = np.clip(points @ way / max(way @ way, 1e-9), 0, 1)
    return np.linalg.norm(points - share[..., None] * way, axis=-1) <= radius
