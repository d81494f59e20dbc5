"""What the outputs of a Faster R-CNN should be for the objects of the present picture."""

import numpy as np
from detection.boxes import encode, iou
from detection.objects import Objects
from proposals import PLAIN

OBJECT, GROUND, UNSURE = 1, 0, -1


def label_anchors(overlaps, low=0.3, high=0.7):
    """Return for each anchor whether it shows an object (1), ground (0) or neither clearly (-1).

    An anchor shows an object from an overlap of ``high`` on, and also if no anchor overlaps that
    object more; below ``low`` it shows ground.

    Args:
        overlaps: (A, k) intersection over union of the anchors with the objects.
    """
    labels = np.full(len(overlaps), UNSURE)
    most = overlaps.max(axis=1, initial=0)
    labels[most < low] = GROUND
    best = overlaps.max(axis=0, initial=0)
    labels[((overlaps == best) & (best > 0)).any(axis=1)] = OBJECT
    labels[most >= high] = OBJECT
    return labels


def match(overlaps, least):
    """Return the index of the object that each box overlaps most, -1 where by less than ``least``.

    Args:
        overlaps: (n, k) intersection over union of the boxes with the objects.
    """
    if not overlaps.shape[1]:
        return np.full(len(overlaps), -1)
    return np.where(overlaps.max(axis=1) >= least, overlaps.argmax(axis=1), -1)


def sample(rng, objects, ground, count, share):
    """Draw ``count`` indices, at most the given share of them objects, the others ground.

    Args:
        rng: a numpy RandomState.
        objects, ground: the indices to draw from.

    Returns:
        The drawn objects, the drawn ground.
    """
    some = rng.permutation(objects)[: int(share * count)]
    return some, rng.permutation(ground)[: count - len(some)]


def pair(be, shape):
    """Return tensors for a target and its mask, all zeros."""
    return be.zeros(shape), be.zeros(shape)


def fill(tensors, target, mask):
    """Write target and mask, which may have fewer dimensions, into their tensors."""
    for tensor, values in zip(tensors, (target, mask), strict=True):
        tensor[:] = np.broadcast_to(values, target.shape).reshape(tensor.shape)


class AnchorTargets:
    """Targets of the region proposal network: which anchors show objects, and their offsets.

    Args:
        be: backend.
        proposals: the ``ProposalLayer``, configured.
        samples: number of anchors that count; at most half of them show objects.

    Attributes:
        tensors: (target, mask) of the objectness (2 * A, 1) and of the offsets (4 * A, 1).
    """

    def __init__(self, be, proposals, samples):
        self.be = be
        self.samples = samples
        self.anchors = proposals.anchors
        self.usable = np.flatnonzero(proposals.usable)
        self.tensors = [pair(be, (rows * len(self.anchors), 1)) for rows in (2, 4)]

    def show(self, boxes):
        """Take the boxes (k, 4) of the objects of the next picture."""
        labels = label_anchors(iou(self.anchors[self.usable], boxes))
        places = [self.usable[labels == label] for label in (OBJECT, GROUND)]
        own, ground = sample(self.be.rng, *places, self.samples, 0.5)
        kinds, offsets = np.zeros((2, len(self.anchors))), np.zeros((4, len(self.anchors)))
        kinds[OBJECT, own] = kinds[GROUND, ground] = 1
        nearest = match(iou(self.anchors[own], boxes), 0)
        offsets[:, own] = encode(boxes[nearest], self.anchors[own], PLAIN).T
        fill(self.tensors[0], kinds, kinds.sum(axis=0))
        fill(self.tensors[1], offsets, kinds[OBJECT])


class RegionTargets:
    """Targets of the head: the class of each region, and its offsets from the object there.

    Args:
        be: backend.
        regions: number of columns of the head's outputs.
        nclass: number of classes with the background.
        samples: number of regions that count; at most a quarter of them show objects.

    Attributes:
        tensors: (target, mask) of the classes (nclass, regions) and of the offsets
            (4 * nclass, regions), where only the rows of a region's class count.
    """

    def __init__(self, be, regions, nclass, samples):
        self.be = be
        self.nclass = nclass
        self.samples = min(samples, regions)
        self.regions = regions
        self.tensors = [pair(be, (rows * nclass, regions)) for rows in (1, 4)]

    def choose(self, proposals, objects, inference=False):
        """Return the regions (n, 4) to look at, and set the targets for them.

        In training these are random ones of the proposals and of the objects' own boxes, in
        inference all proposals.
        """
        if not inference:
            proposals = np.concatenate([proposals, objects.boxes])
        nearest = match(iou(proposals, objects.boxes), 0.5)
        if not inference:
            places = np.flatnonzero(nearest >= 0), np.flatnonzero(nearest < 0)
            chosen = np.concatenate(sample(self.be.rng, *places, self.samples, 0.25))
            proposals, nearest = proposals[chosen], nearest[chosen]
        self._tell(proposals, nearest, objects)
        return proposals

    def _tell(self, proposals, nearest, objects):
        """Set the targets of regions that show the objects ``nearest``, -1 for ground."""
        own, count = np.flatnonzero(nearest >= 0), len(nearest)
        classes = np.zeros(count, int)
        classes[own] = objects.classes[nearest[own]]
        kinds = np.zeros((self.nclass, self.regions))
        kinds[classes, np.arange(count)] = 1
        offsets, counted = np.zeros((2, self.nclass, 4, self.regions))
        offsets[classes[own], :, own] = encode(objects.boxes[nearest[own]], proposals[own])
        counted[classes[own], :, own] = 1
        fill(self.tensors[0], kinds, kinds.sum(axis=0))
        fill(self.tensors[1], offsets, counted)


class Targets:
    """The targets of both parts of the network, for one picture at a time.

    The data set shows the objects of a picture, then the ``ProposalLayer`` asks which regions to
    look at. Random choices are made with the backend's generator.

    Args:
        be, proposals, nclass: as of the parts.
        anchor_samples, region_samples: ``samples`` of the parts.

    Attributes:
        objects: of the present picture.
        tensors: of anchors and regions, nested like the outputs of the network.
    """

    def __init__(self, be, proposals, nclass, anchor_samples=256, region_samples=128):
        self.anchors = AnchorTargets(be, proposals, anchor_samples)
        self.regions = RegionTargets(be, proposals.regions, nclass, region_samples)
        self.tensors = [self.anchors.tensors, self.regions.tensors]
        self.show(Objects.of([], []))

    def show(self, objects):
        """Take the objects of the next picture; difficult ones are not trained."""
        self.objects = objects
        easy = ~objects.difficult
        self._easy = Objects.of(objects.boxes[easy], objects.classes[easy])
        self.anchors.show(self._easy.boxes)

    def choose(self, proposals, inference=False):
        """Return the regions to look at, and set the targets for them."""
        return self.regions.choose(proposals, self._easy, inference)
