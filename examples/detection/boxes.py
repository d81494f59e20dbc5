"""Boxes, ``x0, y0, x1, y1`` in rows: overlap, offsets, grids of anchors, suppression."""

import numpy as np

VARIANCES = (0.1, 0.1, 0.2, 0.2)
LARGEST = 10.0  # logarithm of the largest growth that decode believes, so that nothing overflows


def area(boxes):
    """Return width times height of each box; 0 for boxes that end before they begin."""
    width, height = boxes[..., 2] - boxes[..., 0], boxes[..., 3] - boxes[..., 1]
    return np.maximum(width, 0) * np.maximum(height, 0)


def iou(first, second):
    """Return intersection over union (n, m) of each of n boxes with each of m; 0 where both are
    empty."""
    first, second = np.asarray(first)[:, None], np.asarray(second)[None]
    low = np.maximum(first[..., :2], second[..., :2])
    common = area(np.concatenate([low, np.minimum(first[..., 2:], second[..., 2:])], axis=-1))
    union = area(first) + area(second) - common
    return np.divide(common, union, out=np.zeros_like(common), where=union > 0)


def clip(boxes, width, height):
    """Return the parts of the boxes within a picture of this size."""
    limits = np.array([width, height, width, height], boxes.dtype)
    return np.minimum(np.maximum(boxes, 0), limits)


def to_centres(boxes):
    """Return ``centre x, centre y, width, height`` of boxes."""
    size = boxes[..., 2:] - boxes[..., :2]
    return np.concatenate([boxes[..., :2] + size / 2, size], axis=-1)


def to_corners(boxes):
    """Return ``x0, y0, x1, y1`` of boxes given by centre and size."""
    half = boxes[..., 2:] / 2
    return np.concatenate([boxes[..., :2] - half, boxes[..., :2] + half], axis=-1)


def encode(boxes, anchors, variances=VARIANCES):
    """Return the offsets (..., 4) by which boxes differ from their anchors.

    ``dx = (x - xa) / wa``, ``dy`` likewise, ``dw = log(w / wa)``, ``dh`` likewise, of centres and
    sizes, each divided by its variance; faster R-CNN's own offsets have the variances 1.
    """
    box, anchor = to_centres(boxes), to_centres(anchors)
    shift = (box[..., :2] - anchor[..., :2]) / anchor[..., 2:]
    scale = np.log(box[..., 2:] / anchor[..., 2:])
    return np.concatenate([shift, scale], axis=-1) / np.asarray(variances, box.dtype)


def decode(offsets, anchors, variances=VARIANCES):
    """Return the boxes which differ from their anchors by these offsets: ``encode`` undone."""
    anchor = to_centres(anchors)
    offsets = offsets * np.asarray(variances, offsets.dtype)
    centre = anchor[..., :2] + offsets[..., :2] * anchor[..., 2:]
    size = anchor[..., 2:] * np.exp(np.minimum(offsets[..., 2:], LARGEST))
    return to_corners(np.concatenate([centre, size], axis=-1))


def anchor_sizes(sizes, ratios):
    """Return width and height (len(sizes) * len(ratios), 2) of anchors.

    Args:
        sizes: sides of the squares whose areas the anchors have.
        ratios: of height to width.
    """
    root = np.sqrt(np.asarray(ratios, np.float64))
    sides = np.asarray(sizes, np.float64)[:, None]
    return np.stack([sides / root, sides * root], axis=-1).reshape(-1, 2).astype(np.float32)


def anchor_grid(rows, columns, stride, sizes):
    """Return the anchors (rows, columns, k, 4) around the centres of all cells of a feature map.

    Args:
        rows, columns: of the map.
        stride: side of a cell in pixels of the picture, or (vertical, horizontal).
        sizes: width and height (k, 2) of the anchors of every cell.
    """
    down, across = np.broadcast_to(np.asarray(stride, np.float64), 2)
    y = (np.arange(rows) + 0.5) * down
    x = (np.arange(columns) + 0.5) * across
    centres = np.stack(np.meshgrid(x, y), axis=-1)[:, :, None]
    sizes = np.asarray(sizes, np.float64)
    full = (rows, columns, len(sizes), 2)
    both = [np.broadcast_to(centres, full), np.broadcast_to(sizes, full)]
    return to_corners(np.concatenate(both, axis=-1)).astype(np.float32)


def nms(be, boxes, scores, threshold, limit=None):
    """Return the indices of the boxes that no better box overlaps by more, best first.

    Boxes without area or score are left out.

    Args:
        be: backend.
        boxes: (n, 4).
        scores: (n,).
        threshold: largest intersection over union with a better box that is kept.
        limit: number of boxes at most; None for all.
    """
    boxes, scores = np.asarray(boxes), np.asarray(scores)
    used = np.flatnonzero((scores != 0) & (area(boxes) > 0))
    if not used.size:
        return used
    rows = np.column_stack([boxes[used], scores[used]])
    return used[be.nms(be.array(rows), threshold, normalized=True)][:limit]
