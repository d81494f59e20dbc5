"""The same picture seen otherwise, its objects with it: mirrored, nearer, from farther away."""

import numpy as np
from detection.boxes import clip
from detection.objects import Objects

GREY = 128  # what lies beside the picture


def mirrored(picture, objects):
    """Return picture and objects with left and right exchanged."""
    boxes = objects.boxes[:, [2, 1, 0, 3]].copy()
    boxes[:, [0, 2]] = picture.shape[2] - boxes[:, [0, 2]]
    return picture[:, :, ::-1], Objects(boxes, objects.classes, objects.difficult)


def seen_through(window, picture, objects):
    """Return what a window shows, in the size of the picture; it may reach beyond the picture.

    Objects whose centre is not in the window are left out, the others cut off at its edge.

    Args:
        window: x0, y0, x1, y1.
        picture: (3, height, width).
        objects: ``Objects`` in it.
    """
    _, height, width = picture.shape
    x0, y0, x1, y1 = window
    x = np.floor(x0 + (np.arange(width) + 0.5) * (x1 - x0) / width).astype(int)
    y = np.floor(y0 + (np.arange(height) + 0.5) * (y1 - y0) / height).astype(int)
    inside = ((y >= 0) & (y < height))[:, None] & ((x >= 0) & (x < width))
    view = picture[:, np.clip(y, 0, height - 1)[:, None], np.clip(x, 0, width - 1)]
    scale = np.array([width / (x1 - x0), height / (y1 - y0)] * 2)
    boxes = ((objects.boxes - [x0, y0, x0, y0]) * scale).astype(np.float32)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    seen = ((centres > 0) & (centres < [width, height])).all(axis=1)
    boxes = clip(boxes[seen], width, height)
    shown = Objects(boxes, objects.classes[seen], objects.difficult[seen])
    return np.where(inside, view, GREY), shown


def random_window(rng, width, height, smallest=0.4, largest=2.0):
    """Return a window over part of a picture, or over the picture and what is beside it.

    Args:
        rng: generator.
        width, height: of the picture.
        smallest, largest: the shorter sides of the window, relative to those of the picture.
    """
    size = np.array([width, height])
    sides = size * np.exp(rng.uniform(np.log(smallest), np.log(largest)))
    sides = sides * np.exp(rng.uniform(-0.2, 0.2, 2))  # nor does the window have its shape
    room = size - sides  # negative where the window is larger than the picture
    start = np.minimum(room, 0) + rng.uniform(0, 1, 2) * np.abs(room)
    return np.concatenate([start, start + sides])
