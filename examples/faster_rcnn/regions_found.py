"""What the outputs of a Faster R-CNN say: objects."""

import numpy as np
from detection.boxes import clip, decode, nms
from detection.objects import Found


class RegionDetections:
    """The objects that the outputs of a network tell in the picture it has just seen.

    Args:
        be: backend.
        proposals: the network's ``ProposalLayer``.
        overlap: boxes that a better one of the class overlaps by more go.
        threshold: least score.
        keep: boxes of a picture, at most.
    """

    def __init__(self, be, proposals, overlap=0.3, threshold=0.05, keep=100):
        self.be = be
        self.proposals = proposals
        self.rule = overlap, threshold, keep

    def __call__(self, y):
        """Return what was ``Found``."""
        overlap, threshold, keep = self.rule
        regions = self.proposals.boxes
        scores, offsets = (part.asnumpyarray()[:, : len(regions)] for part in y[1])
        height, width = self.proposals.size
        found = []
        for kind in range(1, len(scores)):
            own = offsets[4 * kind : 4 * kind + 4].T
            good = np.flatnonzero(scores[kind] > threshold)
            boxes = clip(decode(own[good], regions[good]), width, height)
            best = nms(self.be, boxes, scores[kind, good], overlap)
            found.append((boxes[best], np.full(len(best), kind), scores[kind, good[best]]))
        everything = Found.of(*map(np.concatenate, zip(*found, strict=True)))
        return Found(everything.boxes[:keep], everything.classes[:keep], everything.scores[:keep])
