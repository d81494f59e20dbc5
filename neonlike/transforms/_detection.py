"""Metric of object detectors (spec training 5)."""

from __future__ import annotations

from typing import Any

import numpy as np

from neonlike.transforms._cost import ALL_COLUMNS, Metric
from neonlike.transforms._squared import smooth_l1


class ObjectDetection(Metric):
    """Label accuracy and smooth-L1 box error of a detector with two outputs.

    Outputs are (scores (K, M), boxes (4K, M)); targets are (labels or (labels,
    label mask), (boxes, box mask)).

    Attributes:
        label_ind: index of scores and labels, 0.
        bbox_ind: index of boxes, 1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.metric_names = ["Accuracy", "SmoothL1Loss"]
        self.label_ind = 0
        self.bbox_ind = 1

    def smoothL1(self, x: Any) -> Any:
        """Return the smooth absolute value of x (sigma 1)."""
        return smooth_l1(self.be, x, 1.0)

    def __call__(self, y: Any, t: Any, calcrange: slice = ALL_COLUMNS) -> Any:
        """Return (accuracy, box error), means over the columns in ``calcrange``."""
        be = self.be
        scores, labels = y[self.label_ind], t[self.label_ind]
        boxes, (true_boxes, box_mask) = y[self.bbox_ind], t[self.bbox_ind]
        self.preds, self.hyps, self.labelMetric, self.detectionMetric = (
            be.empty((1, scores.shape[1])) for _ in range(4)
        )
        self.detectionMetric[:] = be.sum(self.smoothL1(boxes * box_mask - true_boxes), axis=0)
        if isinstance(labels, list | tuple):
            labels, label_mask = labels
            scores, labels = scores * label_mask, labels * label_mask
        self.preds[:] = be.argmax(scores, axis=0)
        self.hyps[:] = be.argmax(labels, axis=0)
        self.labelMetric[:] = be.equal(self.preds, self.hyps)
        buffers = (self.labelMetric, self.detectionMetric)
        return np.array([b.asnumpyarray()[:, calcrange].mean() for b in buffers])
