"""Minibatches of pictures, with the objects in them as targets.

Targets are (6, most * N), column = object * N + picture: x0, y0, x1, y1, class, difficult. Class 0
fills up pictures with less than ``most`` objects.
"""

import numpy as np
from detection.objects import Objects
from detection.views import mirrored, random_window, seen_through

from neonlike.data.dataiterator import NervanaDataIterator

COLUMNS = 6  # numbers that describe an object


def objects_of(t, count):
    """Return the ``Objects`` of each of ``count`` pictures in the targets."""
    rows = t.asnumpyarray().reshape(COLUMNS, -1, count).transpose(2, 1, 0)
    return [Objects.of(r[:, :4], r[:, 4], r[:, 5]) for r in (part[part[:, 4] > 0] for part in rows)]


def as_input(pictures):
    """Return pictures, (N, 3, height, width) from 0 to 255, as a network takes them."""
    return pictures.reshape(len(pictures), -1).T / np.float32(255) - np.float32(0.5)


class DetectionIterator(NervanaDataIterator):
    """Minibatches of pictures and of the objects in them.

    Yields inputs (3 * H * W, N), from -0.5 to 0.5, and targets (6, most * N). The last minibatch is
    filled up with pictures from the start.

    Args:
        data: ``DetectionPictures``, or something like it that reads files.
        seed: of the order of the pictures, drawn anew for every epoch, and of what is mirrored;
            None: the given order, and the pictures as they are.
        zoom: with a seed, show also parts of the pictures, and more than the pictures.
    """

    def __init__(self, data, seed=None, name=None, zoom=False):
        super().__init__(name=name)
        self.data = data
        self.seed = seed
        self.zoom = zoom
        self._rng = np.random.default_rng(seed)
        self.shape = self.lshape = data.shape
        self.ndata = len(data)
        self.nbatches = -(-len(data) // self.be.bsz)
        self.most = max(1, *(len(objects) for objects in data.objects))
        self._x = self.be.iobuf(self.shape)
        self._t = self.be.iobuf((COLUMNS, self.most))

    def reset(self):
        """Nothing to do: every iteration starts with the first minibatch."""

    def train_state(self):
        """Return the state of the generator that draws the orders."""
        return {"rng": self._rng.bit_generator.state}

    def load_train_state(self, state):
        """Go on drawing orders as after a ``train_state``."""
        self._rng.bit_generator.state = state["rng"]

    def __iter__(self):
        order = np.arange(self.ndata)
        if self.seed is not None:
            self._rng.shuffle(order)
        for start in range(0, self.ndata, self.be.bsz):
            self._load(np.take(order, range(start, start + self.be.bsz), mode="wrap"))
            yield self._x, self._t

    def _load(self, chosen):
        """Fill the tensors with the chosen pictures and their objects."""
        pictures = np.empty((len(chosen), *self.shape), np.float32)
        rows = np.zeros((len(chosen), self.most, COLUMNS), np.float32)
        for place, index in enumerate(chosen):
            picture, objects = self.data.picture(index), self.data.objects[index]
            if self.seed is not None:
                picture, objects = self._seen_otherwise(picture, objects)
            pictures[place] = picture
            own = rows[place, : len(objects)]
            own[:, :4], own[:, 4], own[:, 5] = objects.boxes, objects.classes, objects.difficult
        self._x.set(as_input(pictures))
        self._t.set(rows.transpose(2, 1, 0).reshape(COLUMNS, -1))

    def _seen_otherwise(self, picture, objects):
        """Return picture and objects mirrored, or looked at through a window, or as they are."""
        if self._rng.random() < 0.5:
            picture, objects = mirrored(picture, objects)
        if self.zoom and self._rng.random() < 0.7:
            window = random_window(self._rng, self.shape[2], self.shape[1])
            picture, objects = seen_through(window, picture, objects)
        return picture, objects
