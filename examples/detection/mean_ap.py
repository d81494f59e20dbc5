"""Mean average precision, as in the PASCAL Visual Object Classes challenge.

Detections of a class, best first over all pictures, are right when they overlap a true object of
the class by at least ``threshold`` (intersection over union) and no better detection has taken that
object. Precision over recall then gives the average precision: the area under its upper hull, or,
as up to 2007, the mean of the hull at the recalls 0, 0.1, ..., 1.
"""

import numpy as np
from detection.boxes import iou

from neonlike.layers.container import flatten
from neonlike.transforms.cost import Metric


def average_precision(recall, precision, eleven_point=False):
    """Return the average precision of detections, best first.

    Args:
        recall: (n,) rising.
        precision: (n,).
        eleven_point: the mean over eleven recalls instead of the area.
    """
    recall, precision = np.asarray(recall, float), np.asarray(precision, float)
    hull = np.maximum.accumulate(precision[::-1])[::-1]
    if eleven_point:
        at = np.searchsorted(recall, np.arange(11) / 10 - 1e-12)
        return float(np.append(hull, 0.0)[at].mean())
    return float((np.diff(recall, prepend=0.0) * hull).sum())


def right_and_wrong(found, truths, kind, threshold=0.5):
    """Return what became of the detections of a class, and how many objects there are to find.

    Args:
        found: ``Found`` of each picture.
        truths: ``Objects`` of each picture.
        kind: the class.
        threshold: of the overlap.

    Returns:
        scores (n,) falling; right: bool (n,), without the detections of difficult objects; and
        the number of objects that are not difficult.
    """
    scores, right, objects = [], [], 0
    for answer, truth in zip(found, truths, strict=True):
        mine, real = answer.classes == kind, truth.classes == kind
        objects += int((real & ~truth.difficult).sum())
        hits = _hits(answer.boxes[mine], truth.boxes[real], truth.difficult[real], threshold)
        scores.append(answer.scores[mine][hits >= 0])
        right.append(hits[hits >= 0] > 0)
    scores, right = np.concatenate([[], *scores]), np.concatenate([np.zeros(0, bool), *right])
    order = np.argsort(-scores, kind="stable")
    return scores[order], right[order], objects


def _hits(boxes, truths, difficult, threshold):
    """Return for each box, best first: 1 right, 0 wrong, -1 does not count."""
    hits = np.zeros(len(boxes), int)
    if not len(truths):
        return hits
    overlaps, taken = iou(boxes, truths), np.zeros(len(truths), bool)
    for place, row in enumerate(overlaps):
        best = row.argmax()
        if row[best] < threshold:
            continue
        hits[place] = -1 if difficult[best] else not taken[best]
        taken[best] = True
    return hits


def class_precisions(found, truths, nclass, threshold=0.5, eleven_point=False):
    """Return the average precision (nclass - 1,) of each class but the background.

    Classes without objects to find have nan.

    Args:
        found: ``Found`` of each picture.
        truths: ``Objects`` of each picture.
        nclass: number of classes with the background.
        threshold: of the overlap.
        eleven_point: as in ``average_precision``.
    """
    values = np.full(nclass - 1, np.nan)
    for kind in range(1, nclass):
        _, right, objects = right_and_wrong(found, truths, kind, threshold)
        if objects:
            hits = np.cumsum(right)
            precision = hits / np.arange(1, len(hits) + 1)
            values[kind - 1] = average_precision(hits / objects, precision, eleven_point)
    return values


def mean_average_precision(values):
    """Return the mean of the classes' average precisions without nan; 0 if there are none."""
    known = np.asarray(values)[~np.isnan(values)]
    return float(known.mean()) if known.size else 0.0


def table(values, names):
    """Return lines that tell the average precision of each class, and their mean, in percent.

    Args:
        values: (nclass - 1,) of ``class_precisions``.
        names: of all classes, the background first.
    """
    width = max(map(len, [*names, "mean"]))
    rows = [*zip(names[1:], values, strict=True), ("mean", mean_average_precision(values))]
    return "\n".join(f"{name:<{width}}  {100 * value:5.1f} %" for name, value in rows)


class MeanAP(Metric):
    """Mean average precision over a data set, for ``model.eval`` and ``Callbacks(metric=...)``.

    Args:
        find: function of the network's outputs y and targets t that returns the pictures'
            ``Found`` and ``Objects``, two lists of the batch size.
        nclass: number of classes with the background.
        threshold, eleven_point: as in ``class_precisions``.

    Attributes:
        values: (nclass - 1,) average precisions of the last evaluation.
    """

    def __init__(self, find, nclass, threshold=0.5, eleven_point=False):
        super().__init__()
        self.find = find
        self.nclass = nclass
        self.rule = threshold, eleven_point
        self.metric_names = ["MeanAP"]
        self.start_eval()

    def start_eval(self):
        """Forget all pictures."""
        self.found, self.truths = [], []
        self.values = np.full(self.nclass - 1, np.nan)

    def __call__(self, y, t, calcrange=slice(None)):
        """Add the pictures whose columns are in ``calcrange``.

        The value is known only at the end, so return 0.
        """
        found, truths = self.find(y, t)
        columns = next(flatten(y)).shape[1]
        edges = calcrange.indices(columns)[:2]
        pictures = slice(*(edge * len(found) // columns for edge in edges))
        self.found += found[pictures]
        self.truths += truths[pictures]
        return 0.0

    def end_eval(self, mean):
        """Return the mean average precision over all pictures since ``start_eval``."""
        self.values = class_precisions(self.found, self.truths, self.nclass, *self.rule)
        return np.array([mean_average_precision(self.values)])
