"""What is, or was found, in a picture: boxes with classes; and pictures that hold objects.

Boxes are rows ``x0, y0, x1, y1`` in pixels from the upper left corner of the picture: edges, not
pixel indices, so that ``x1 - x0`` is the width. Class 0 is the background.
"""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Objects:
    """The true objects of one picture.

    Attributes:
        boxes: float32 (k, 4).
        classes: int (k,), from 1.
        difficult: bool (k,), objects that neither count as missed nor as found.
    """

    boxes: np.ndarray
    classes: np.ndarray
    difficult: np.ndarray

    @classmethod
    def of(cls, boxes, classes, difficult=None):
        """Return objects of lists or arrays; none is difficult unless said so."""
        classes = np.asarray(classes, dtype=np.int64).reshape(-1)
        hard = np.zeros(len(classes), bool) if difficult is None else np.asarray(difficult, bool)
        boxes = np.asarray(boxes, dtype=np.float32).reshape(-1, 4)
        if not len(boxes) == len(classes) == len(hard):
            raise ValueError(
                f"objects need as many classes as boxes, got {len(boxes)} boxes, "
                f"{len(classes)} classes, {len(hard)} marks of difficulty"
            )
        return cls(boxes, classes, hard)

    def __len__(self):
        return len(self.classes)


@dataclass(frozen=True)
class Found:
    """The objects that a network found in one picture, best first.

    Attributes:
        boxes: float32 (k, 4).
        classes: int (k,), from 1.
        scores: float (k,).
    """

    boxes: np.ndarray
    classes: np.ndarray
    scores: np.ndarray

    @classmethod
    def of(cls, boxes, classes, scores):
        """Return the detections of lists or arrays, sorted by falling score."""
        scores = np.asarray(scores, dtype=np.float64).reshape(-1)
        order = np.argsort(-scores, kind="stable")
        boxes = np.asarray(boxes, dtype=np.float32).reshape(-1, 4)
        return cls(boxes[order], np.asarray(classes, np.int64).reshape(-1)[order], scores[order])

    def above(self, score):
        """Return those with at least this score."""
        good = self.scores >= score
        return Found(self.boxes[good], self.classes[good], self.scores[good])

    def __len__(self):
        return len(self.classes)


@dataclass(frozen=True)
class DetectionPictures:
    """Pictures of one size in memory, with the objects in them.

    Attributes:
        pictures: uint8 (n, 3, height, width), RGB.
        objects: ``Objects`` of each picture.
        names: of all classes, the first 'background'.
    """

    pictures: np.ndarray
    objects: list[Objects] = field(repr=False)
    names: tuple[str, ...]

    def __len__(self):
        return len(self.objects)

    @property
    def shape(self):
        """(3, height, width)."""
        return self.pictures.shape[1:]

    def picture(self, index):
        """Return one picture, uint8 (3, height, width)."""
        return self.pictures[index]

    def padded(self):
        """Return boxes (n, most, 4) and classes (n, most) as arrays, padded with zeros."""
        most = max((len(objects) for objects in self.objects), default=0)
        boxes = np.zeros((len(self), most, 4), np.float32)
        classes = np.zeros((len(self), most), np.int64)
        for row, objects in enumerate(self.objects):
            boxes[row, : len(objects)] = objects.boxes
            classes[row, : len(objects)] = objects.classes
        return boxes, classes
