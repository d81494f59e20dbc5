"""What the outputs of a single shot detector should be, what they cost, and what they say.

Outputs are (4 + nclass, priors * N), column = prior * N + picture, see ``ssd_layers.SSD``. Targets
are the objects themselves, see ``detection.batches``.
"""

import numpy as np
from detection.batches import objects_of
from detection.boxes import clip, decode, encode, iou, nms
from detection.objects import Found

from neonlike.transforms.cost import Cost


def match(priors, boxes, overlap=0.5):
    """Return for each prior the index of the box that it shall find, -1 for none.

    A prior takes the box that it overlaps most, if by at least ``overlap`` (intersection over
    union). Besides, each box gets the prior that overlaps it most, the best pair first.
    """
    if not len(boxes):
        return np.full(len(priors), -1)
    overlaps = iou(priors, boxes)
    chosen = np.where(overlaps.max(axis=1) >= overlap, overlaps.argmax(axis=1), -1)
    for _ in boxes:
        prior, box = np.unravel_index(overlaps.argmax(), overlaps.shape)
        chosen[prior] = box
        overlaps[prior], overlaps[:, box] = -1, -1
    return chosen


def hard_negatives(loss, positive, ratio=3):
    """Return which priors without object count: those of largest loss, ``ratio`` times as many
    as the picture has priors with object.

    Args:
        loss: (A, N) of the classes.
        positive: bool (A, N).
    """
    order = np.argsort(np.where(positive, np.inf, -loss), axis=0, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(len(order))[:, None], axis=0)
    return ~positive & (rank < ratio * positive.sum(axis=0))


def log_softmax(scores):
    """Return the logarithms of the softmax over axis 0."""
    scores = scores - scores.max(axis=0)
    return scores - np.log(np.exp(scores).sum(axis=0))


class MBoxLoss(Cost):
    """Smooth L1 of the offsets plus cross entropy of the classes, per prior with an object.

    The offsets count where a prior has an object, the classes there and at the hardest negatives.
    The sum over a minibatch is divided by its number of priors with object.

    Args:
        priors: (A, 4) boxes.
        nclass: number of classes with the background.
        overlap: at which a prior has an object, see ``match``.
        ratio: negatives for each prior with object.
    """

    def __init__(self, priors, nclass, overlap=0.5, ratio=3):
        self.priors = priors
        self.nclass = nclass
        self.overlap = overlap
        self.ratio = ratio

    def __call__(self, y, t):
        """Return the cost of each column (1, A * N), such that their mean is the cost."""
        losses, _, share = self._evaluate(y, t)
        return self.be.array(losses.reshape(1, -1) * (share * len(self.priors)))

    def bprop(self, y, t):
        """Return the derivative by y, of the cost times the batch size."""
        _, gradient, share = self._evaluate(y, t)
        return self.be.array(gradient.reshape(y.shape) * share)

    def _evaluate(self, y, t):
        """Return loss (A, N) and derivative (4 + nclass, A, N) of each prior, and their factor:
        the batch size over the number of priors with object."""
        count = y.shape[1] // len(self.priors)
        y = y.asnumpyarray().reshape(4 + self.nclass, len(self.priors), count)
        offsets, kinds = self.targets(objects_of(t, count), y.dtype)
        positive = kinds > 0
        distance = np.where(positive, y[:4] - offsets, 0)
        near = np.abs(distance) < 1
        smooth = np.where(near, 0.5 * distance**2, np.abs(distance) - 0.5)
        logs = log_softmax(y[4:])
        surprise = -np.take_along_axis(logs, kinds[None], axis=0)[0]
        counted = positive | hard_negatives(surprise, positive, self.ratio)
        wanted = np.arange(self.nclass)[:, None, None] == kinds
        gradient = [np.clip(distance, -1, 1), (np.exp(logs) - wanted) * counted]
        share = count / max(int(positive.sum()), 1)
        return smooth.sum(axis=0) + surprise * counted, np.concatenate(gradient), share

    def targets(self, objects, dtype=np.float32):
        """Return offsets (4, A, N) and classes (A, N) that the priors should tell."""
        offsets = np.zeros((4, len(self.priors), len(objects)), dtype)
        kinds = np.zeros((len(self.priors), len(objects)), np.int64)
        for picture, truth in enumerate(objects):
            chosen = match(self.priors, truth.boxes, self.overlap)
            used = chosen >= 0
            boxes = truth.boxes[chosen[used]]
            offsets[:, used, picture] = encode(boxes, self.priors[used]).T
            kinds[used, picture] = truth.classes[chosen[used]]
        return offsets, kinds


class DetectionOutput:
    """The objects that the outputs of a network tell.

    Args:
        be: backend.
        network: the SSD, configured.
        overlap: boxes that a better one of the class overlaps by more go.
        top: boxes of each class, at most, before that.
        keep: boxes of each picture, at most, in the end.
        threshold: least score.
    """

    def __init__(self, be, network, overlap=0.45, top=400, keep=200, threshold=0.01):
        self.be = be
        self.network = network
        self.rule = overlap, top, keep, threshold

    def __call__(self, y):
        """Return what was ``Found`` in each picture."""
        priors = self.network.priors
        _, height, width = self.network.in_shape
        y = y.asnumpyarray().reshape(len(y.asnumpyarray()), len(priors), -1).transpose(2, 1, 0)
        boxes = clip(decode(y[..., :4], priors), width, height)
        scores = np.exp(log_softmax(np.moveaxis(y[..., 4:], -1, 0)))
        return [self._picture(b, s) for b, s in zip(boxes, scores.transpose(1, 0, 2), strict=True)]

    def _picture(self, boxes, scores):
        overlap, top, keep, threshold = self.rule
        found = []
        for kind, own in enumerate(scores[1:], start=1):
            good = np.flatnonzero(own > threshold)
            good = good[np.argsort(-own[good], kind="stable")][:top]
            good = good[nms(self.be, boxes[good], own[good], overlap)]
            found.append((boxes[good], np.full(len(good), kind), own[good]))
        everything = Found.of(*map(np.concatenate, zip(*found, strict=True)))
        return Found(everything.boxes[:keep], everything.classes[:keep], everything.scores[:keep])
